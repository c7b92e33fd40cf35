#include "sim/stats/kaplan_meier.hpp"

#include <algorithm>
#include <iterator>
#include <ranges>

#include "sim/core/ensure.hpp"

namespace userqsim {

KaplanMeier::KaplanMeier(std::span<const std::int64_t> complete, std::span<const std::int64_t> censored)
    : complete_(complete) {
  for (const auto times : {complete, censored}) {
    ensure(std::is_sorted(times.begin(), times.end()), "times of a product-limit estimate ascend");
  }
  if (!complete.empty()) longest_ = complete.back();
  if (!censored.empty()) longest_ = std::max(longest_.value_or(censored.back()), censored.back());
  const auto all = static_cast<std::int64_t>(complete.size() + censored.size());
  stretches_.push_back({.first = 0, .factor = 1.0, .of = std::max<std::int64_t>(all, 1)});
  for (std::size_t c = 0; c < censored.size();) {
    // One that is cut off at the moment at which another ends is at risk then.
    const auto next = std::upper_bound(complete.begin(), complete.end(), censored[c]);
    if (next == complete.end()) break;
    std::int64_t cut_off = 0;
    for (; c < censored.size() && censored[c] < *next; ++c) ++cut_off;
    const auto first = static_cast<std::size_t>(next - complete.begin());
    const Stretch& before = stretches_.back();
    stretches_.push_back({first, before.value(first), before.remaining(first) - cut_off});
  }
}

std::size_t KaplanMeier::end_of(const Stretch& stretch) const {
  return &stretch == &stretches_.back() ? complete_.size() : std::next(&stretch)->first;
}

double KaplanMeier::survival(std::int64_t time) const {
  const auto after = std::upper_bound(complete_.begin(), complete_.end(), time);
  if (after == complete_.begin()) return 1.0;
  const auto ended = static_cast<std::size_t>(after - complete_.begin());
  const auto behind = std::partition_point(stretches_.begin(), stretches_.end(),
                                           [&](const Stretch& stretch) { return stretch.first < ended; });
  return std::prev(behind)->value(ended);
}

std::optional<std::int64_t> KaplanMeier::quantile_permille(std::int64_t p) const {
  ensure(p > 0 && p <= 1000, "a quantile is given in parts per thousand, from 1 to 1000");
  for (const Stretch& stretch : stretches_) {
    const auto most = static_cast<double>(stretch.of * (1000 - p));
    const auto durations = std::views::iota(stretch.first, end_of(stretch));
    const auto found = std::ranges::partition_point(durations, [&](std::size_t i) {
      return stretch.factor * static_cast<double>(stretch.remaining(i + 1) * 1000) > most;
    });
    if (found != durations.end()) return complete_[*found];
  }
  return std::nullopt;
}

std::optional<double> KaplanMeier::restricted_mean(std::int64_t horizon) const {
  if (!longest_) return std::nullopt;
  const std::int64_t end = std::min(horizon, *longest_);
  double area = 0.0;
  double height = 1.0;
  std::int64_t from = 0;
  for (const Stretch& stretch : stretches_) {
    for (std::size_t i = stretch.first; i < end_of(stretch) && complete_[i] < end; ++i) {
      area += height * static_cast<double>(complete_[i] - from);
      from = complete_[i];
      height = stretch.value(i + 1);
    }
  }
  return area + height * static_cast<double>(end - from);
}

}  // namespace userqsim
