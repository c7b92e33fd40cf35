#include "sim/stats/kaplan_meier.hpp"

#include <algorithm>
#include <cstddef>

#include "sim/core/ensure.hpp"

namespace userqsim {

KaplanMeier::KaplanMeier(const std::vector<std::int64_t>& complete, const std::vector<std::int64_t>& censored) {
  for (const std::vector<std::int64_t>* times : {&complete, &censored}) {
    ensure(std::is_sorted(times->begin(), times->end()), "times of a product-limit estimate ascend");
  }
  steps_.reserve(complete.size());
  if (!complete.empty()) longest_ = complete.back();
  if (!censored.empty()) longest_ = std::max(longest_.value_or(censored.back()), censored.back());
  auto at_risk = static_cast<std::int64_t>(complete.size() + censored.size());
  Step now{.time = 0, .factor = 1.0, .remaining = at_risk, .of = std::max<std::int64_t>(at_risk, 1)};
  std::size_t c = 0;
  for (std::size_t i = 0; i < complete.size();) {
    const std::int64_t time = complete[i];
    std::int64_t ended = 0;
    for (; i < complete.size() && complete[i] == time; ++i) ++ended;
    std::int64_t cut_off = 0;  // one that is cut off at the moment at which another ends is at risk then
    for (; c < censored.size() && censored[c] < time; ++c) ++cut_off;
    if (cut_off > 0) {
      at_risk -= cut_off;
      now.factor = now.value();
      now.remaining = now.of = at_risk;
    }
    at_risk -= ended;
    now.time = time;
    now.remaining = at_risk;
    steps_.push_back(now);
  }
}

double KaplanMeier::survival(std::int64_t time) const {
  const auto after = std::upper_bound(steps_.begin(), steps_.end(), time,
                                      [](std::int64_t t, const Step& s) { return t < s.time; });
  return after == steps_.begin() ? 1.0 : std::prev(after)->value();
}

std::optional<std::int64_t> KaplanMeier::quantile_permille(std::int64_t p) const {
  ensure(p > 0 && p <= 1000, "a quantile is given in parts per thousand, from 1 to 1000");
  for (const Step& step : steps_) {
    const double left = step.factor * static_cast<double>(step.remaining * 1000);
    if (left <= static_cast<double>(step.of * (1000 - p))) return step.time;
  }
  return std::nullopt;
}

std::optional<double> KaplanMeier::restricted_mean(std::int64_t horizon) const {
  if (!longest_) return std::nullopt;
  const std::int64_t end = std::min(horizon, *longest_);
  double area = 0.0;
  double height = 1.0;
  std::int64_t from = 0;
  for (const Step& step : steps_) {
    if (step.time >= end) break;
    area += height * static_cast<double>(step.time - from);
    from = step.time;
    height = step.value();
  }
  return area + height * static_cast<double>(end - from);
}

}  // namespace userqsim
