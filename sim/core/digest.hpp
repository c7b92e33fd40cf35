// A 64-bit digest of typed values, field by field, never of bytes: padding, addresses and capacities cannot enter.
//
// A struct takes part by stating `auto fields() const { return std::tie(...); }`. Times are folded relative to an
// origin, so that the same situation at two times has one digest when the origin is "now".
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "sim/core/bytes.hpp"
#include "sim/core/event.hpp"
#include "sim/core/id.hpp"
#include "sim/core/time.hpp"
#include "sim/core/wide.hpp"

namespace userqsim {

// A time that is part of the state only while something holds: what is stale must not tell two states apart.
struct TimeIf {
  bool holds = false;
  SimTime time;
};

class Digest {
 public:
  explicit Digest(SimTime origin = SimTime{}) : origin_(origin) {}
  // Keeps the words in `words`, which outlives it, and hashes them all at once when it is asked: another value,
  // sooner.
  Digest(SimTime origin, std::vector<std::uint64_t>& words) : origin_(origin), words_(&words) { words.clear(); }

  std::uint64_t value() const { return words_ == nullptr ? value_ : hash_of(*words_); }

  template <class T>
  void fold(const T& value) {
    if constexpr (std::is_enum_v<T> || std::is_integral_v<T>) {
      fold_word(static_cast<std::uint64_t>(value));
    } else {
      fold_fields(value.fields());
    }
  }
  template <class Tag>
  void fold(const Id<Tag>& id) {
    fold_word(id.value);
  }
  void fold(const SimTime& t) { fold_word(static_cast<std::uint64_t>((t - origin_).count())); }
  void fold(const TimeIf& t) {
    fold_word(t.holds);
    if (t.holds) fold(t.time);
  }
  void fold(const Duration& d) { fold_word(static_cast<std::uint64_t>(d.count())); }
  void fold(const Bytes& b) { fold_word(static_cast<std::uint64_t>(b.value)); }
  void fold(const Wide& w) {
    fold_word(static_cast<std::uint64_t>(w));
    fold_word(static_cast<std::uint64_t>(w >> 64));
  }
  // A handle says only where the queue keeps an event; the event itself is folded with the queue.
  void fold(const EventHandle&) {}
  template <class T>
  void fold(const std::optional<T>& value) {
    fold_word(value.has_value());
    if (value) fold(*value);
  }
  template <class T>
  void fold(const std::vector<T>& values) {
    fold_range(values);
  }
  template <class T>
  void fold(const std::deque<T>& values) {
    fold_range(values);
  }
  template <class T>
  void fold(const std::set<T>& values) {
    fold_range(values);
  }
  template <class... Fields>
  void fold(const std::tuple<Fields...>& fields) {
    fold_fields(fields);
  }
  template <class K, class V>
  void fold(const std::map<K, V>& values) {
    fold_word(values.size());
    for (const auto& [key, value] : values) fold(value);  // keys give the order and do not enter themselves
  }
  void fold(const std::vector<bool>& values) {
    fold_word(values.size());
    for (const bool value : values) fold_word(value);
  }
  template <class... Ts>
  void fold(const std::variant<Ts...>& value) {
    fold_word(value.index());
    std::visit([this](const auto& alternative) { this->fold(alternative); }, value);
  }

 private:
  static std::uint64_t hash_of(const std::vector<std::uint64_t>& words);
  void mix(std::uint64_t word);
  void fold_word(std::uint64_t word) {
    if (words_ == nullptr) return mix(word);
    words_->push_back(word);
  }

  template <class Range>
  void fold_range(const Range& values) {
    fold_word(values.size());
    for (const auto& value : values) fold(value);
  }
  template <class... Fields>
  void fold_fields(const std::tuple<Fields...>& fields) {
    std::apply([&](const auto&... field) { (fold(field), ...); }, fields);  // [&]: there may be no field
  }

  SimTime origin_;
  std::uint64_t value_ = 0;
  std::vector<std::uint64_t>* words_ = nullptr;
};

}  // namespace userqsim
