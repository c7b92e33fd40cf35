#include "models/memory/move_budget.hpp"

#include <algorithm>
#include <bit>

namespace userqsim {

namespace {

constexpr std::int64_t saved_most = 200'000;           // us
constexpr Bytes enough_free{std::int64_t{128} << 20};  // of VRAM, or an eighth of it

}  // namespace

MoveBudget::MoveBudget(std::uint32_t rate, bool apu)
    : log_rate_(static_cast<std::uint32_t>(std::bit_width(rate)) - 1), apu_(apu) {}

std::int64_t MoveBudget::bytes_in(std::int64_t microseconds) const {
  return microseconds <= 0 || log_rate_ == 0 ? 0 : microseconds << log_rate_;
}

MoveBudget::Threshold MoveBudget::threshold(SimTime now, const VramState& vram) {
  const std::int64_t at = now.time_since_epoch() / std::chrono::microseconds{1};
  const std::int64_t passed = at - updated_;
  updated_ = at;
  saved_ = std::min(saved_ + passed, saved_most);
  if (vram.free >= enough_free || vram.free.value >= vram.size.value / 8) {
    saved_ = std::max(saved_, apu_ ? 0 : microseconds_of({vram.free.value / 4}));
  }
  Threshold allowed{{bytes_in(saved_)}, {0}};
  if (vram.visible == vram.size) return allowed;
  if (vram.visible_free.value > 0) {
    saved_visible_ = std::min(saved_visible_ + passed, saved_most);
    if (vram.visible_free.value >= vram.visible.value / 2)
      saved_visible_ = std::max(saved_visible_, microseconds_of({vram.visible_free.value / 2}));
  }
  allowed.visible = {bytes_in(saved_visible_)};
  return allowed;
}

void MoveBudget::pay(Bytes any, Bytes visible) {
  saved_ -= microseconds_of(any);
  saved_visible_ -= microseconds_of(visible);
}

}  // namespace userqsim
