// A factor's value at one point: what is put into the scenario, what points.csv says, and how it compares.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "scenarios/load/place.hpp"
#include "scenarios/load/study_document.hpp"

namespace userqsim {

enum class LevelKind : std::uint8_t { whole, real, time, size, rate, other };

struct Level {
  LevelKind kind = LevelKind::other;
  std::int64_t whole = 0;  // the number, or nanoseconds, bytes, bytes a second
  double real = 0.0;
  Json json;

  // The value in base units for numbers; texts as they are, anything else as JSON.
  std::string csv() const;
};

// Text that reads as a time, a size or a rate is one.
Level level_of(const Json& value);

// The same text for the same value, however it is written: "1us" and "1000ns", 1 and 1.0, and so within objects.
std::string identity_of(const Json& value);

// "_ns", "_bytes", "_bytes_per_s", or nothing: what a column of such values is called after.
std::string_view unit_suffix(LevelKind kind);

// Whether the relation holds. Throws InputError at `place` when the two cannot be compared so.
bool holds(const Level& a, Relation relation, const Level& b, const Place& place);

// The ends of a range, checked: of one kind that has a size, and in order; above zero for a log range.
class LevelLine {
 public:
  LevelLine(const LevelRange& range, bool logarithmic, const Place& place);

  // The `index`-th of `count` values, both ends among them.
  Level at(std::uint32_t index, std::uint32_t count) const;
  // The value at the fraction `unit` / 2^64 of the way. Whole numbers are each as likely in a plain range.
  Level at(std::uint64_t unit) const;
  LevelKind kind() const { return from_.kind; }

 private:
  Level real_level(double value) const;
  Level whole_level(std::int64_t value) const;
  Level on_log_line(double part) const;

  Level from_;
  Level to_;
  bool logarithmic_;
};

}  // namespace userqsim
