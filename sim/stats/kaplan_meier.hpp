// Durations of which some are known only to exceed what was seen: the product-limit estimator (Kaplan and Meier,
// 1958). It holds where what cuts an observation off does not look at how long it will last, as the end of a run.
// It looks at the durations where they lie, and itself takes room only for what was cut off.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace userqsim {

class KaplanMeier {
 public:
  // REQUIRES: both ascend, and outlive it.
  KaplanMeier(std::span<const std::int64_t> complete, std::span<const std::int64_t> censored);

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
  // Durations that end one after the other while nobody is cut off: the curve falls from `factor` on in proportion
  // to those that remain of `of`, so that without censoring it is a ratio of whole numbers.
  struct Stretch {
    std::size_t first = 0;  // of those that are complete
    double factor = 1.0;
    std::int64_t of = 1;
    std::int64_t remaining(std::size_t ended) const { return of - static_cast<std::int64_t>(ended - first); }
    // When so many are over of all that are complete.
    double value(std::size_t ended) const {
      return factor * static_cast<double>(remaining(ended)) / static_cast<double>(of);
    }
  };
  // The first duration behind a stretch.
  std::size_t end_of(const Stretch& stretch) const;

  std::span<const std::int64_t> complete_;
  std::vector<Stretch> stretches_;
  std::optional<std::int64_t> longest_;
};

}  // namespace userqsim
