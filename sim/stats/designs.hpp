// Where a study looks: points of the unit cube, each coordinate a 64-bit fraction of one. Integers, so that a point
// is the same on every machine.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace userqsim {

// A number from 0 up to, not including, 1: `fraction` / 2^64.
using UnitPoint = std::vector<std::uint64_t>;

// A Latin hypercube: in each dimension the unit interval is cut into as many pieces as there are points, and each
// piece holds one. Which point gets which piece, and where in the piece it lies, is drawn for each dimension by
// itself. REQUIRES: at most 2^32 points.
std::vector<UnitPoint> latin_hypercube(std::uint64_t seed, std::size_t points, std::size_t dimensions);

// The first points of Sobol's sequence, from the origin on. Nothing is drawn: a longer one begins with a shorter
// one, and the first 2^k points hold one in each of the 2^k pieces of every dimension. REQUIRES: dimensions <=
// sobol_dimensions_max.
std::vector<UnitPoint> sobol_sequence(std::size_t points, std::size_t dimensions);
inline constexpr std::size_t sobol_dimensions_max = 3667;

}  // namespace userqsim
