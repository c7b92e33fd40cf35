#include "sim/stats/designs.hpp"

#include <algorithm>
#include <boost/random/sobol.hpp>
#include <numeric>
#include <utility>

#include "sim/core/draw.hpp"
#include "sim/core/ensure.hpp"
#include "sim/core/wide.hpp"

namespace userqsim {
namespace {

// What is drawn, apart from every purpose of the models (models/workload/purpose.hpp).
constexpr std::uint32_t purpose_order = 32;  // entity: dimension, ordinal: place in the shuffle
constexpr std::uint32_t purpose_place = 33;  // entity: dimension, ordinal: point

constexpr double two_to_53 = 9007199254740992.0;

// The pieces of one dimension, in the order in which points get them.
std::vector<std::uint64_t> shuffled(const Draws& draws, std::uint32_t dimension, std::size_t points) {
  std::vector<std::uint64_t> pieces(points);
  std::iota(pieces.begin(), pieces.end(), std::uint64_t{0});
  for (std::size_t last = points; last > 1; --last) {
    const double u = draws.uniform({purpose_order, dimension, last});
    // A product just below `last` may round up to it.
    const auto chosen = std::min(static_cast<std::size_t>(u * static_cast<double>(last)), last - 1);
    std::swap(pieces[chosen], pieces[last - 1]);
  }
  return pieces;
}

}  // namespace

std::vector<UnitPoint> latin_hypercube(std::uint64_t seed, std::size_t points, std::size_t dimensions) {
  ensure(points <= (std::size_t{1} << 32U), "a piece of the unit interval is told apart from its neighbours");
  const Draws draws(seed, 0);
  std::vector<UnitPoint> design(points, UnitPoint(dimensions));
  for (std::uint32_t d = 0; d < dimensions; ++d) {
    const std::vector<std::uint64_t> pieces = shuffled(draws, d, points);
    for (std::size_t p = 0; p < points; ++p) {
      const auto within = static_cast<std::uint64_t>(draws.uniform({purpose_place, d, p}) * two_to_53);
      const Wide place = (static_cast<Wide>(pieces[p]) << 53U) + within;
      design[p][d] = static_cast<std::uint64_t>((place << 11U) / static_cast<Wide>(points));
    }
  }
  return design;
}

std::vector<UnitPoint> sobol_sequence(std::size_t points, std::size_t dimensions) {
  ensure(dimensions <= sobol_dimensions_max, "as many dimensions as there are direction numbers");
  std::vector<UnitPoint> design(points, UnitPoint(dimensions));
  if (points == 0 || dimensions == 0) return design;
  boost::random::sobol sequence(dimensions);
  // The generator leaves the origin out; without it no 2^k points would be balanced.
  for (std::size_t p = 1; p < points; ++p) {
    for (std::uint64_t& fraction : design[p]) fraction = sequence();
  }
  return design;
}

}  // namespace userqsim
