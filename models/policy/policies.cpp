#include "models/policy/policies.hpp"

#include <algorithm>
#include <array>

namespace userqsim {

namespace {

template <class View>
Plan every_queue(Primitive primitive, const View& view) {
  Plan plan;
  plan.reserve(view.queues.size());
  for (const QueueView& queue : view.queues) plan.push_back({primitive, queue.queue});
  return plan;
}

Plan nothing(const RestartView&) { return {}; }
std::optional<Duration> as_the_release(const PolicySpec&) { return std::nullopt; }

// Linux 6.18: SUSPEND each gang and keep it in MES; RESUME it.
StopPlan preempt_each(const StopView& view) { return every_queue(Primitive::preempt, view); }
RestartPlan restore_each(const RestartView& view) { return every_queue(Primitive::restore, view); }

// Linux 6.16, 6.17 and again 7.1: REMOVE_QUEUE takes each queue out of MES; ADD_QUEUE registers it anew.
StopPlan unmap_each(const StopView& view) { return every_queue(Primitive::unmap, view); }
RestartPlan map_each(const RestartView& view) { return every_queue(Primitive::map, view); }

// Proposed in the thread that brought unmap back: take out what is done or soon will be, preempt what is not.
StopPlan unmap_the_done(const StopView& view) {
  StopPlan plan;
  for (const QueueView& queue : view.queues) {
    plan.push_back({queue.fence_pending ? Primitive::preempt : Primitive::unmap, queue.queue});
  }
  return plan;
}
RestartPlan as_each_was_stopped(const RestartView& view) {
  RestartPlan plan;
  for (const QueueView& queue : view.queues) {
    plan.push_back({queue.state == UserqState::preempted ? Primitive::restore : Primitive::map, queue.queue});
  }
  return plan;
}
std::optional<Duration> hybrid_wait(const PolicySpec& spec) { return spec.hybrid_wait; }

// One SUSPEND with suspend_all_gangs for the whole process, however many queues it has; everybody else's gangs stop
// with them. While a second process is stopped, nobody may resume its gangs: whoever restarts first resumes its own
// one by one, and the last resumes all.
StopPlan suspend_every_gang(const StopView&) { return {{Primitive::preempt_all, QueueId::none()}}; }
RestartPlan resume_every_gang(const RestartView& view) {
  if (view.others_stopped || !view.gangs_held) return restore_each(view);
  return {{Primitive::restore_all, QueueId::none()}};
}
RestartPlan release_the_others(const RestartView& view) {
  if (view.others_stopped || !view.gangs_held) return {};
  return {{Primitive::restore_all, QueueId::none()}};
}

constexpr std::array table{
    Policy{"preempt_restore", "SUSPEND each gang, RESUME it (Linux 6.18 to 7.1-rc6)", preempt_each, restore_each,
           nothing, as_the_release},
    Policy{"unmap_map", "REMOVE_QUEUE each queue, ADD_QUEUE it again (Linux 6.16, 6.17, 7.1)", unmap_each, map_each,
           nothing, as_the_release},
    Policy{"hybrid", "wait a little for each last fence: signalled, unmap the queue; else preempt it (proposed)",
           unmap_the_done, as_each_was_stopped, nothing, hybrid_wait},
    Policy{"suspend_all", "one SUSPEND for every gang of the device, bystanders too; one RESUME",
           suspend_every_gang, resume_every_gang, release_the_others, as_the_release},
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
