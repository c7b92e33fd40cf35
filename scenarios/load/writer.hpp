// The visitor that writes described specs as JSON, every field, in the order of their field lists. What it writes,
// reader.hpp reads back to an equal spec.
#pragma once

#include <concepts>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "scenarios/load/json_text.hpp"
#include "scenarios/load/reader.hpp"

namespace userqsim {

Json json_of(Duration time);
Json json_of(Bytes size);
Json json_of(Bandwidth rate);
Json json_of(const Distribution& distribution);

template <class T>
Json json_of_value(T& value);

class ObjectWriter {
 public:
  Json result = Json::object();

  template <class T>
  void required(std::string_view key, T& member, std::string_view, Limits = {}) {
    result[std::string(key)] = json_of_value(member);
  }
  template <class T>
  void optional(std::string_view key, T& member, std::string_view, Limits = {}) {
    result[std::string(key)] = json_of_value(member);
  }
  template <class T>
  void optional(std::string_view key, std::optional<T>& member, std::string_view, Limits = {}) {
    if (member) result[std::string(key)] = json_of_value(*member);
  }
  template <class T>
  void partial(std::string_view key, T& member, std::string_view) {
    result[std::string(key)] = json_of_value(member);
  }
  template <class T>
  void whole(T& member, std::string_view, Limits = {}) {
    result = json_of_value(member);
  }
  template <class T, class Variant>
  void alternative(std::string_view key, Variant& variant, std::string_view) {
    if (auto* value = std::get_if<T>(&variant)) result[std::string(key)] = json_of_value(*value);
  }
  // Always as a graph: the short form reads back to the same jobs.
  void graph_or_single_job(std::string_view key, std::vector<JobSpec>& jobs, std::string_view) {
    result[std::string(key)] = json_of_value(jobs);
  }
};

template <class T>
requires std::is_arithmetic_v<T> Json json_of(T value) { return value; }

inline Json json_of(const std::string& text) { return text; }

template <NamedEnum E>
Json json_of(E value) {
  return std::string(name_of(value));
}

template <class T>
Json json_of(std::vector<T>& values) {
  Json array = Json::array();
  for (T& value : values) array.push_back(json_of_value(value));
  return array;
}

template <class T>
Json json_of(std::map<std::string, T>& values) {
  Json object = Json::object();
  for (auto& [key, value] : values) object[key] = json_of_value(value);
  return object;
}

template <class T>
Json json_of_value(T& value) {
  if constexpr (Described<T>) {
    ObjectWriter writer;
    describe(writer, value);
    return std::move(writer.result);
  } else if constexpr (Alternatives<T>) {
    ObjectWriter writer;
    describe_alternatives(writer, value);
    return std::move(writer.result);
  } else {
    return json_of(value);
  }
}

}  // namespace userqsim
