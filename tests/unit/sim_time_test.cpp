// Time, distributions' means, transfer times and invariants: every expected value follows from the rule in the
// header.
#include "sim/core/time.hpp"

#include <cmath>
#include <limits>
#include <string>

#include "sim/core/bytes.hpp"
#include "sim/core/distribution.hpp"
#include "sim/core/ensure.hpp"
#include "tests/support/catch.hpp"

namespace userqsim::sim_time_test {
namespace {

using namespace std::chrono_literals;

TEST_CASE("a double becomes the nearest nanosecond, halves away from zero", "[sim][time]") {
  CHECK(duration_from_double(0.0) == 0ns);
  CHECK(duration_from_double(0.49) == 0ns);
  CHECK(duration_from_double(0.5) == 1ns);
  CHECK(duration_from_double(1.5) == 2ns);
  CHECK(duration_from_double(2.5) == 3ns);  // to even would be 2
  CHECK(duration_from_double(-2.5) == -3ns);
  // Adding one half and cutting would give 1: the sum rounds up to 1 first.
  CHECK(duration_from_double(std::nextafter(0.5, 0.0)) == 0ns);
  // Above 2^52 a double is whole already.
  CHECK(duration_from_double(4503599627370497.0) == Duration{4503599627370497});
}

TEST_CASE("a double that is no duration is an invariant error", "[sim][time]") {
  const double limit = std::ldexp(1.0, 62);
  CHECK(duration_from_double(std::nextafter(limit, 0.0)) == Duration{(std::int64_t{1} << 62) - 512});
  CHECK_THROWS_AS(duration_from_double(limit), InvariantError);
  CHECK_THROWS_AS(duration_from_double(-limit), InvariantError);
  CHECK_THROWS_AS(duration_from_double(std::numeric_limits<double>::infinity()), InvariantError);
  CHECK_THROWS_AS(duration_from_double(std::numeric_limits<double>::quiet_NaN()), InvariantError);
}

TEST_CASE("a duration for people has three decimals of the largest fitting unit", "[sim][time]") {
  CHECK(format_duration(0ns) == "0 ns");
  CHECK(format_duration(999ns) == "999 ns");
  CHECK(format_duration(1us) == "1.000 us");
  CHECK(format_duration(1250us) == "1.250 ms");
  CHECK(format_duration(-1250us) == "-1.250 ms");
  CHECK(format_duration(999'999ns) == "999.999 us");
  CHECK(format_duration(999'999'499ns) == "999.999 ms");
  CHECK(format_duration(999'999'500ns) == "1.000 s");  // rounds up into the next unit
  CHECK(format_duration(1'234'567'890ns) == "1.235 s");
  CHECK(format_duration(2h) == "7200.000 s");
  // 2^63 ns = 9223372036.854775808 s, which has no positive counterpart in 64 bits.
  CHECK(format_duration(Duration::min()) == "-9223372036.855 s");
  CHECK(format_duration(Duration::max()) == "9223372036.855 s");
}

TEST_CASE("a division rounds up", "[sim][time]") {
  CHECK(ceil_div(0, 7) == 0);
  CHECK(ceil_div(7, 7) == 1);
  CHECK(ceil_div(8, 7) == 2);
  CHECK(ceil_div(std::numeric_limits<std::int64_t>::max(), 1) == std::numeric_limits<std::int64_t>::max());
}

TEST_CASE("a transfer rounds up and takes no time at the ideal rate", "[sim][bytes]") {
  CHECK(transfer_time(Bytes{0}, Bandwidth{1}) == 0ns);
  CHECK(transfer_time(Bytes{1}, Bandwidth{1'000'000'000}) == 1ns);
  CHECK(transfer_time(Bytes{1}, Bandwidth{3'000'000'000}) == 1ns);  // a third, rounded up
  CHECK(transfer_time(Bytes{std::int64_t{1} << 40}, Bandwidth{std::int64_t{1} << 30}) == 1024s);
  CHECK(transfer_time(Bytes{std::int64_t{1} << 40}, Bandwidth{0}) == 0ns);
}

TEST_CASE("only a constant of zero is free", "[sim][distribution]") {
  CHECK(is_zero(constant(0ns)));
  CHECK_FALSE(is_zero(constant(1ns)));
  CHECK_FALSE(is_zero(ExponentialDuration{0ns}));
}

TEST_CASE("the mean of a distribution is rounded to a nanosecond", "[sim][distribution]") {
  CHECK(mean_of(constant(5us)) == 5us);
  CHECK(mean_of(ExponentialDuration{18ms}) == 18ms);
  CHECK(mean_of(LognormalDuration{7ms, 0.3}) == 7ms);
  CHECK(mean_of(EmpiricalDuration{{1ns, 2ns}}) == 2ns);                                      // 1.5, away from zero
  CHECK(mean_of(EmpiricalDuration{{1ns, 1ns, 2ns}}) == 1ns);                                 // 1.33
  CHECK(mean_of(EmpiricalDuration{{Duration::max(), Duration::max()}}) == Duration::max());  // the sum does not fit
  CHECK_THROWS_AS(mean_of(EmpiricalDuration{}), InvariantError);
}

TEST_CASE("a failed invariant says what and where", "[sim][ensure]") {
  CHECK_NOTHROW(ensure(true, "nothing"));
  std::string message;
  const auto line = std::to_string(__LINE__ + 2);
  try {
    ensure(false, "two queues in one slot");
  } catch (const InvariantError& error) {
    message = error.what();
  }
  CHECK(message.find("sim_time_test.cpp:" + line + ": two queues in one slot") != std::string::npos);
}

}  // namespace
}  // namespace userqsim::sim_time_test
