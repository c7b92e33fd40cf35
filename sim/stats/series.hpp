// Series in order of time: where their warm-up ends.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

namespace userqsim {

// How many observations to leave out at the beginning, by MSER-5 (White, Cobb and Spratt, 2000): of the means of
// five, so many that the standard error of the mean of the others is smallest. Nothing where that is half of them
// or more, or with fewer than ten means: then the series is too short to say.
std::optional<std::size_t> mser5(const std::vector<double>& series);

}  // namespace userqsim
