#include "models/policy/policies.hpp"

#include <algorithm>
#include <array>

namespace userqsim {

namespace {

template <class View>
std::vector<PlanStep> every_queue(Primitive primitive, const View& view) {
  std::vector<PlanStep> plan;
  plan.reserve(view.queues.size());
  for (const QueueView& queue : view.queues) plan.push_back({primitive, queue.queue});
  return plan;
}

// Linux 6.18: SUSPEND each gang and keep it in MES; RESUME it.
StopPlan preempt_all(const StopView& view) { return every_queue(Primitive::preempt, view); }
RestartPlan restore_all(const RestartView& view) { return every_queue(Primitive::restore, view); }

// Linux 6.16, 6.17 and again 7.1: REMOVE_QUEUE takes each queue out of MES; ADD_QUEUE registers it anew.
StopPlan unmap_all(const StopView& view) { return every_queue(Primitive::unmap, view); }
RestartPlan map_all(const RestartView& view) { return every_queue(Primitive::map, view); }

constexpr std::array table{
    Policy{"preempt_restore", "SUSPEND each gang, RESUME it (Linux 6.18 to 7.1-rc6)", preempt_all, restore_all},
    Policy{"unmap_map", "REMOVE_QUEUE each queue, ADD_QUEUE it again (Linux 6.16, 6.17, 7.1)", unmap_all, map_all},
};

}  // namespace

std::span<const Policy> policies() { return table; }

std::vector<std::string> policy_names() {
  std::vector<std::string> names;
  for (const Policy& policy : table) names.emplace_back(policy.name);
  return names;
}

const Policy* find_policy(std::string_view name) {
  const auto* it = std::find_if(table.begin(), table.end(), [&](const Policy& p) { return p.name == name; });
  return it == table.end() ? nullptr : it;
}

}  // namespace userqsim
