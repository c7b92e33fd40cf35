#include "sim/core/portable_math.hpp"

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <limits>

#include "sim/core/ensure.hpp"

namespace userqsim {
namespace {

// ln 2 in two parts. The high part ends in sixteen zero bits, so k * ln2_high is exact for every exponent k of a
// double; the low part is the rest, rounded.
constexpr double ln2_high = 0x1.62e42fefap-1;
constexpr double ln2_low = 0x1.cf79abc9e3b3ap-40;

constexpr int mantissa_bits = 52;
constexpr int exponent_bias = 1023;
constexpr std::uint64_t mantissa_mask = (std::uint64_t{1} << mantissa_bits) - 1;

// 2^k. REQUIRES: -1022 <= k <= 1023.
constexpr double power_of_two(int k) {
  return std::bit_cast<double>(static_cast<std::uint64_t>(k + exponent_bias) << mantissa_bits);
}

// x = mantissa * 2^exponent with mantissa in [sqrt(1/2), sqrt(2)], so that log(mantissa) is small and never cancels
// against the exponent's part when x is near 1.
struct Split {
  double mantissa;
  int exponent;
};

constexpr Split split(double x) {
  int exponent = 0;
  if (x < std::numeric_limits<double>::min()) {  // a subnormal: scaled up first, exactly
    x *= power_of_two(54);
    exponent = -54;
  }
  const auto bits = std::bit_cast<std::uint64_t>(x);
  exponent += static_cast<int>(bits >> mantissa_bits) - exponent_bias;
  const std::uint64_t one = static_cast<std::uint64_t>(exponent_bias) << mantissa_bits;
  constexpr std::uint64_t root_of_two = std::bit_cast<std::uint64_t>(1.4142135623730951) & mantissa_mask;
  // Above the root, half the mantissa and twice the power. Without a branch, which would be guessed wrong for half
  // of all random numbers.
  const std::uint64_t fraction = bits & mantissa_mask;
  const std::uint64_t above = fraction > root_of_two ? 1 : 0;
  return {std::bit_cast<double>(fraction | (one - (above << mantissa_bits))), exponent + static_cast<int>(above)};
}

// 2/3, 2/5, 2/7, ...: the series of 2 atanh(s) after its first term. |s| <= 0.1716, so ten terms leave an error of
// 2e-19, far below the last bit.
constexpr auto atanh_coefficients = [] {
  std::array<double, 10> c{};
  for (std::size_t i = 0; i < c.size(); ++i) c[i] = 2.0 / static_cast<double>(2 * i + 3);
  return c;
}();

// 1/2!, 1/3!, ..., 1/14!: the Taylor series of exp after 1 + r. |r| <= ln(2)/2, so the remainder is below 1e-19.
constexpr auto exp_coefficients = [] {
  std::array<double, 13> c{};
  double factorial = 1.0;  // exact: 14! is far below 2^53
  for (std::size_t i = 0; i < c.size(); ++i) {
    factorial *= static_cast<double>(i + 2);
    c[i] = 1.0 / factorial;
  }
  return c;
}();

// ((c[N-1] x + c[N-2]) x + ...) x + c[0], written out: the steps wait for each other as it is.
template <std::size_t I = 0, std::size_t N>
constexpr double horner(const std::array<double, N>& coefficients, double x) {
  if constexpr (I + 1 == N) {
    return coefficients[I];
  } else {
    return horner<I + 1>(coefficients, x) * x + coefficients[I];
  }
}

constexpr double log_of(double x) {
  const auto [mantissa, exponent] = split(x);
  // With f = mantissa - 1 (exact) and s = f / (2 + f): log(1 + f) = 2 atanh(s) = 2s + s * tail. Because 2s = f - s
  // f, that is f - s (f - tail): the rounding of s then touches only the small second part.
  const double f = mantissa - 1.0;
  const double s = f / (2.0 + f);
  const double s_squared = s * s;
  const double tail = s_squared * horner(atanh_coefficients, s_squared);
  const double k = exponent;
  const double correction = s * (f - tail) - k * ln2_low;
  return k * ln2_high + (f - correction);
}

// For each of 128 stretches of a mantissa: near the inverse of its middle, and the logarithm of what that is the
// inverse of.
constexpr int stretch_bits = 7;
struct Stretch {
  double inverse;
  double log;
};
constexpr auto stretches = [] {
  std::array<Stretch, 1U << stretch_bits> table{};
  for (std::size_t i = 0; i < table.size(); ++i) {
    const double middle = 1.0 + (static_cast<double>(i) + 0.5) / static_cast<double>(table.size());
    table[i] = {1.0 / middle, -log_of(1.0 / middle)};
  }
  return table;
}();

}  // namespace

double portable_log(double x) {
  ensure(x > 0.0 && x <= std::numeric_limits<double>::max(), "a logarithm needs a finite number above zero");
  return log_of(x);
}

// log(2^k m) = k ln 2 - log(inverse) + log(m inverse), where m inverse = 1 + r and |r| < 2^-8 and a little: the
// series of log(1 + r) after its sixth term is below 2^-58. No step needs another's result but where it must: this
// is to be quick.
double quick_log(double x) {
  const auto bits = std::bit_cast<std::uint64_t>(x);
  const std::uint64_t fraction = bits & mantissa_mask;
  const auto exponent = static_cast<int>(bits >> mantissa_bits) - exponent_bias;
  const Stretch& stretch = stretches[fraction >> (mantissa_bits - stretch_bits)];
  const auto mantissa =
      std::bit_cast<double>(fraction | static_cast<std::uint64_t>(exponent_bias) << mantissa_bits);
  const double r = mantissa * stretch.inverse - 1.0;
  const double r_squared = r * r;
  const double low = r - 0.5 * r_squared;
  const double high = (1.0 / 3.0 - 0.25 * r) + r_squared * (0.2 - r * (1.0 / 6.0));
  return (exponent * (ln2_high + ln2_low) + stretch.log) + (low + r * r_squared * high);
}

double portable_exp(double x) {
  ensure(x == x, "an exponential needs a number");
  if (x > 709.8) return std::numeric_limits<double>::infinity();  // above log(2^1024)
  if (x < -745.2) return 0.0;                                     // below log(2^-1075)
  // x = k ln 2 + r, |r| <= ln(2)/2. `high` is exact or nearly so; what r loses by rounding comes back as `lost`.
  constexpr double one_over_ln2 = 1.4426950408889634;
  const int k = static_cast<int>(x * one_over_ln2 + (x < 0.0 ? -0.5 : 0.5));
  const double high = x - k * ln2_high;
  const double low = k * ln2_low;
  const double r = high - low;
  const double lost = (high - r) - low;
  const double tail = r * r * horner(exp_coefficients, r);
  const double mantissa = 1.0 + (r + (tail + lost));
  // Two steps, because 2^k itself may be out of range; the first is exact, so only the second can round.
  const int half = k / 2;
  return mantissa * power_of_two(half) * power_of_two(k - half);
}

}  // namespace userqsim
