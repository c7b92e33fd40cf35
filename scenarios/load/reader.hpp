// The visitor that reads JSON into described specs, strictly: the first thing that is wrong is thrown as an
// InputError that says where it stands, what was found and what is allowed.
#pragma once

#include <algorithm>
#include <concepts>
#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "models/workload/spec.hpp"
#include "scenarios/load/json_text.hpp"
#include "scenarios/load/place.hpp"
#include "sim/config/describe.hpp"
#include "sim/core/bytes.hpp"
#include "sim/core/distribution.hpp"
#include "sim/core/enum_names.hpp"

namespace userqsim {

// Whether an object must be complete, or replaces single values of a spec that already has all of them.
enum class Fill : std::uint8_t { complete, partial };

// True for the keys that every object may hold and every reader ignores: "$schema" and "x-...".
bool is_ignored_key(std::string_view key);

// Throws unless `value` is an object whose keys are all in `allowed` or ignored.
void require_keys(const Json& value, const Place& place, const std::vector<std::string>& allowed);
void require_array(const Json& value, const Place& place);
[[noreturn]] void fail_missing(const Place& place, std::string_view key, std::string_view doc);
// The one of `allowed` that the object holds; throws when there is none or more than one.
std::string require_one_key(const Json& value, const Place& place, const std::vector<std::string>& allowed);
// The index in `names` of the text that stands there.
std::size_t require_name(const Json& value, const Place& place, const std::vector<std::string>& names);
std::int64_t require_integer(const Json& value, const Place& place, const Limits& limits);

void read_leaf(const Json& value, const Place& place, const Limits& limits, bool& out);
void read_leaf(const Json& value, const Place& place, const Limits& limits, double& out);
void read_leaf(const Json& value, const Place& place, const Limits& limits, std::string& out);
void read_leaf(const Json& value, const Place& place, const Limits& limits, Duration& out);
void read_leaf(const Json& value, const Place& place, const Limits& limits, Bytes& out);
void read_leaf(const Json& value, const Place& place, const Limits& limits, Bandwidth& out);
void read_leaf(const Json& value, const Place& place, const Limits& limits, Distribution& out);

// The largest T that a scenario can state.
template <std::integral T>
inline constexpr std::int64_t largest_of = static_cast<std::int64_t>(
    std::min<std::uint64_t>(std::numeric_limits<T>::max(), std::numeric_limits<std::int64_t>::max()));

template <NamedEnum E>
std::vector<std::string> names_of_enum() {
  std::vector<std::string> names;
  for (const auto& [value, name] : EnumNames<E>::entries) names.emplace_back(name);
  return names;
}

// The keys that a spec's field list names, in its order.
class KeyCollector {
 public:
  std::vector<std::string> keys;
  bool whole_value = false;  // the spec is one bare value, not an object

  template <class T>
  void required(std::string_view key, T&, std::string_view, Limits = {}) {
    keys.emplace_back(key);
  }
  template <class T>
  void optional(std::string_view key, T&, std::string_view, Limits = {}) {
    keys.emplace_back(key);
  }
  template <class T>
  void partial(std::string_view key, T&, std::string_view) {
    keys.emplace_back(key);
  }
  template <class T, class Variant>
  void alternative(std::string_view key, Variant&, std::string_view) {
    keys.emplace_back(key);
  }
  template <class T>
  void whole(T&, std::string_view, Limits = {}) {
    whole_value = true;
  }
  void graph_or_single_job(std::string_view key, std::vector<JobSpec>&, std::string_view) {
    keys.emplace_back(key);
    JobSpec job;
    describe_job_body(*this, job);
  }
};

template <class T>
concept Alternatives = requires(KeyCollector& keys, T& value) {
  describe_alternatives(keys, value);
};

template <class T>
void read_value(const Json& value, const Place& place, const Limits& limits, Fill fill, T& out);

// Reads the fields of one object, whose keys have been checked.
class ObjectReader {
 public:
  ObjectReader(const Json& object, const Place& place, Fill fill) : object_(object), place_(place), fill_(fill) {}

  template <class T>
  void required(std::string_view key, T& member, std::string_view doc, Limits limits = {}) {
    if (!read(key, member, limits, fill_) && fill_ == Fill::complete) fail_missing(place_, key, doc);
  }
  template <class T>
  void optional(std::string_view key, T& member, std::string_view, Limits limits = {}) {
    read(key, member, limits, fill_);
  }
  template <class T>
  void partial(std::string_view key, T& member, std::string_view) {
    read(key, member, {}, Fill::partial);
  }
  template <class T>
  void whole(T& member, std::string_view, Limits limits = {}) {
    read_value(object_, place_, limits, fill_, member);
  }
  template <class T, class Variant>
  void alternative(std::string_view key, Variant& variant, std::string_view) {
    T value;
    if (read(key, value, {}, Fill::complete)) variant = std::move(value);
  }
  void graph_or_single_job(std::string_view key, std::vector<JobSpec>& jobs, std::string_view doc);

 private:
  // False when the key is absent.
  template <class T>
  bool read(std::string_view key, T& member, const Limits& limits, Fill fill) {
    const auto found = object_.find(std::string(key));
    if (found == object_.end()) return false;
    read_value(*found, place_.at(key), limits, fill, member);
    return true;
  }

  const Json& object_;
  const Place& place_;
  Fill fill_;
};

// A leaf that is an integer, in its own range.
template <std::integral T>
requires(!std::same_as<T, bool>) void read_leaf(const Json& value, const Place& place, const Limits& limits,
                                                T& out) {
  out = static_cast<T>(require_integer(value, place, {limits.least, std::min(limits.most, largest_of<T>)}));
}

template <NamedEnum E>
void read_leaf(const Json& value, const Place& place, const Limits&, E& out) {
  out = EnumNames<E>::entries[require_name(value, place, names_of_enum<E>())].first;
}

template <class T>
void read_leaf(const Json& value, const Place& place, const Limits& limits, std::optional<T>& out) {
  read_value(value, place, limits, Fill::complete, out.emplace());
}

template <class T>
void read_leaf(const Json& value, const Place& place, const Limits& limits, std::vector<T>& out) {
  require_array(value, place);
  out.clear();
  for (std::size_t i = 0; i < value.size(); ++i) {
    read_value(value[i], place.at(i), limits, Fill::complete, out.emplace_back());
  }
}

template <class T>
void read_leaf(const Json& value, const Place& place, const Limits& limits, std::map<std::string, T>& out) {
  if (!value.is_object()) place.fail("expected an object, found " + shown(value));
  out.clear();
  for (const auto& [key, element] : value.items()) {
    if (!is_ignored_key(key)) read_value(element, place.at(key), limits, Fill::complete, out[key]);
  }
}

template <Alternatives T>
void read_leaf(const Json& value, const Place& place, const Limits&, T& out) {
  KeyCollector collector;
  describe_alternatives(collector, out);
  require_keys(value, place, collector.keys);
  require_one_key(value, place, collector.keys);
  ObjectReader reader(value, place, Fill::complete);
  describe_alternatives(reader, out);
}

template <class T>
concept Described = requires(KeyCollector& keys, T& value) {
  describe(keys, value);
};

template <class T>
void read_value(const Json& value, const Place& place, const Limits& limits, Fill fill, T& out) {
  if constexpr (Described<T>) {
    KeyCollector collector;
    describe(collector, out);
    if (!collector.whole_value) require_keys(value, place, collector.keys);
    ObjectReader reader(value, place, fill);
    describe(reader, out);
  } else {
    read_leaf(value, place, limits, out);
  }
}

// Reads a complete document.
template <class T>
void read_document(const Json& value, const Place& place, T& out) {
  read_value(value, place, {}, Fill::complete, out);
}

}  // namespace userqsim
