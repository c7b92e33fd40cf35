#include "scenarios/load/level.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <compare>
#include <map>
#include <variant>

#include "sim/config/units.hpp"
#include "sim/core/ensure.hpp"
#include "sim/core/portable_math.hpp"
#include "sim/core/wide.hpp"

namespace userqsim {
namespace {

constexpr double two_to_53 = 9007199254740992.0;

bool is_number(LevelKind kind) { return kind == LevelKind::whole || kind == LevelKind::real; }

double as_real(const Level& level) {
  return level.kind == LevelKind::real ? level.real : static_cast<double>(level.whole);
}

bool comparable(const Level& a, const Level& b) {
  return a.kind == b.kind || (is_number(a.kind) && is_number(b.kind));
}

// REQUIRES: comparable, and neither is `other`.
std::partial_ordering order_of(const Level& a, const Level& b) {
  if (a.kind == LevelKind::real || b.kind == LevelKind::real) return as_real(a) <=> as_real(b);
  return a.whole <=> b.whole;
}

bool is_so(std::partial_ordering order, Relation relation) {
  switch (relation) {
    case Relation::less:
      return order < 0;
    case Relation::at_most:
      return order <= 0;
    case Relation::equal:
      return order == 0;
    case Relation::not_equal:
      return order != 0;
    case Relation::at_least:
      return order >= 0;
    case Relation::more:
      return order > 0;
  }
  fail_invariant("an unknown relation", SourceLocation::current());
}

}  // namespace

std::string Level::csv() const {
  switch (kind) {
    case LevelKind::whole:
    case LevelKind::time:
    case LevelKind::size:
    case LevelKind::rate:
      return fmt::format("{}", whole);
    case LevelKind::real:
      return fmt::format("{}", real);
    case LevelKind::other:
      break;
  }
  return json.is_string() ? json.get<std::string>() : json.dump();
}

Level level_of(const Json& value) {
  Level level;
  level.json = value;
  if (value.is_number_unsigned() && value.get<std::uint64_t>() > std::uint64_t{1} << 62U) return level;
  if (value.is_number_integer()) {
    level.kind = LevelKind::whole;
    level.whole = value.get<std::int64_t>();
  } else if (value.is_number()) {
    level.kind = LevelKind::real;
    level.real = value.get<double>();
  } else if (value.is_string()) {
    const std::string& text = value.get_ref<const std::string&>();
    if (const auto time = parse_duration(text); const auto* t = std::get_if<Duration>(&time)) {
      level.kind = LevelKind::time;
      level.whole = t->count();
    } else if (const auto size = parse_bytes(text); const auto* s = std::get_if<Bytes>(&size)) {
      level.kind = LevelKind::size;
      level.whole = s->value;
    } else if (const auto rate = parse_bandwidth(text); const auto* r = std::get_if<Bandwidth>(&rate)) {
      level.kind = LevelKind::rate;
      level.whole = r->bytes_per_second;
    }
  }
  return level;
}

std::string identity_of(const Json& value) {
  if (value.is_object()) {
    std::map<std::string, std::string> members;  // their order means nothing
    for (const auto& [key, member] : value.items()) members[Json(key).dump()] = identity_of(member);
    std::string text = "{";
    for (const auto& [key, member] : members) text += fmt::format("{}:{},", key, member);
    return text + "}";
  }
  if (value.is_array()) {
    std::string text = "[";
    for (const Json& element : value) text += identity_of(element) + ",";
    return text + "]";
  }
  const Level level = level_of(value);
  if (level.kind == LevelKind::other) return value.dump();
  if (level.kind != LevelKind::real) return fmt::format("{}{}", level.whole, unit_suffix(level.kind));
  const bool is_whole = std::abs(level.real) < two_to_53 && std::trunc(level.real) == level.real;
  return is_whole ? fmt::format("{}", static_cast<std::int64_t>(level.real)) : fmt::format("{}", level.real);
}

std::string_view unit_suffix(LevelKind kind) {
  switch (kind) {
    case LevelKind::time:
      return "_ns";
    case LevelKind::size:
      return "_bytes";
    case LevelKind::rate:
      return "_bytes_per_s";
    case LevelKind::whole:
    case LevelKind::real:
    case LevelKind::other:
      return "";
  }
  fail_invariant("an unknown kind of level", SourceLocation::current());
}

bool holds(const Level& a, Relation relation, const Level& b, const Place& place) {
  if (!comparable(a, b)) {
    place.fail(fmt::format("{} and {} cannot be compared: numbers, times, sizes and rates each with their own",
                           shown(a.json), shown(b.json)));
  }
  if (a.kind != LevelKind::other) return is_so(order_of(a, b), relation);
  if (relation == Relation::equal) return a.json == b.json;
  if (relation == Relation::not_equal) return a.json != b.json;
  place.fail(fmt::format("{} has no order; allowed: =, !=", shown(a.json)));
}

LevelLine::LevelLine(const LevelRange& range, bool logarithmic, const Place& place)
    : from_(level_of(range.from.json)), to_(level_of(range.to.json)), logarithmic_(logarithmic) {
  constexpr std::string_view expected = "expected a number, a time, a size or a rate";
  if (from_.kind == LevelKind::other)
    place.at("from").fail(fmt::format("{}, found {}", expected, shown(from_.json)));
  if (!comparable(from_, to_)) {
    place.at("to").fail(fmt::format("{} is not of the same kind as {}", shown(to_.json), shown(from_.json)));
  }
  if (from_.kind != to_.kind) {  // one is a whole number, the other is not
    for (Level* end : {&from_, &to_}) {
      end->real = as_real(*end);
      end->kind = LevelKind::real;
    }
  }
  if (order_of(from_, to_) >= 0) {
    place.at("to").fail(fmt::format("{} is not more than {}", shown(to_.json), shown(from_.json)));
  }
  if (logarithmic && as_real(from_) <= 0.0) {
    place.at("from").fail(fmt::format("{} has no logarithm; a log range begins above 0", shown(from_.json)));
  }
}

Level LevelLine::at(std::uint32_t index, std::uint32_t count) const {
  if (index == 0) return from_;
  if (index + 1 == count) return to_;
  const double part = static_cast<double>(index) / static_cast<double>(count - 1);
  if (logarithmic_) return on_log_line(part);
  if (from_.kind == LevelKind::real) return real_level(from_.real + (to_.real - from_.real) * part);
  const Wide steps = static_cast<Wide>(count) - 1;
  const Wide doubled = (static_cast<Wide>(to_.whole) - from_.whole) * index * 2 + steps;
  return whole_level(from_.whole + static_cast<std::int64_t>(doubled / (steps * 2)));  // to the nearest, halves up
}

Level LevelLine::at(std::uint64_t unit) const {
  const double part = static_cast<double>(unit >> 11U) / two_to_53;
  if (logarithmic_) return on_log_line(part);
  if (from_.kind == LevelKind::real) return real_level(from_.real + (to_.real - from_.real) * part);
  const Wide span = static_cast<Wide>(to_.whole) - from_.whole + 1;
  return whole_level(from_.whole + static_cast<std::int64_t>((static_cast<Wide>(unit) * span) >> 64U));
}

// Twelve digits: the rest is rounding, and would only make the text long.
Level LevelLine::real_level(double value) const {
  const std::string text = fmt::format("{:.12g}", value);
  double rounded = 0.0;
  std::from_chars(text.data(), text.data() + text.size(), rounded);
  return {LevelKind::real, 0, rounded, rounded};
}

Level LevelLine::whole_level(std::int64_t value) const {
  Level level;
  level.kind = from_.kind;
  level.whole = value;
  switch (from_.kind) {
    case LevelKind::time:
      level.json = to_text(Duration{value});
      break;
    case LevelKind::size:
      level.json = to_text(Bytes{value});
      break;
    case LevelKind::rate:
      level.json = to_text(Bandwidth{value});
      break;
    case LevelKind::whole:
    case LevelKind::real:
    case LevelKind::other:
      level.json = value;
      break;
  }
  return level;
}

Level LevelLine::on_log_line(double part) const {
  const double from = as_real(from_);
  const double value = from * portable_exp(portable_log(as_real(to_) / from) * part);
  if (from_.kind == LevelKind::real) return real_level(value);
  const auto nearest = static_cast<std::int64_t>(std::round(value));
  return whole_level(std::clamp(nearest, from_.whole, to_.whole));
}

}  // namespace userqsim
