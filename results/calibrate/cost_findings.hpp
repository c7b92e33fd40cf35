// Which costs the samples of a trace identify, and which they cannot, given the costs of a base profile.
//
// A trace shows sums (docs/model.md, Firmware): ADD_QUEUE is mes_api and registration; RESUME mes_api and
// resume_book; REMOVE_QUEUE of an idle queue in its slot mes_api, preempt_idle, unmap and teardown; SUSPEND up to
// its fence mes_api, preempt_idle, unmap and suspend_book. What one event alone shows is measured: worker_latency,
// and mes_api where MES is set up. The shared rest keeps the base's values, and the four unique costs get what
// remains, with a range over which the rest may lie. Of a MAPPED queue no more is seen than that no fence of its
// jobs was pending, not whether it was idle or in a slot: what it took to stop says nothing of a cost, unless the
// user knows that it was both.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "models/profiles/costs.hpp"
#include "results/calibrate/estimate.hpp"
#include "results/calibrate/trace_samples.hpp"

namespace userqsim {

// What was given, beside the trace.
struct CalibrationBase {
  std::string name;  // of the cost profile, for messages
  CostSpec costs;
  std::string kernel;             // kernel profile
  Duration api_poll{0};           // how often the driver looks at an API fence
  Duration suspend_poll{0};       // and at a suspend fence
  bool sees_suspend_end = false;  // whether it waits for that at all, and for one queue after the other
  bool idle = false;              // the user says that every queue that was stopped was idle, and in a slot
};

struct CostFinding {
  std::string_view cost;                 // its name
  std::optional<CostEstimate> estimate;  // nothing: the base's value was kept
  std::string how;                       // what was measured less what; or why the trace does not identify it
  std::string warning;                   // what the user has to know of it; empty: nothing
};

struct Calibration {
  CostSpec costs;
  std::vector<CostFinding> findings;  // one for each cost and factor, in the profile's order
};

// `traces` names the files, for the sources of what was measured.
Calibration calibrate(const TraceSamples& samples, const CalibrationBase& base, const std::string& traces);

// The cost of that name, to be read or set; null for the name of a factor.
Cost* find_cost(CostSpec& costs, std::string_view name);

}  // namespace userqsim
