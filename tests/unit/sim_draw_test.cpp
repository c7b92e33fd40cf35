// Random draws: the engine's published vectors, the layout of key and counter, golden draws worked out with
// independent 60-digit arithmetic, and the moments that each distribution must have.
#include "sim/core/draw.hpp"

#include <Random123/philox.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <set>

#include "sim/core/ensure.hpp"
#include "sim/core/portable_math.hpp"
#include "tests/support/catch.hpp"

namespace userqsim::sim_draw_test {
namespace {

using namespace std::chrono_literals;
using Words = r123::Philox4x64::ctr_type;
using Key = r123::Philox4x64::key_type;

constexpr double two_to_minus_53 = 0x1p-53;

// The rule of the header: the upper 52 bits of a word, doubled, plus one, in units of 2^-53.
double uniform_of(std::uint64_t word) { return static_cast<double>((word / 4096) * 2 + 1) * two_to_minus_53; }

TEST_CASE("Philox4x64-10 gives its published vectors", "[sim][draw]") {
  // Random123, tests/kat_vectors, the three lines "philox4x64 10": counter, key, result.
  constexpr std::uint64_t all = ~std::uint64_t{0};
  const r123::Philox4x64 philox;
  CHECK(philox(Words{{0, 0, 0, 0}}, Key{{0, 0}}) ==
        Words{{0x16554d9eca36314c, 0xdb20fe9d672d0fdc, 0xd7e772cee186176b, 0x7e68b68aec7ba23b}});
  CHECK(philox(Words{{all, all, all, all}}, Key{{all, all}}) ==
        Words{{0x87b092c3013fe90b, 0x438c3c67be8d0224, 0x9cc7d7c69cd777b6, 0xa09caebf594f0ba0}});
  CHECK(philox(Words{{0x243f6a8885a308d3, 0x13198a2e03707344, 0xa4093822299f31d0, 0x082efa98ec4e6c89}},
               Key{{0x452821e638d01377, 0xbe5466cf34e90c6c}}) ==
        Words{{0xa528f45403e61d95, 0x38c72dbd566e9788, 0xa5a1610e72fd18b5, 0x57bd43b5e52b7fe6}});
}

TEST_CASE("a uniform draw is the first word of its own counter and key", "[sim][draw]") {
  CHECK(Draws(0, 0).uniform({0, 0, 0}) == uniform_of(0x16554d9eca36314c));  // the first published vector
  const std::uint64_t purpose = 0x80000001;
  const std::uint64_t entity = 0xfffffffe;
  const std::uint64_t ordinal = 0x123456789abcdef0;
  const Words words = r123::Philox4x64{}(Words{{purpose << 32 | entity, ordinal, 0, 0}}, Key{{42, 7}});
  CHECK(Draws(42, 7).uniform({0x80000001, 0xfffffffe, ordinal}) == uniform_of(words[0]));
}

TEST_CASE("every part of a draw's name matters", "[sim][draw]") {
  const std::set<double> draws{
      Draws(1, 0).uniform({1, 2, 3}), Draws(2, 0).uniform({1, 2, 3}), Draws(1, 1).uniform({1, 2, 3}),
      Draws(1, 0).uniform({2, 2, 3}), Draws(1, 0).uniform({1, 3, 3}), Draws(1, 0).uniform({1, 2, 4}),
      Draws(1, 0).uniform({2, 1, 3}),
  };
  CHECK(draws.size() == 7);
}

TEST_CASE("a constant draws nothing and is what it says", "[sim][draw]") {
  CHECK(Draws(1, 0).sample(constant(12us), {1, 2, 3}) == 12us);
  CHECK(Draws(1, 0).sample(constant(0ns), {1, 2, 3}) == 0ns);
}

// Philox in arbitrary-precision integers, logarithm, root and exponential in 60-digit decimals, then the header's
// rounding: none of it by this code.
TEST_CASE("golden draws", "[sim][draw]") {
  struct Golden {
    std::uint64_t seed;
    std::uint32_t replication;
    DrawPoint point;
    Duration exponential_18ms;
    Duration lognormal_7ms;
    std::size_t index_of_five;
  };
  const std::array golden{
      Golden{1, 0, {1, 2, 3}, 9'863'529ns, 8'255'038ns, 2},            // 9863528.808, 8255037.852
      Golden{1, 1, {1, 2, 3}, 54'007'871ns, 5'619'617ns, 0},           // 54007871.086, 5619616.843
      Golden{1, 0, {2, 1, 3}, 11'459'392ns, 9'106'168ns, 2},           // 11459391.883, 9106167.840
      Golden{42, 7, {3, 11, 1'000'000}, 29'279'465ns, 5'575'178ns, 0}  // 29279465.179, 5575177.713
  };
  const std::vector<Duration> five{10ns, 11ns, 12ns, 13ns, 14ns};
  for (const Golden& g : golden) {
    const Draws draws(g.seed, g.replication);
    CHECK(draws.sample(ExponentialDuration{18ms}, g.point) == g.exponential_18ms);
    CHECK(draws.sample(LognormalDuration{7ms, 0.3}, g.point) == g.lognormal_7ms);
    CHECK(draws.sample(EmpiricalDuration{five}, g.point) == five[g.index_of_five]);
  }
  // Points outside the disc are drawn again at the next attempt: these needed three and two.
  CHECK(Draws(1, 0).sample(LognormalDuration{7ms, 0.3}, {7, 0, 0}) == 8'039'218ns);  // 8039217.655
  CHECK(Draws(1, 0).sample(LognormalDuration{7ms, 0.3}, {7, 0, 7}) == 4'381'756ns);  // 4381756.159
}

// The mean of n independent draws lies within five standard errors of the mean: a fixed seed, so it always does.
TEST_CASE("draws have the moments of their distribution", "[sim][draw]") {
  constexpr std::uint64_t n = 100'000;
  const double root_n = std::sqrt(static_cast<double>(n));
  const Draws draws(2024, 3);
  struct Case {
    Distribution distribution;
    double deviation_ns;
  };
  const double mean = 1e6;
  const std::array cases{
      Case{ExponentialDuration{1ms}, mean},
      Case{LognormalDuration{1ms, 0.5}, mean * std::sqrt(std::exp(0.25) - 1.0)},
      // mean 0.8 * 0.5 + 0.2 * 3, second moment 2 * (0.8 * 0.25 + 0.2 * 9) = 4
      Case{HyperexponentialDuration{500us, 3ms, 0.2}, std::sqrt(3.0) * mean},
      Case{EmpiricalDuration{{0ms, 0ms, 3ms}}, std::sqrt(2.0) * mean},  // variance (1 + 1 + 4) / 3
  };
  for (const Case& c : cases) {
    double sum = 0.0;
    double squares = 0.0;
    for (std::uint64_t i = 0; i < n; ++i) {
      const double x = static_cast<double>(draws.sample(c.distribution, {9, 0, i}).count()) - mean;
      sum += x;
      squares += x * x;
    }
    CHECK(std::fabs(sum / static_cast<double>(n)) < 5.0 * c.deviation_ns / root_n);
    CHECK(std::sqrt(squares / static_cast<double>(n)) == Approx(c.deviation_ns).epsilon(0.03));
  }
}

TEST_CASE("each empirical value is equally likely", "[sim][draw]") {
  // Seven cells, 6 degrees of freedom: chi-squared is below 22.46 with probability 99.9 %.
  std::vector<Duration> values;
  for (int i = 0; i < 7; ++i) values.emplace_back(i);
  std::array<int, 7> counts{};
  constexpr int n = 70'000;
  for (int i = 0; i < n; ++i) {
    const Duration drawn = Draws(5, 0).sample(EmpiricalDuration{values}, {1, 1, static_cast<std::uint64_t>(i)});
    ++counts.at(static_cast<std::size_t>(drawn.count()));
  }
  const double expected = n / 7.0;
  double chi_squared = 0.0;
  for (const int count : counts) chi_squared += (count - expected) * (count - expected) / expected;
  CHECK(chi_squared < 22.46);
}

TEST_CASE("the edges of the distributions", "[sim][draw]") {
  const Draws draws(1, 0);
  for (std::uint64_t i = 0; i < 100; ++i) {
    CHECK(draws.sample(LognormalDuration{7ms, 0.0}, {1, 1, i}) == 7ms);
    CHECK(draws.sample(LognormalDuration{0ms, 0.5}, {1, 1, i}) == 0ns);
    CHECK(draws.sample(ExponentialDuration{0ms}, {1, 1, i}) == 0ns);
    CHECK(draws.sample(EmpiricalDuration{{5us}}, {1, 1, i}) == 5us);
  }
  CHECK_THROWS_AS(draws.sample(EmpiricalDuration{}, {1, 1, 0}), InvariantError);
  CHECK_THROWS_AS(draws.sample(constant(-1ns), {1, 1, 0}), InvariantError);
}

// Common random numbers: a slower machine meets the same draw, scaled.
// Of means from nothing to beyond those for which the quick logarithm is asked. At 2^40 ns one draw in four is too
// near the middle of two nanoseconds for it.
TEST_CASE("an exponential draw is mean * -log(uniform) to the nearest nanosecond, by the portable logarithm",
          "[sim][draw]") {
  const Draws draws(7, 3);
  for (const std::int64_t mean :
       {std::int64_t{0}, std::int64_t{1}, std::int64_t{1'000'000}, std::int64_t{999'999'999'999},
        std::int64_t{1} << 40, std::int64_t{1} << 42, (std::int64_t{1} << 42) + 1, std::int64_t{1} << 55}) {
    std::uint64_t wrong = 0;
    for (std::uint64_t ordinal = 0; ordinal < 20'000; ++ordinal) {
      const DrawPoint point{1, 2, ordinal};
      const double ns = static_cast<double>(mean) * -portable_log(draws.uniform(point));
      if (draws.sample(ExponentialDuration{Duration{mean}}, point) != duration_from_double(ns)) ++wrong;
    }
    INFO("mean " << mean);
    CHECK(wrong == 0);
  }
}

TEST_CASE("a longer mean stretches the same draw", "[sim][draw]") {
  const Draws draws(1, 0);
  for (std::uint64_t i = 0; i < 100; ++i) {
    const Duration once = draws.sample(ExponentialDuration{1s}, {1, 1, i});
    const Duration twice = draws.sample(ExponentialDuration{2s}, {1, 1, i});
    CHECK(std::abs((twice - 2 * once).count()) <= 1);  // each is rounded by itself
  }
}

}  // namespace
}  // namespace userqsim::sim_draw_test
