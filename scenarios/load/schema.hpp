// The visitor that turns field lists into a JSON Schema (draft-07): what a single field or object may hold. What
// needs the whole scenario (references, cycles, sizes against memory) is left to the loader.
#pragma once

#include <concepts>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "scenarios/load/json_text.hpp"
#include "scenarios/load/reader.hpp"
#include "scenarios/load/writer.hpp"

namespace userqsim {

// {"$ref": "#/definitions/<name>"}.
Json reference_to(std::string_view name);
// The shared "definitions": time, size, rate, distribution.
Json leaf_definitions();
Json schema_of_whole_number(std::int64_t least, std::int64_t most);

template <class T>
Json schema_of(Fill fill, const Limits& limits, T& value);

class SchemaWriter {
 public:
  explicit SchemaWriter(Fill fill) : fill_(fill) {}

  template <class T>
  void required(std::string_view key, T& member, std::string_view doc, Limits limits = {}) {
    add(key, schema_of(fill_, limits, member), doc);
    if (fill_ == Fill::complete) required_.push_back(std::string(key));
  }
  template <class T>
  void optional(std::string_view key, T& member, std::string_view doc, Limits limits = {}) {
    Json& field = add(key, schema_of(fill_, limits, member), doc);
    // A default that is a whole object or list says nothing; a partial object keeps its profile's value.
    if (fill_ == Fill::partial || Described<T>) return;
    if (const Json value = json_of_value(member); value.is_primitive()) field["default"] = value;
  }
  template <class T>
  void optional(std::string_view key, std::optional<T>&, std::string_view doc, Limits limits = {}) {
    T value{};
    add(key, schema_of(Fill::complete, limits, value), doc);
  }
  template <class T>
  void partial(std::string_view key, T& member, std::string_view doc) {
    add(key, schema_of(Fill::partial, {}, member), doc);
  }
  template <class T>
  void whole(T& member, std::string_view, Limits limits = {}) {
    whole_ = schema_of(fill_, limits, member);
  }
  template <class T, class Variant>
  void alternative(std::string_view key, Variant&, std::string_view doc) {
    T value{};
    add(key, schema_of(Fill::complete, {}, value), doc);
    choices_.push_back({{"required", Json::array({std::string(key)})}});
  }
  void graph_or_single_job(std::string_view key, std::vector<JobSpec>& jobs, std::string_view doc);

  Json take() &&;

 private:
  Json& add(std::string_view key, Json&& schema, std::string_view doc);

  Fill fill_;
  Json properties_ = Json::object();
  Json required_ = Json::array();
  Json choices_ = Json::array();  // exactly one of these must hold; empty: no choice
  Json whole_;                    // not null: a bare value
};

inline Json schema_of_leaf(const Limits&, bool&) { return {{"type", "boolean"}}; }
inline Json schema_of_leaf(const Limits&, double&) { return {{"type", "number"}}; }
inline Json schema_of_leaf(const Limits&, std::string&) { return {{"type", "string"}}; }
inline Json schema_of_leaf(const Limits&, Duration&) { return reference_to("time"); }
inline Json schema_of_leaf(const Limits&, Bytes&) { return reference_to("size"); }
inline Json schema_of_leaf(const Limits&, Bandwidth&) { return reference_to("rate"); }
inline Json schema_of_leaf(const Limits&, Distribution&) { return reference_to("distribution"); }

template <std::integral T>
requires(!std::same_as<T, bool>) Json schema_of_leaf(const Limits& limits, T&) {
  return schema_of_whole_number(limits.least, std::min(limits.most, largest_of<T>));
}

template <NamedEnum E>
Json schema_of_leaf(const Limits&, E&) {
  return {{"enum", names_of_enum<E>()}};
}

template <class T>
Json schema_of_leaf(const Limits& limits, std::vector<T>&) {
  T element{};
  return {{"type", "array"}, {"items", schema_of(Fill::complete, limits, element)}};
}

template <class T>
Json schema_of_leaf(const Limits& limits, std::map<std::string, T>&) {
  T element{};
  return {{"type", "object"},
          {"properties", {{"$schema", Json::object()}}},
          {"patternProperties", {{"^x-", Json::object()}}},
          {"additionalProperties", schema_of(Fill::complete, limits, element)}};
}

template <class T>
Json schema_of(Fill fill, const Limits& limits, T& value) {
  if constexpr (Described<T>) {
    SchemaWriter writer(fill);
    describe(writer, value);
    return std::move(writer).take();
  } else if constexpr (Alternatives<T>) {
    SchemaWriter writer(Fill::complete);
    describe_alternatives(writer, value);
    return std::move(writer).take();
  } else {
    return schema_of_leaf(limits, value);
  }
}

}  // namespace userqsim
