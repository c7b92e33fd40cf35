#include "sim/config/units.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <span>

#include "sim/core/ensure.hpp"

namespace userqsim {
namespace {

struct Unit {
  std::string_view name;
  std::int64_t factor;  // in the base unit
};

// What is being read: its units, how large it may be, and the words for it in a sentence.
struct Quantity {
  std::span<const Unit> units;  // the first is the base unit
  std::int64_t most;
  std::string_view example;
  std::string_view units_text;
  std::string_view too_fine;
  std::string_view too_large;
};

constexpr std::array duration_units{
    Unit{"ns", 1},
    Unit{"us", 1'000},
    Unit{"ms", 1'000'000},
    Unit{"s", 1'000'000'000},
    Unit{"min", 60'000'000'000},
    Unit{"h", 3'600'000'000'000},
};
constexpr std::array byte_units{
    Unit{"B", 1},
    Unit{"KiB", std::int64_t{1} << 10},
    Unit{"MiB", std::int64_t{1} << 20},
    Unit{"GiB", std::int64_t{1} << 30},
    Unit{"TiB", std::int64_t{1} << 40},
    Unit{"kB", 1'000},
    Unit{"MB", 1'000'000},
    Unit{"GB", 1'000'000'000},
    Unit{"TB", 1'000'000'000'000},
};
constexpr auto bandwidth_units = [] {
  std::array units = byte_units;
  constexpr std::array<std::string_view, byte_units.size()> names{"B/s",  "KiB/s", "MiB/s", "GiB/s", "TiB/s",
                                                                  "kB/s", "MB/s",  "GB/s",  "TB/s"};
  for (std::size_t i = 0; i < units.size(); ++i) units[i].name = names[i];
  return units;
}();

constexpr std::int64_t hundred_years_ns = std::int64_t{100} * 365 * 24 * 3'600'000'000'000;
constexpr std::int64_t most_bytes = std::int64_t{1} << 60;

constexpr Quantity a_duration{.units = duration_units,
                              .most = hundred_years_ns,
                              .example = "16.667ms",
                              .units_text = "ns, us, ms, s, min or h",
                              .too_fine = "is finer than a nanosecond, the smallest step of simulated time",
                              .too_large = "is too long; at most 100 years (876000h)"};
constexpr Quantity a_size{.units = byte_units,
                          .most = most_bytes,
                          .example = "1.5GiB",
                          .units_text = "B, KiB, MiB, GiB, TiB, kB, MB, GB or TB",
                          .too_fine = "is not a whole number of bytes",
                          .too_large = "is too large; at most 2^60 bytes (1048576TiB)"};
constexpr Quantity a_bandwidth{.units = bandwidth_units,
                               .most = most_bytes,
                               .example = "28.41GB/s",
                               .units_text = "B/s, KiB/s, MiB/s, GiB/s, TiB/s, kB/s, MB/s, GB/s or TB/s",
                               .too_fine = "is not a whole number of bytes a second",
                               .too_large = "is too large; at most 2^60 bytes a second (1048576TiB/s)"};

// <cctype> asks the locale; a scenario must read the same everywhere.
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_space(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }
char to_lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool starts_with_ignoring_case(std::string_view text, std::string_view lower_case) {
  return text.size() >= lower_case.size() && std::equal(lower_case.begin(), lower_case.end(), text.begin(),
                                                        [](char a, char b) { return a == to_lower(b); });
}

// For an error message: on one line, and short whatever was in the file.
std::string quoted(std::string_view text) {
  constexpr std::size_t most_shown = 60;
  const bool cut = text.size() > most_shown;
  if (cut) {
    text = text.substr(0, most_shown);
    // Not in the middle of a UTF-8 sequence: drop its continuation bytes and the byte that leads them.
    while (!text.empty() && (static_cast<unsigned char>(text.back()) & 0xC0U) == 0x80U) text.remove_suffix(1);
    if (!text.empty() && static_cast<unsigned char>(text.back()) >= 0xC0U) text.remove_suffix(1);
  }
  std::string shown(text);
  for (char& c : shown) {
    if (static_cast<unsigned char>(c) < 0x20U || c == 0x7F) c = '?';
  }
  return fmt::format("\"{}{}\"", shown, cut ? "..." : "");
}

const Unit* find_unit(const Quantity& quantity, std::string_view name) {
  for (const Unit& unit : quantity.units) {
    if (unit.name == name) return &unit;
  }
  return nullptr;
}

// The text taken apart: whole digits, digits after the point, unit.
struct Decimal {
  std::string_view whole;
  std::string_view fraction;
  const Unit* unit = nullptr;
};

std::string_view take_digits(std::string_view& rest) {
  const auto end = static_cast<std::size_t>(std::find_if_not(rest.begin(), rest.end(), is_digit) - rest.begin());
  const std::string_view digits = rest.substr(0, end);
  rest.remove_prefix(end);
  return digits;
}

// What is wrong before a digit is read; nothing when the text starts with one.
std::optional<std::string> bad_start(std::string_view text, const Quantity& quantity) {
  if (text.empty()) {
    return fmt::format("an empty text has no value; write a number and a unit, like \"{}\"", quantity.example);
  }
  const std::string shown = quoted(text);
  if (is_space(text.front()) || is_space(text.back())) {
    return fmt::format("{} has a space at its start or end; write it like \"{}\"", shown, quantity.example);
  }
  const bool sign = text.front() == '-' || text.front() == '+';
  const std::string_view unsigned_text = text.substr(sign ? 1 : 0);
  if (starts_with_ignoring_case(unsigned_text, "nan")) return fmt::format("{} is not a number", shown);
  if (starts_with_ignoring_case(unsigned_text, "inf")) return fmt::format("{} is not finite", shown);
  if (text.front() == '-') return fmt::format("{} is negative; it must be zero or more", shown);
  if (text.front() == '+') return fmt::format("{} has a sign; write it without the \"+\"", shown);
  if (text.front() == '.') return fmt::format("{} has no digit before the point; write \"0.\"", shown);
  if (!is_digit(text.front())) {
    return fmt::format("{} does not start with a number; write it like \"{}\"", shown, quantity.example);
  }
  return std::nullopt;
}

bool is_exponent(std::string_view rest) {
  if (rest.empty() || to_lower(rest.front()) != 'e') return false;
  rest.remove_prefix(1);
  if (!rest.empty() && (rest.front() == '+' || rest.front() == '-')) rest.remove_prefix(1);
  return !rest.empty() && is_digit(rest.front());
}

// Finds the unit in what follows the digits, or says what stands there instead.
Parsed<const Unit*> read_unit(std::string_view text, std::string_view rest, const Quantity& quantity) {
  const std::string shown = quoted(text);
  if (rest.empty()) return fmt::format("{} has no unit; use {}", shown, quantity.units_text);
  if (is_exponent(rest))
    return fmt::format("{} has an exponent; write plain decimals, like \"{}\"", shown, quantity.example);
  if (rest.front() == ',') return fmt::format("{} has a comma; write the decimal point as \".\"", shown);
  if (rest.front() == '.') return fmt::format("{} has a second decimal point", shown);
  const std::string_view name = rest.substr(rest.find_first_not_of(" \t\n\v\f\r"));  // the text ends in no space
  const Unit* unit = find_unit(quantity, name);
  if (unit == nullptr) {
    return fmt::format("{} has an unknown unit {}; use {}", shown, quoted(name), quantity.units_text);
  }
  if (is_space(rest.front())) {
    return fmt::format("{} has a space before its unit; write the unit directly after the number, like \"{}\"",
                       shown, quantity.example);
  }
  return unit;
}

Parsed<Decimal> take_apart(std::string_view text, const Quantity& quantity) {
  if (std::optional<std::string> error = bad_start(text, quantity)) return *std::move(error);
  Decimal decimal;
  std::string_view rest = text;
  decimal.whole = take_digits(rest);
  if (decimal.whole == "0" && !rest.empty() && to_lower(rest.front()) == 'x') {
    return fmt::format("{} is hexadecimal; write a decimal number, like \"{}\"", quoted(text), quantity.example);
  }
  if (!rest.empty() && rest.front() == '.') {
    rest.remove_prefix(1);
    decimal.fraction = take_digits(rest);
    if (decimal.fraction.empty()) return fmt::format("{} has no digit after the point", quoted(text));
  }
  Parsed<const Unit*> unit = read_unit(text, rest, quantity);
  if (auto* error = std::get_if<std::string>(&unit)) return std::move(*error);
  decimal.unit = std::get<const Unit*>(unit);
  return decimal;
}

Parsed<std::int64_t> parse(std::string_view text, const Quantity& quantity) {
  const Parsed<Decimal> parsed = take_apart(text, quantity);
  if (const auto* error = std::get_if<std::string>(&parsed)) return *error;
  const auto& [whole, fraction, unit] = std::get<Decimal>(parsed);

  // The fraction from its last digit: each digit's share of the unit plus what stands to its right, over ten. The
  // sum is whole exactly when every one of these divisions is, so any number of digits is read exactly in 64 bits.
  std::int64_t part = 0;
  for (std::size_t i = fraction.size(); i-- > 0;) {
    part += (fraction[i] - '0') * unit->factor;
    if (part % 10 != 0) return fmt::format("{} {}", quoted(text), quantity.too_fine);
    part /= 10;
  }
  const std::int64_t most_whole = quantity.most / unit->factor;
  std::int64_t count = 0;
  for (const char digit : whole) {
    const std::int64_t units = digit - '0';
    if (count > (most_whole - units) / 10) return fmt::format("{} {}", quoted(text), quantity.too_large);
    count = count * 10 + units;
  }
  const std::int64_t value = count * unit->factor + part;
  if (value > quantity.most) return fmt::format("{} {}", quoted(text), quantity.too_large);
  return value;
}

// `value` in `unit`, exactly; nothing when that needs more than `most_digits` decimals (a third of an hour never
// ends).
std::optional<std::string> decimal_text(std::int64_t value, const Unit& unit, std::size_t most_digits) {
  std::string text = fmt::format("{}", value / unit.factor);
  std::int64_t rest = value % unit.factor;
  if (rest != 0) text += '.';
  for (std::size_t digits = 0; rest != 0; ++digits) {
    if (digits == most_digits) return std::nullopt;
    rest *= 10;
    text += static_cast<char>('0' + rest / unit.factor);
    rest %= unit.factor;
  }
  return text.append(unit.name);
}

std::string shortest_text(std::int64_t value, const Quantity& quantity) {
  ensure(value >= 0, "a negative quantity has no text that a scenario may hold");
  std::optional<std::string> best = decimal_text(value, quantity.units.front(), 0);
  std::int64_t best_factor = 1;
  for (const Unit& unit : quantity.units.subspan(1)) {
    const std::optional<std::string> text = decimal_text(value, unit, best->size());
    if (!text || text->size() > best->size()) continue;
    const bool coarser_and_not_below_one = unit.factor > best_factor && value >= unit.factor;
    if (text->size() == best->size() && !coarser_and_not_below_one) continue;
    best = text;
    best_factor = unit.factor;
  }
  return *best;
}

template <class T, class Make>
Parsed<T> map_value(const Parsed<std::int64_t>& parsed, Make make) {
  if (const auto* error = std::get_if<std::string>(&parsed)) return *error;
  return make(std::get<std::int64_t>(parsed));
}

}  // namespace

Parsed<Duration> parse_duration(std::string_view text) {
  return map_value<Duration>(parse(text, a_duration), [](std::int64_t ns) { return Duration{ns}; });
}

Parsed<Bytes> parse_bytes(std::string_view text) {
  return map_value<Bytes>(parse(text, a_size), [](std::int64_t bytes) { return Bytes{bytes}; });
}

Parsed<Bandwidth> parse_bandwidth(std::string_view text) {
  return map_value<Bandwidth>(parse(text, a_bandwidth), [](std::int64_t rate) { return Bandwidth{rate}; });
}

std::string to_text(Duration d) { return shortest_text(d.count(), a_duration); }
std::string to_text(Bytes b) { return shortest_text(b.value, a_size); }
std::string to_text(Bandwidth b) { return shortest_text(b.bytes_per_second, a_bandwidth); }

namespace {

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool same_letter(char a, char b) { return lower(a) == lower(b); }

bool begins_with(std::string_view word, std::string_view beginning) {
  return beginning.size() <= word.size() &&
         std::equal(beginning.begin(), beginning.end(), word.begin(), same_letter);
}

// Optimal string alignment: the fewest insertions, deletions, replacements and exchanges of neighbours that turn
// one word into the other, no letter edited twice.
std::size_t edits_between(std::string_view a, std::string_view b) {
  std::vector<std::size_t> before(b.size() + 1);  // the rows for i - 2, i - 1 and i letters of a
  std::vector<std::size_t> above(b.size() + 1);
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    before.swap(above);
    above.swap(row);
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replaced = above[j - 1] + (same_letter(a[i - 1], b[j - 1]) ? 0 : 1);
      row[j] = std::min({replaced, above[j] + 1, row[j - 1] + 1});
      const bool exchanged = i > 1 && j > 1 && same_letter(a[i - 1], b[j - 2]) && same_letter(a[i - 2], b[j - 1]);
      if (exchanged) row[j] = std::min(row[j], before[j - 2] + 1);
    }
  }
  return row[b.size()];
}

// The only candidate that begins with `word`, or null.
const std::string* only_completion(std::string_view word, const std::vector<std::string>& candidates) {
  constexpr std::size_t shortest = 3;
  if (word.size() < shortest) return nullptr;
  const std::string* found = nullptr;
  for (const std::string& candidate : candidates) {
    if (!begins_with(candidate, word)) continue;
    if (found != nullptr) return nullptr;
    found = &candidate;
  }
  return found;
}

}  // namespace

std::string nearest_name(std::string_view word, const std::vector<std::string>& candidates) {
  const std::string* nearest = only_completion(word, candidates);
  if (nearest != nullptr) return *nearest;
  std::size_t fewest = 0;
  for (const std::string& candidate : candidates) {
    const std::size_t longer = std::max(word.size(), candidate.size());
    const std::size_t shorter = std::min(word.size(), candidate.size());
    if ((longer - shorter) * 3 > longer) continue;  // too far apart already; also keeps a long word cheap
    const std::size_t edits = edits_between(word, candidate);
    if (edits * 3 > longer || (nearest != nullptr && edits >= fewest)) continue;
    nearest = &candidate;
    fewest = edits;
  }
  return nearest == nullptr ? std::string{} : *nearest;
}

}  // namespace userqsim
