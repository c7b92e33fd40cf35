// A study file as a spec of its own: a scenario, what of it varies and how, and what is measured.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "scenarios/load/json_text.hpp"
#include "scenarios/load/place.hpp"
#include "sim/config/describe.hpp"
#include "sim/core/enum_names.hpp"

namespace userqsim {

inline constexpr std::string_view study_format = "userqsim-study/1";
inline constexpr std::uint64_t study_points_max = 100'000'000;
// A factor's name is also a column's.
inline constexpr std::string_view factor_name_pattern = "^[a-z][a-z0-9_]{0,59}$";

// A value of whatever kind the place in the scenario has.
struct AnyValue {
  Json json;
};

// Evenly spaced values, or in a log range evenly spaced ratios, both ends included.
struct LevelRange {
  AnyValue from;
  AnyValue to;
  std::optional<std::uint32_t> count;  // of values in a grid; a sampled design takes them from anywhere in between
};

struct FactorSpec {
  std::string name;
  std::string pointer;
  std::optional<std::vector<AnyValue>> values;  // exactly one of these three
  std::optional<LevelRange> range;
  std::optional<LevelRange> log_range;
};

enum class Relation : std::uint8_t { less, at_most, equal, not_equal, at_least, more };

// Keeps the points for which it holds.
struct ConstraintSpec {
  std::string factor;
  Relation relation = Relation::less;
  std::optional<std::string> other;  // exactly one of these: a factor, or a value
  std::optional<AnyValue> value;
};

enum class DesignKind : std::uint8_t { grid, latin_hypercube, sobol };

struct StudyDocument {
  std::string format;
  std::string name;
  std::string question;
  std::string scenario;
  std::map<std::string, AnyValue> set;
  std::optional<std::uint64_t> seed;
  std::uint32_t replications = 10;
  std::vector<std::string> policies;
  std::vector<std::string> kernels;
  std::vector<FactorSpec> factors;
  std::vector<std::vector<std::string>> zip;
  std::vector<ConstraintSpec> constraints;
  DesignKind design = DesignKind::grid;
  std::optional<std::uint32_t> samples;
  std::vector<std::string> metrics;
};

template <>
struct EnumNames<Relation> {
  static constexpr std::array entries{
      std::pair{Relation::less, std::string_view{"<"}},      std::pair{Relation::at_most, std::string_view{"<="}},
      std::pair{Relation::equal, std::string_view{"="}},     std::pair{Relation::not_equal, std::string_view{"!="}},
      std::pair{Relation::at_least, std::string_view{">="}}, std::pair{Relation::more, std::string_view{">"}}};
};
template <>
struct EnumNames<DesignKind> {
  static constexpr std::array entries{std::pair{DesignKind::grid, std::string_view{"grid"}},
                                      std::pair{DesignKind::latin_hypercube, std::string_view{"latin_hypercube"}},
                                      std::pair{DesignKind::sobol, std::string_view{"sobol"}}};
};

inline void read_leaf(const Json& value, const Place&, const Limits&, AnyValue& out) { out.json = value; }
inline Json schema_of_leaf(const Limits&, AnyValue&) { return Json::object(); }
inline Json json_of(AnyValue& value) { return value.json; }

template <class V>
void describe(V& v, LevelRange& r) {
  v.required("from", r.from, "The least: a number, a time, a size or a rate");
  v.required("to", r.to, "The greatest, of the same kind");
  v.optional("count", r.count, "Values of a grid, both ends among them; a sampled design has none",
             within(2, 1'000'000));
}
template <class V>
void describe(V& v, FactorSpec& f) {
  v.required("name", f.name, "Its column in points.csv");
  v.required("pointer", f.pointer, "JSON pointer into the scenario: what it changes");
  v.optional("values", f.values, "Its values; or give range or log_range");
  v.optional("range", f.range, "Its values, evenly spaced");
  v.optional("log_range", f.log_range, "Its values, each the same multiple of the one before");
}
template <class V>
void describe(V& v, ConstraintSpec& c) {
  v.required("factor", c.factor, "Factor that is compared");
  v.required("relation", c.relation, "What holds at every point of the study");
  v.optional("other", c.other, "With which factor; or give value");
  v.optional("value", c.value, "With which value");
}
template <class V>
void describe(V& v, StudyDocument& s) {
  v.required("format", s.format, "Version of this format");
  v.required("name", s.name, "Name; also the default name of the output directory");
  v.optional("question", s.question, "What the study is meant to answer");
  v.required("scenario", s.scenario, "Scenario file, relative to the study, or a name in the library");
  v.optional("set", s.set, "Values in place of the scenario's, by JSON pointer, the same at every point");
  v.optional("seed", s.seed, "Seed of every random draw; default: the scenario's");
  v.optional("replications", s.replications, "Replications of every point under every policy",
             within(1, 1'000'000));
  v.optional("policies", s.policies, "Policies, each at every point; default: the scenario's");
  v.optional("kernels", s.kernels,
             "Kernel profiles, each at every point, with its native policy unless there are `policies`");
  v.required("factors", s.factors, "What varies");
  v.optional("zip", s.zip, "Factors, by name, that go through their values together");
  v.optional("constraints", s.constraints, "Points that are left out: those at which one of these does not hold");
  v.optional("design", s.design, "Every combination, or a sample of so many points");
  v.optional("samples", s.samples, "Points of a sampled design", within(1, 10'000'000));
  v.optional("metrics", s.metrics, "Metrics that are kept; default: all");
}

}  // namespace userqsim
