// The cost of one thing, this time: the profile's value, drawn by the cost's name, the entity and the entity's own
// ordinal. Two policies pay the same for the n-th eviction of the same queue.
#pragma once

#include <cstdint>

#include "models/profiles/costs.hpp"
#include "models/workload/purpose.hpp"
#include "sim/core/draw.hpp"

namespace userqsim {

// Numbers are part of every result: never reuse, never reorder.
enum class CostName : std::uint32_t {
  mes_api = 0,
  preempt_idle = 1,
  preempt_running = 2,
  unmap = 3,
  map = 4,
  connect = 5,
  context_boundary = 6,
  worker_latency = 7,
  submit = 8,
  page_table_base = 9,
  page_table_fragment = 10,
  tlb_flush = 11,
  move_window = 12,
  userptr_page = 13,
  teardown = 14,
  registration = 15,
  suspend_book = 16,
  resume_book = 17,
  queue_reset = 18,
  mode1_reset = 19,
  mode2_reset = 20,
};

class CostDraws {
 public:
  CostDraws(const CostSpec& costs, const Draws& draws) : costs_(&costs), draws_(&draws) {}

  const CostSpec& spec() const { return *costs_; }
  Duration of(CostName name, std::uint32_t entity, std::uint64_t ordinal) const {
    const auto purpose = static_cast<std::uint32_t>(Purpose::cost) + static_cast<std::uint32_t>(name);
    return draws_->sample(cost(name).value, {purpose, entity, ordinal});
  }

 private:
  const Cost& cost(CostName name) const;

  const CostSpec* costs_;
  const Draws* draws_;
};

}  // namespace userqsim
