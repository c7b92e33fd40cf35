// Eviction policies: what to do to a process's queues when they must stop, and when they may run again.
//
// A policy answers, the driver applies. Its functions are pure: they see what a driver could know (never the work
// a job has left) and return an ordered plan. To add a policy, write its functions in policies.cpp and add a line
// to the table there.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "models/policy/queue_state.hpp"
#include "models/policy/spec.hpp"
#include "models/workload/ids.hpp"
#include "models/workload/spec.hpp"
#include "sim/core/containers.hpp"

namespace userqsim {

// What the driver knows of one queue.
struct QueueView {
  QueueId queue;
  QueueType type = QueueType::compute;
  UserqState state = UserqState::mapped;
  bool fence_pending = false;  // its last fence has not signalled
};

using QueueViews = SmallVector<QueueView, 8>;

// Everything a plan may rest on. The queues are in order of creation.
struct StopView {
  QueueViews queues;
};
struct RestartView {
  QueueViews queues;
  bool others_stopped = false;  // another process is evicted, or about to be
  bool gangs_held = false;      // a packet that suspended every gang is in force
};

// Helpers to call, one after the other, in this order. The driver's helper decides by its own table whether the
// queue's state calls for a packet. preempt_all and restore_all name no queue: they are about every queue of the
// process.
struct PlanStep {
  Primitive primitive = Primitive::unmap;
  QueueId queue;
  auto fields() const { return std::tie(primitive, queue); }
};
using Plan = SmallVector<PlanStep, 8>;
using StopPlan = Plan;
using RestartPlan = Plan;

struct Policy {
  std::string_view name;
  std::string_view summary;
  StopPlan (*plan_stop)(const StopView&);
  RestartPlan (*plan_restart)(const RestartView&);
  // What is owed to the other processes when a process exits instead of being restarted; the view holds no queues.
  RestartPlan (*plan_exit)(const RestartView&);
  // A policy with a wait of its own: how long, in place of the release's, for each queue's last fence. A time-out
  // is no failure.
  std::optional<Duration> (*fence_wait)(const PolicySpec&);
};

std::span<const Policy> policies();
std::vector<std::string> policy_names();
// Nothing when there is no policy of that name.
const Policy* find_policy(std::string_view name);

}  // namespace userqsim
