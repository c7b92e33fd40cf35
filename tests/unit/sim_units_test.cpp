// Times, sizes and rates as text. Every error is one sentence that says what was found and what is allowed.
#include "sim/config/units.hpp"

#include <array>
#include <string>
#include <tuple>

#include "sim/core/ensure.hpp"
#include "tests/support/catch.hpp"

namespace userqsim::sim_units_test {
namespace {

using namespace std::chrono_literals;

constexpr std::int64_t kibi = 1024;

template <class T>
T value_of(const Parsed<T>& parsed) {
  if (const auto* error = std::get_if<std::string>(&parsed)) FAIL("refused: " << *error);
  return std::get<T>(parsed);
}

template <class T>
std::string error_of(const Parsed<T>& parsed) {
  const auto* error = std::get_if<std::string>(&parsed);
  return error == nullptr ? "(accepted)" : *error;
}

TEST_CASE("times are read exactly", "[sim][units]") {
  CHECK(value_of(parse_duration("0ns")) == 0ns);
  CHECK(value_of(parse_duration("0h")) == 0ns);
  CHECK(value_of(parse_duration("16.667ms")) == 16'667us);
  CHECK(value_of(parse_duration("12us")) == 12us);
  CHECK(value_of(parse_duration("1.5min")) == 90s);
  CHECK(value_of(parse_duration("0.25h")) == 15min);
  CHECK(value_of(parse_duration("2s")) == 2s);
  CHECK(value_of(parse_duration("0.000000001s")) == 1ns);
  CHECK(value_of(parse_duration("0.1s")) == 100ms);  // a double would not hold a tenth
  CHECK(value_of(parse_duration("0007.000ms")) == 7ms);
  CHECK(value_of(parse_duration("9007199.254740993s")) == Duration{9007199254740993});  // 2^53 + 1
  CHECK(value_of(parse_duration("1." + std::string(5000, '0') + "ns")) == 1ns);
  CHECK(value_of(parse_duration(std::string(5000, '0') + "1ns")) == 1ns);
}

TEST_CASE("sizes and rates are read exactly", "[sim][units]") {
  CHECK(value_of(parse_bytes("0B")).value == 0);
  CHECK(value_of(parse_bytes("9GiB")).value == 9 * kibi * kibi * kibi);
  CHECK(value_of(parse_bytes("1.5KiB")).value == 1536);
  CHECK(value_of(parse_bytes("1TiB")).value == kibi * kibi * kibi * kibi);
  CHECK(value_of(parse_bytes("1kB")).value == 1000);
  CHECK(value_of(parse_bytes("2.5MB")).value == 2'500'000);
  CHECK(value_of(parse_bytes("0.5TB")).value == 500'000'000'000);
  CHECK(value_of(parse_bytes("0.0009765625KiB")).value == 1);  // 2^-10
  // 2^-40, all forty digits
  CHECK(value_of(parse_bytes("0.0000000000009094947017729282379150390625TiB")).value == 1);
  CHECK(value_of(parse_bandwidth("28.41GB/s")).bytes_per_second == 28'410'000'000);
  CHECK(value_of(parse_bandwidth("1MiB/s")).bytes_per_second == kibi * kibi);
  CHECK(value_of(parse_bandwidth("0B/s")).bytes_per_second == 0);
}

TEST_CASE("the largest values are read, and one more is refused", "[sim][units]") {
  constexpr std::int64_t year_h = 365 * 24;
  CHECK(value_of(parse_duration("876000h")) == std::chrono::hours{100 * year_h});
  CHECK(value_of(parse_duration("3153600000000000000ns")) == std::chrono::hours{100 * year_h});
  CHECK(value_of(parse_bytes("1048576TiB")).value == std::int64_t{1} << 60);
  CHECK(value_of(parse_bytes("1152921504606846976B")).value == std::int64_t{1} << 60);
  const std::string too_long = " is too long; at most 100 years (876000h)";
  for (const std::string text : {"3153600000000000001ns", "876000.5h", "876001h", "99999999999999999999999999s"}) {
    CHECK(error_of(parse_duration(text)) == "\"" + text + "\"" + too_long);
  }
  CHECK(error_of(parse_bytes("1152921504606846977B")) ==
        "\"1152921504606846977B\" is too large; at most 2^60 bytes (1048576TiB)");
  CHECK(error_of(parse_bytes("11529215046068469760B")) ==  // ten times the limit does not fit into 64 bits
        "\"11529215046068469760B\" is too large; at most 2^60 bytes (1048576TiB)");
  CHECK(error_of(parse_bandwidth("1048577TiB/s")) ==
        "\"1048577TiB/s\" is too large; at most 2^60 bytes a second (1048576TiB/s)");
}

TEST_CASE("each wrong time has its own sentence", "[sim][units]") {
  const auto [text, message] = GENERATE(table<std::string, std::string>({
      {"16.667 parsecs", R"("16.667 parsecs" has an unknown unit "parsecs"; use ns, us, ms, s, min or h)"},
      {"5MS", R"("5MS" has an unknown unit "MS"; use ns, us, ms, s, min or h)"},
      {"5ms2", R"("5ms2" has an unknown unit "ms2"; use ns, us, ms, s, min or h)"},
      {"5GiB", R"("5GiB" has an unknown unit "GiB"; use ns, us, ms, s, min or h)"},
      {"5", R"("5" has no unit; use ns, us, ms, s, min or h)"},
      {"0", R"("0" has no unit; use ns, us, ms, s, min or h)"},
      {"", R"(an empty text has no value; write a number and a unit, like "16.667ms")"},
      {"5 ms", R"("5 ms" has a space before its unit; write the unit directly after the number, like "16.667ms")"},
      {" 5ms", R"(" 5ms" has a space at its start or end; write it like "16.667ms")"},
      {"5ms\n", R"("5ms?" has a space at its start or end; write it like "16.667ms")"},
      {"-5ms", R"("-5ms" is negative; it must be zero or more)"},
      {"+5ms", R"("+5ms" has a sign; write it without the "+")"},
      {"0.5ns", R"("0.5ns" is finer than a nanosecond, the smallest step of simulated time)"},
      {"16.6666667ms", R"("16.6666667ms" is finer than a nanosecond, the smallest step of simulated time)"},
      {"NaN", R"("NaN" is not a number)"},
      {"nanms", R"("nanms" is not a number)"},
      {"inf", R"("inf" is not finite)"},
      {"-Infinity", R"("-Infinity" is not finite)"},
      {"0x10ms", R"("0x10ms" is hexadecimal; write a decimal number, like "16.667ms")"},
      {"1e3ms", R"("1e3ms" has an exponent; write plain decimals, like "16.667ms")"},
      {"1.5E-3s", R"("1.5E-3s" has an exponent; write plain decimals, like "16.667ms")"},
      {"16,667ms", R"("16,667ms" has a comma; write the decimal point as ".")"},
      {"1.2.3ms", R"("1.2.3ms" has a second decimal point)"},
      {".5ms", R"(".5ms" has no digit before the point; write "0.")"},
      {"5.ms", R"("5.ms" has no digit after the point)"},
      {"ms", R"("ms" does not start with a number; write it like "16.667ms")"},
  }));
  CHECK(error_of(parse_duration(text)) == message);
}

TEST_CASE("wrong sizes and rates name their own units", "[sim][units]") {
  CHECK(error_of(parse_bytes("9GIB")) ==
        R"("9GIB" has an unknown unit "GIB"; use B, KiB, MiB, GiB, TiB, kB, MB, GB or TB)");
  CHECK(error_of(parse_bytes("0.3B")) == R"("0.3B" is not a whole number of bytes)");
  CHECK(error_of(parse_bytes("")) == R"(an empty text has no value; write a number and a unit, like "1.5GiB")");
  CHECK(error_of(parse_bandwidth("28GB")) ==
        R"("28GB" has an unknown unit "GB"; use B/s, KiB/s, MiB/s, GiB/s, TiB/s, kB/s, MB/s, GB/s or TB/s)");
  CHECK(error_of(parse_bandwidth("0.5B/s")) == R"("0.5B/s" is not a whole number of bytes a second)");
}

TEST_CASE("an error message stays one short line", "[sim][units]") {
  using namespace std::string_literals;
  CHECK(error_of(parse_duration("5\0\x1b[2Jx"s)) ==
        R"("5??[2Jx" has an unknown unit "??[2Jx"; use ns, us, ms, s, min or h)");
  // Cut at 60 bytes, but not inside the two bytes of a letter: 1 + 2 * 29 = 59 are whole.
  std::string greek;
  for (int i = 0; i < 40; ++i) greek += "\xce\xbc";
  const std::string shown = "5" + greek.substr(0, 58);
  CHECK(error_of(parse_duration("5" + greek)).rfind("\"" + shown + "...\" has an unknown unit", 0) == 0);
}

TEST_CASE("text is the shortest that parses back", "[sim][units]") {
  CHECK(to_text(0ns) == "0s");  // as short as 0h; neither is reached
  CHECK(to_text(1ns) == "1ns");
  CHECK(to_text(Duration{1000}) == "1us");
  CHECK(to_text(Duration{1500}) == "1.5us");
  CHECK(to_text(16'667us) == "16667us");  // 16.667ms is longer
  CHECK(to_text(500us) == "500us");       // as short as 0.5ms, which is below one
  CHECK(to_text(90s) == "90s");
  CHECK(to_text(60s) == "60s");  // 1min is longer
  CHECK(to_text(3600s) == "1h");
  CHECK(to_text(20min) == "20min");  // as short as 1200s, and coarser; a third of an hour never ends
  CHECK(to_text(876000h) == "876000h");
  CHECK(to_text(Bytes{0}) == "0B");
  CHECK(to_text(Bytes{1024}) == "1KiB");
  CHECK(to_text(Bytes{1000}) == "1kB");
  CHECK(to_text(Bytes{9 * kibi * kibi * kibi}) == "9GiB");
  CHECK(to_text(Bytes{1025}) == "1025B");
  CHECK(to_text(Bandwidth{28'410'000'000}) == "28.41GB/s");
  CHECK(to_text(Bandwidth{0}) == "0B/s");
  CHECK_THROWS_AS(to_text(Bytes{-1}), InvariantError);
}

TEST_CASE("the nearest name is the one with the fewest edits", "[sim][units]") {
  const std::vector<std::string> names{"queue", "queues", "policy", "priority"};
  CHECK(nearest_name("polcy", names) == "policy");
  CHECK(nearest_name("priorty", names) == "priority");
  CHECK(nearest_name("queues", names) == "queues");
  CHECK(nearest_name("queuex", names) == "queue");  // one edit from both: the first
  CHECK(nearest_name("kernel", names).empty());
  CHECK(nearest_name("", names).empty());
  CHECK(nearest_name("anything", {}).empty());
  CHECK(nearest_name("ab", {"ac"}).empty());     // half of the letters
  CHECK(nearest_name("abc", {"abd"}) == "abd");  // exactly a third
  CHECK(nearest_name(std::string(100'000, 'q'), names).empty());
}

TEST_CASE("the nearest name forgives case, exchanged neighbours and abbreviation", "[sim][units]") {
  CHECK(nearest_name("POLICY", {"policy"}) == "policy");
  CHECK(nearest_name("cip", {"cpi", "cup"}) == "cpi");  // one exchange, as far as one replacement: the first
  CHECK(nearest_name("rnu", {"run"}) == "run");
  CHECK(nearest_name("form", {"format", "from"}) == "format");  // what it begins is meant before what it is like
  CHECK(nearest_name("preempt", {"preempt_restore", "unmap_map"}) == "preempt_restore");
  CHECK(nearest_name("Preem", {"preempt_restore", "unmap_map"}) == "preempt_restore");
  CHECK(nearest_name("pre", {"preempt_idle", "preempt_running"}).empty());  // it begins two
  CHECK(nearest_name("pr", {"preempt_idle"}).empty());                      // too short
  CHECK(nearest_name("ca", {"abc"}).empty());
}

}  // namespace
}  // namespace userqsim::sim_units_test
