#include "sim/core/fluid_share.hpp"

#include <algorithm>

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
  const Wide pool = pool_of(span);
  const bool divided = is_divided();
  Wide dealt_before = 0;
  std::uint64_t width = 0;
  for (Flow& flow : flows_) {
    Wide share = 0;
    if (divided) {
      width += flow.width;
      const Wide dealt_up_to_it = dealt(pool, width);
      share = dealt_up_to_it - dealt_before;
      dealt_before = dealt_up_to_it;
    } else {
      share = static_cast<Wide>(span.count()) * whole_rate(flow.width);
    }
    flow.remaining -= share;
    granted_ += share;
  }
}

// Rounding is worked out only for who may come before the first so far: it gives a flow less than a tick too much,
// which the narrowest has in a nanosecond, if a nanosecond has a tick for each unit of width.
std::optional<FluidShare::Completion> FluidShare::next_completion() const {
  const bool divided = is_divided();
  const bool every_unit_has_a_tick = pool_of(Duration{1}) >= static_cast<Wide>(width_sum_);
  const Duration early = !divided ? Duration{0} : every_unit_has_a_tick ? Duration{1} : never;
  std::optional<Completion> next;
  std::uint64_t width_before = 0;
  for (const Flow& flow : flows_) {
    Duration after = smooth_time(flow);
    if (!next || after - early < next->after) {
      if (divided) after = rounded_time(flow, after, width_before);
      if (!next || after < next->after) next = Completion{after, flow.key};
    }
    width_before += flow.width;
  }
  return next;
}

// The ticks of a nanosecond that a flow has where there is nothing to divide: all fit, or it is alone.
std::int64_t FluidShare::whole_rate(std::uint32_t width) const {
  return std::int64_t{std::min(capacity_, width)} * ticks_per_unit_ns;
}

// What flows whose widths sum to `width`, from the first on, have of a pool.
Wide FluidShare::dealt(Wide pool, std::uint64_t width) const {
  return quotient(pool * static_cast<Wide>(width), static_cast<Wide>(width_sum_));
}

// When the flow has all it wants, to the nanosecond after, but for the rounding of the deal.
Duration FluidShare::smooth_time(const Flow& flow) const {
  if (flow.remaining <= 0) return Duration{0};
  Wide ns = 0;
  if (is_divided()) {
    const Wide rate = pool_of(Duration{1}) * flow.width;
    ns = quotient(flow.remaining * static_cast<Wide>(width_sum_) + rate - 1, rate);
  } else {
    const Wide rate = whole_rate(flow.width);
    ns = quotient(flow.remaining + rate - 1, rate);
  }
  return ns >= never.count() ? never : Duration{static_cast<std::int64_t>(ns)};
}

// The same with it. At the smooth time the flow has no less than it wants: of a sum rounded down each part is no
// less than itself rounded down, and what it wants is whole.
Duration FluidShare::rounded_time(const Flow& flow, Duration smooth, std::uint64_t width_before) const {
  const auto enough = [&](Duration span) {
    const Wide pool = pool_of(span);
    return dealt(pool, width_before + flow.width) - dealt(pool, width_before) >= flow.remaining;
  };
  Duration after = smooth;
  while (after > Duration{0} && after != never && enough(after - Duration{1})) after -= Duration{1};
  return after;
}

FluidShare::Flow& FluidShare::find(std::uint32_t key) {
  const auto it = std::find_if(flows_.begin(), flows_.end(), [&](const Flow& f) { return f.key == key; });
  ensure(it != flows_.end(), "no such flow");
  return *it;
}

}  // namespace userqsim
