#include "sim/core/fluid_share.hpp"

#include <algorithm>
#include <limits>

#include "sim/core/ensure.hpp"

namespace userqsim {

void FluidShare::start(std::uint32_t key, std::uint32_t width, Wide ticks) {
  ensure(std::none_of(flows_.begin(), flows_.end(), [&](const Flow& f) { return f.key == key; }),
         "a flow is started twice");
  ensure(width >= 1, "a flow without width can never finish");
  flows_.push_back({key, width, ticks});
  width_sum_ += width;
}

Wide FluidShare::stop(std::uint32_t key) {
  const Flow flow = find(key);
  std::erase_if(flows_, [&](const Flow& f) { return f.key == key; });
  width_sum_ -= flow.width;
  return flow.remaining;
}

void FluidShare::set_remaining(std::uint32_t key, Wide ticks) { find(key).remaining = ticks; }

Wide FluidShare::remaining(std::uint32_t key) const {
  const auto it = std::find_if(flows_.begin(), flows_.end(), [&](const Flow& f) { return f.key == key; });
  ensure(it != flows_.end(), "no such flow");
  return it->remaining;
}

void FluidShare::advance(SimTime now) {
  ensure(now >= last_, "a share advances backwards");
  const Duration span = now - last_;
  last_ = now;
  if (span == Duration{0}) return;
  std::uint64_t width_before = 0;
  for (Flow& flow : flows_) {
    const Wide share = grant(span, width_before, flow.width);
    flow.remaining -= share;
    granted_ += share;
    width_before += flow.width;
  }
}

std::optional<FluidShare::Completion> FluidShare::next_completion() const {
  std::optional<Completion> next;
  std::uint64_t width_before = 0;
  for (const Flow& flow : flows_) {
    const Duration after = time_to_complete(flow, width_before);
    if (!next || after < next->after) next = Completion{after, flow.key};
    width_before += flow.width;
  }
  return next;
}

// The ticks of a nanosecond that a flow has where there is nothing to divide: all fit, or it is alone. Else none.
std::optional<std::int64_t> FluidShare::whole_rate(std::uint32_t width) const {
  if (width_sum_ > capacity_ && width_sum_ > width) return std::nullopt;
  return std::int64_t{std::min(capacity_, width)} * ticks_per_unit_ns;
}

Wide FluidShare::grant(Duration span, std::uint64_t width_before, std::uint32_t width) const {
  if (const auto rate = whole_rate(width)) return static_cast<Wide>(span.count()) * *rate;
  const Wide pool = static_cast<Wide>(span.count()) * capacity_ * ticks_per_unit_ns;
  const Wide sum = static_cast<Wide>(width_sum_);
  const Wide before = static_cast<Wide>(width_before);
  return pool * (before + width) / sum - pool * before / sum;
}

Duration FluidShare::time_to_complete(const Flow& flow, std::uint64_t width_before) const {
  if (flow.remaining <= 0) return Duration{0};
  if (const auto rate = whole_rate(flow.width)) {
    const Wide ns = flow.remaining <= std::numeric_limits<std::int64_t>::max()
                        ? ceil_div(static_cast<std::int64_t>(flow.remaining), *rate)
                        : (flow.remaining + *rate - 1) / *rate;
    return ns >= never.count() ? never : Duration{static_cast<std::int64_t>(ns)};
  }
  // Ignoring the rounding of the deal, `remaining` takes remaining / rate; the rounding moves that by at most one
  // tick, which is less than a nanosecond of any flow: the answer is that time or the nanosecond after.
  const Wide pool_per_ns = Wide{capacity_} * ticks_per_unit_ns;
  const Wide numerator = flow.remaining * static_cast<Wide>(width_sum_);
  const Wide denominator = pool_per_ns * flow.width;
  const Wide quotient = (numerator + denominator - 1) / denominator;
  if (quotient >= never.count()) return never;
  auto ns = static_cast<std::int64_t>(quotient);
  const auto enough = [&](std::int64_t t) {
    return t >= 0 && grant(Duration{t}, width_before, flow.width) >= flow.remaining;
  };
  while (enough(ns - 1)) --ns;
  while (!enough(ns)) ++ns;
  return Duration{ns};
}

FluidShare::Flow& FluidShare::find(std::uint32_t key) {
  const auto it = std::find_if(flows_.begin(), flows_.end(), [&](const Flow& f) { return f.key == key; });
  ensure(it != flows_.end(), "no such flow");
  return *it;
}

}  // namespace userqsim
