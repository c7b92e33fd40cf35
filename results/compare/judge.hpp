// What the rows of a comparison let one say: corrected for the metrics that are read together, and whether a
// difference matters.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "results/compare/comparison.hpp"

namespace userqsim {

// What differs by less than this does not matter: a share of what the first policy has, or a size in the metric's
// unit.
struct Band {
  double size = 0.0;
  bool is_share = true;
};

// 5 % of what the first policy has; of a share one percentage point; of what should never happen (hazards,
// evictions that hung or were given up) nothing.
Band default_band(std::string_view metric);
// "5 %", "1 point", "0"
std::string text_of(const Band& band, std::string_view unit);

// What the user said instead, for all metrics or for one.
struct Bands {
  std::optional<Band> all;
  std::map<std::string, Band, std::less<>> named;

  Band of(std::string_view metric) const;
};

// Fills in p_holm, band and answer. Read together are, within one variant, the means of the headline metrics of
// each other policy against the first: those have a p_holm. The band is of value_a of the same row under the base,
// so that it is one for all variants.
void judge(Comparison& comparison, const Bands& bands);

}  // namespace userqsim
