// Points of the unit cube.
#include "sim/stats/designs.hpp"

#include <algorithm>
#include <set>

#include "tests/support/catch.hpp"

namespace userqsim::designs_test {

namespace {

constexpr std::uint64_t half = std::uint64_t{1} << 63U;
constexpr std::uint64_t quarter = half / 2;
constexpr std::uint64_t eighth = quarter / 2;

}  // namespace

TEST_CASE("a Sobol sequence begins at the origin and halves, quarters and eighths", "[designs]") {
  // Worked out by hand in Gray-code order: x(n+1) = x(n) xor the direction number of n's lowest zero bit. Direction
  // numbers: dimension 1: 1/2, 1/4, 1/8; dimension 2 (polynomial x + 1, m = 1, 3, 5): 1/2, 3/4, 5/8.
  const std::vector<UnitPoint> expected{{0, 0},
                                        {half, half},
                                        {half + quarter, quarter},
                                        {quarter, half + quarter},
                                        {quarter + eighth, quarter + eighth},
                                        {half + quarter + eighth, half + quarter + eighth}};
  CHECK(sobol_sequence(6, 2) == expected);
}

TEST_CASE("two to the k Sobol points have one in each piece of every dimension", "[designs]") {
  constexpr std::size_t points = 64;
  const std::vector<UnitPoint> design = sobol_sequence(points, 7);
  for (std::size_t d = 0; d < 7; ++d) {
    std::set<std::uint64_t> pieces;
    for (const UnitPoint& point : design) pieces.insert(point[d] >> 58U);  // the first six bits
    CHECK(pieces.size() == points);
  }
}

TEST_CASE("a Latin hypercube has one point in each piece of every dimension", "[designs]") {
  constexpr std::uint64_t points = 10;
  const std::vector<UnitPoint> design = latin_hypercube(7, points, 3);
  for (std::size_t d = 0; d < 3; ++d) {
    std::set<std::uint64_t> pieces;
    for (const UnitPoint& point : design) {
      pieces.insert(static_cast<std::uint64_t>(static_cast<double>(point[d]) / 18446744073709551616.0 * points));
    }
    CHECK(pieces.size() == points);
  }
}

TEST_CASE("a Latin hypercube is its seed's, and its dimensions are not alike", "[designs]") {
  CHECK(latin_hypercube(7, 20, 3) == latin_hypercube(7, 20, 3));
  CHECK(latin_hypercube(7, 20, 3) != latin_hypercube(8, 20, 3));
  const std::vector<UnitPoint> design = latin_hypercube(7, 20, 2);
  CHECK(std::any_of(design.begin(), design.end(), [](const UnitPoint& p) { return p[0] >> 59U != p[1] >> 59U; }));
  // A dimension more changes nothing of the others.
  CHECK(latin_hypercube(7, 20, 3)[4][1] == design[4][1]);
}

TEST_CASE("a design of one point, or of no dimension", "[designs]") {
  CHECK(latin_hypercube(1, 1, 2).size() == 1);
  CHECK(sobol_sequence(1, 2) == std::vector<UnitPoint>{{0, 0}});
  CHECK(sobol_sequence(3, 0).size() == 3);
}

}  // namespace userqsim::designs_test
