// How much submissions through the kernel may move before they leave buffers where they are
// (amdgpu_cs_get_threshold_for_moves): a purse of microseconds of moving that fills with time up to 200 ms, and at
// once where much VRAM is free. Whatever a submission moves is paid, with debts where one buffer was more than
// there was. What the CPU sees of VRAM has a purse of its own where that is not all.
//
// OWNED BY Memory: one a device.
#pragma once

#include <cstdint>
#include <tuple>

#include "sim/core/bytes.hpp"
#include "sim/core/time.hpp"

namespace userqsim {

// VRAM as a submission finds it.
struct VramState {
  Bytes size{0};
  Bytes free{0};
  Bytes visible{0};  // of the size, and of what is free
  Bytes visible_free{0};
};

class MoveBudget {
 public:
  // `rate` in MB/s counts as the power of two at or below it. REQUIRES: rate >= 1.
  MoveBudget(std::uint32_t rate, bool apu);

  struct Threshold {
    Bytes any{0};
    Bytes visible{0};
  };
  // What a submission at `now` may move. Times must not decrease.
  Threshold threshold(SimTime now, const VramState& vram);
  void pay(Bytes any, Bytes visible);

  auto fields() const { return std::tie(saved_, saved_visible_); }

 private:
  std::int64_t bytes_in(std::int64_t microseconds) const;
  std::int64_t microseconds_of(Bytes bytes) const { return bytes.value >> log_rate_; }

  std::uint32_t log_rate_ = 0;  // 2^n bytes a microsecond; 0: nothing is moved
  bool apu_ = false;
  std::int64_t saved_ = 0;  // microseconds; negative: debts
  std::int64_t saved_visible_ = 0;
  std::int64_t updated_ = 0;  // microsecond of the last look
};

}  // namespace userqsim
