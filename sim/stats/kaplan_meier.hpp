// Durations of which some are known only to exceed what was seen: the product-limit estimator (Kaplan and Meier,
// 1958). It holds where what cuts an observation off does not look at how long it will last, as the end of a run.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

namespace userqsim {

class KaplanMeier {
 public:
  // REQUIRES: both ascend.
  KaplanMeier(const std::vector<std::int64_t>& complete, const std::vector<std::int64_t>& censored);

  // The share that lasts longer than `time`.
  double survival(std::int64_t time) const;
  // The shortest time by which p parts per thousand have ended; nothing when the curve does not fall so far.
  // Without censored observations this is the nearest-rank quantile. REQUIRES: 1 <= p <= 1000.
  std::optional<std::int64_t> quantile_permille(std::int64_t p) const;
  // The mean of the durations, each cut at `horizon`: the area under the curve up to there. Behind the longest
  // observation nothing is known, and the curve is taken to end there (Efron, 1967), so that where the longest was
  // cut off this is a lower bound. Nothing without observations.
  std::optional<double> restricted_mean(std::int64_t horizon) const;

 private:
  // The curve from `time` on is factor * remaining / of: so that without censoring it is a ratio of whole numbers.
  struct Step {
    std::int64_t time = 0;
    double factor = 1.0;
    std::int64_t remaining = 0;
    std::int64_t of = 1;
    double value() const { return factor * static_cast<double>(remaining) / static_cast<double>(of); }
  };
  std::vector<Step> steps_;
  std::optional<std::int64_t> longest_;
};

}  // namespace userqsim
