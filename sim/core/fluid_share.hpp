// A capacity shared by flows in proportion to their widths, in exact fixed point.
//
// Each flow of width w asks for w units of capacity. While all widths fit, each runs at full speed; when they do
// not, each gets capacity * w / (sum of widths). Work is counted in ticks, 2^16 to a unit-nanosecond, and each span
// of time is dealt out by cumulative rounding, so what is granted adds up to the capacity to the tick: conservation
// is exact, whatever the order and number of advances. A completion rounds up to a nanosecond; what the last
// nanosecond granted too much is returned, for the next job on the same flow to start with.
#pragma once

#include <cstdint>
#include <optional>
#include <tuple>
#include <vector>

#include "sim/core/digest.hpp"
#include "sim/core/time.hpp"
#include "sim/core/wide.hpp"

namespace userqsim {

class FluidShare {
 private:
  struct Flow {
    std::uint32_t key = 0;
    std::uint32_t width = 1;
    Wide remaining = 0;
    auto fields() const { return std::tie(key, width, remaining); }
  };

 public:
  static constexpr std::int64_t ticks_per_unit_ns = std::int64_t{1} << 16;

  explicit FluidShare(std::uint32_t capacity = 1) : capacity_(capacity) {}

  // The ticks of `work` at full speed on `width` units.
  static Wide ticks(Duration work, std::uint32_t width) {
    return static_cast<Wide>(work.count()) * width * ticks_per_unit_ns;
  }

  // Begins a flow. REQUIRES: no flow of that key, width >= 1, ticks >= 0.
  void start(std::uint32_t key, std::uint32_t width, Wide ticks);
  // Ends the flow; the ticks it still wanted (negative: it was granted that many too much).
  Wide stop(std::uint32_t key);
  // Sets what the flow still wants.
  void set_remaining(std::uint32_t key, Wide ticks);
  Wide remaining(std::uint32_t key) const;

  // Deals out the capacity of the time since the last advance. Call before any start, stop or look at remaining().
  void advance(SimTime now);
  // The least time after the last advance at which some flow has all it wants, and that flow (the first started of
  // those); nothing when there is no flow.
  struct Completion {
    Duration after{0};
    std::uint32_t key = 0;
  };
  std::optional<Completion> next_completion() const;

  std::size_t flows() const { return flows_.size(); }
  // All ticks dealt out since the beginning: equals the integral of min(capacity, sum of widths), exactly.
  Wide granted() const { return granted_; }

  // Without flows there is nothing that time could have passed for.
  auto fields() const { return std::tuple<const std::vector<Flow>&, TimeIf>(flows_, {!flows_.empty(), last_}); }

 private:
  // The widths do not fit, and there are several to deal to.
  bool is_divided() const { return width_sum_ > capacity_ && flows_.size() > 1; }
  Wide pool_of(Duration span) const { return static_cast<Wide>(span.count()) * capacity_ * ticks_per_unit_ns; }
  std::int64_t whole_rate(std::uint32_t width) const;
  Wide dealt(Wide pool, std::uint64_t width) const;
  Duration smooth_time(const Flow& flow) const;
  Duration rounded_time(const Flow& flow, Duration smooth, std::uint64_t width_before) const;
  Flow& find(std::uint32_t key);

  std::uint32_t capacity_ = 1;
  std::uint64_t width_sum_ = 0;
  SimTime last_{};
  Wide granted_ = 0;
  std::vector<Flow> flows_;  // in order of start
};

}  // namespace userqsim
