// The portable logarithm and exponential against the long double functions of the library, in units of the last
// place of the true result. Where long double is no wider than double the bound still holds, with the library's own
// error.
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>

#include "sim/core/ensure.hpp"
#include "sim/core/portable_math.hpp"
#include "tests/support/catch.hpp"

namespace userqsim::sim_math_test {
namespace {

// How far `got` is from `expected`, in spacings of doubles at `expected`.
double ulps(double got, long double expected) {
  const long double magnitude = std::fabs(expected);
  int exponent = 0;
  std::frexp(magnitude, &exponent);
  const int spacing = std::max(exponent - 53, -1074);
  return static_cast<double>(std::fabs(static_cast<long double>(got) - expected) / std::ldexp(1.0L, spacing));
}

// A fixed walk over the doubles: Weyl's sequence on the golden ratio, so no region is missed and nothing is random.
template <class Visit>
void for_many_doubles_in(double low, double high, int count, Visit visit) {
  double fraction = 0.0;
  for (int i = 0; i < count; ++i) {
    fraction += 0.6180339887498949;
    if (fraction >= 1.0) fraction -= 1.0;
    visit(low + (high - low) * fraction);
  }
}

constexpr double bound = 1.0;
constexpr int many = 100'000;

double worst_log(double low, double high) {
  double worst = 0.0;
  for_many_doubles_in(low, high, many, [&worst](double x) {
    worst = std::max(worst, ulps(portable_log(x), std::log(static_cast<long double>(x))));
  });
  return worst;
}

double worst_exp(double low, double high) {
  double worst = 0.0;
  for_many_doubles_in(low, high, many, [&worst](double x) {
    worst = std::max(worst, ulps(portable_exp(x), std::exp(static_cast<long double>(x))));
  });
  return worst;
}

TEST_CASE("the logarithm is within one unit in the last place", "[sim][math]") {
  CHECK(worst_log(0.0, 1.0) < bound);  // every uniform draw
  CHECK(worst_log(0.49, 2.1) < bound);
  CHECK(worst_log(1.0 - 1e-6, 1.0 + 1e-6) < bound);  // where the result nearly vanishes
  CHECK(worst_log(1.0, 1e18) < bound);
  double worst = 0.0;  // every exponent, subnormals included
  for (int exponent = -1074; exponent <= 1023; ++exponent) {
    for_many_doubles_in(1.0, 2.0, 50, [&](double mantissa) {
      const double x = std::ldexp(mantissa, exponent);
      worst = std::max(worst, ulps(portable_log(x), std::log(static_cast<long double>(x))));
    });
  }
  CHECK(worst < bound);
}

TEST_CASE("the exponential is within one unit in the last place", "[sim][math]") {
  CHECK(worst_exp(-1.0, 1.0) < bound);
  CHECK(worst_exp(-1e-6, 1e-6) < bound);
  CHECK(worst_exp(-40.0, 40.0) < bound);
  CHECK(worst_exp(-745.0, 709.78) < bound);
}

TEST_CASE("both are exact where mathematics is", "[sim][math]") {
  CHECK(std::bit_cast<std::uint64_t>(portable_log(1.0)) == 0);  // +0, not -0
  CHECK(portable_exp(0.0) == 1.0);
  CHECK(portable_exp(-0.0) == 1.0);
  CHECK(portable_log(2.0) == 0x1.62e42fefa39efp-1);  // ln 2, correctly rounded
}

TEST_CASE("neither steps back across the borders of its reduction", "[sim][math]") {
  double log_border = 0x1.6a09e667f3bcdp+0;  // sqrt(2), where the exponent is counted up
  double exp_border = 0x1.62e42fefa39efp-2;  // ln(2) / 2
  for (int i = 0; i < 200; ++i) {
    log_border = std::nextafter(log_border, 0.0);
    exp_border = std::nextafter(exp_border, 0.0);
  }
  for (int i = 0; i < 400; ++i) {
    const double next_log = std::nextafter(log_border, 2.0);
    const double next_exp = std::nextafter(exp_border, 2.0);
    CHECK(ulps(portable_log(next_log), std::log(static_cast<long double>(next_log))) < bound);
    CHECK(ulps(portable_exp(next_exp), std::exp(static_cast<long double>(next_exp))) < bound);
    log_border = next_log;
    exp_border = next_exp;
  }
}

TEST_CASE("the ends of the range", "[sim][math]") {
  constexpr double largest = std::numeric_limits<double>::max();
  constexpr double tiniest = std::numeric_limits<double>::denorm_min();
  constexpr double infinity = std::numeric_limits<double>::infinity();
  CHECK(ulps(portable_log(largest), std::log(static_cast<long double>(largest))) < bound);
  CHECK(ulps(portable_log(tiniest), std::log(static_cast<long double>(tiniest))) < bound);
  CHECK(portable_exp(709.79) == infinity);  // log(2^1024) = 709.7827...
  CHECK(portable_exp(1e300) == infinity);
  CHECK(portable_exp(infinity) == infinity);
  CHECK(portable_exp(-745.1) == tiniest);  // log(2^-1074) = -744.44..., log(2^-1075) = -745.13...
  CHECK(portable_exp(-745.14) == 0.0);
  CHECK(portable_exp(-1e300) == 0.0);
  CHECK(portable_exp(-infinity) == 0.0);
  CHECK_THROWS_AS(portable_log(0.0), InvariantError);
  CHECK_THROWS_AS(portable_log(-1.0), InvariantError);
  CHECK_THROWS_AS(portable_log(infinity), InvariantError);
  CHECK_THROWS_AS(portable_log(std::numeric_limits<double>::quiet_NaN()), InvariantError);
  CHECK_THROWS_AS(portable_exp(std::numeric_limits<double>::quiet_NaN()), InvariantError);
}

TEST_CASE("the quick logarithm is as near to the portable one as it promises", "[sim][math]") {
  double worst = 0.0;
  const auto look = [&worst](double x) {
    const double off = std::fabs(quick_log(x) - portable_log(x));
    worst = std::isnan(off) ? off : std::max(worst, off);
  };
  for_many_doubles_in(0x1p-63, 1.0, many, look);
  for_many_doubles_in(1.0 - 1e-6, 1.0 - 1e-15, many, look);
  for (int exponent = 1; exponent < 64; ++exponent) {
    const double low = std::ldexp(1.0, -exponent);
    for_many_doubles_in(low, 2.0 * low, 1000, look);
    for (int stretch = 0; stretch < 128; ++stretch) {  // where one stretch of the table ends and the next begins
      const double edge = low * (1.0 + stretch / 128.0);
      look(edge);
      if (stretch > 0) look(std::nextafter(edge, 0.0));
    }
  }
  CHECK(worst < quick_log_error);
}

}  // namespace
}  // namespace userqsim::sim_math_test
