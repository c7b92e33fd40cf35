// Times, sizes and rates as people write them: "16.667ms", "9GiB", "28.41GB/s". Parsed as decimals, never through a
// double: what is written is what is simulated.
#pragma once

#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "sim/core/bytes.hpp"
#include "sim/core/time.hpp"

namespace userqsim {

// Either the value or a sentence that says what was found and what is allowed.
template <class T>
using Parsed = std::variant<T, std::string>;

// The text is digits, at most one point with digits on both sides, and a unit directly after them: no sign, space,
// exponent, hexadecimal or separator.
//
// Units ns, us, ms, s, min, h. A value finer than a nanosecond, negative, or beyond 100 years (of 365 days) is an
// error.
Parsed<Duration> parse_duration(std::string_view text);
// Units B, KiB, MiB, GiB, TiB, kB, MB, GB, TB. A value finer than a byte, negative, or beyond 2^60 is an error.
Parsed<Bytes> parse_bytes(std::string_view text);
// A size with "/s". Zero is allowed and means infinitely fast.
Parsed<Bandwidth> parse_bandwidth(std::string_view text);

// The shortest exact text that parses back to the same value; of equally short ones that with the coarsest unit it
// reaches ("20min", not "1200s"; "500us", not "0.5ms"). REQUIRES: not negative.
std::string to_text(Duration d);
std::string to_text(Bytes b);
std::string to_text(Bandwidth b);

// What `word` was meant to be: the only candidate that begins with it, if it has three letters or more; else the one
// most like it (fewest edits, first among equals), where an exchange of neighbours is one edit; empty when none is near
// (more than a third of the letters of the longer one differ). Upper and lower case are the same.
std::string nearest_name(std::string_view word, const std::vector<std::string>& candidates);

}  // namespace userqsim
