#include "results/calibrate/cost_findings.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "sim/config/units.hpp"

namespace userqsim {
namespace {

// Why a trace never tells these, or what it would have to hold.
constexpr std::array<std::pair<std::string_view, std::string_view>, 23> reasons{{
    {"mes_api",
     "seen alone only from the emission of SET_HW_RSRC to that of QUERY_SCHEDULER_STATUS, when MES is set "
     "up; the trace has none"},
    {"preempt_idle", "seen only in sums with unmap and a unique cost"},
    {"preempt_running", "no event tells it from the drain or the save of the waves"},
    {"unmap", "seen only in sums with preempt_idle and a unique cost"},
    {"map", "no event tells when MES puts a queue into a slot"},
    {"connect", "no event tells when a pipe connects a queue"},
    {"context_boundary", "no event tells when waves stand still"},
    {"worker_latency", "the trace has no worker from workqueue_queue_work to workqueue_execute_start"},
    {"submit", "amdgpu_userq_emit_fence tells no start of the ioctl"},
    {"page_table_base", "no event stands between validation, page-table update and the wait for moves"},
    {"page_table_fragment", "no event tells how many entries an update wrote"},
    {"tlb_flush",
     "seen from the emission of MISC or INV_TLBS to the next eviction fence; the trace has no such pair"},
    {"move_window", "amdgpu_bo_move tells when a move is queued, not when it is done"},
    {"userptr_page", "no event tells how many pages were faulted again"},
    {"queue_reset",
     "seen only from the emission of RESET to that of REMOVE_QUEUE, with no call between; the trace "
     "has none"},
    {"mode1_reset", "no event that is read tells how long a reset takes"},
    {"mode2_reset", "no event that is read tells how long a reset takes"},
    {"teardown", "the trace has no REMOVE_QUEUE that can be used"},
    {"registration", "the trace has no ADD_QUEUE that can be used"},
    {"suspend_book", "the trace has no SUSPEND that can be used"},
    {"resume_book", "the trace has no RESUME that can be used"},
    {"gtt_slowdown", "a trace tells nothing of the work of jobs"},
    {"context_fill", "a trace tells nothing of the waves' state"},
}};

std::string_view reason_of(std::string_view cost) {
  for (const auto& [name, reason] : reasons) {
    if (name == cost) return reason;
  }
  return "the trace tells nothing of it";
}

// Says why the base's value stays; once, where the base was calibrated itself.
void note_kept(std::string& source, std::string_view cost) {
  constexpr std::string_view note = "; kept by calibrate: ";
  source.resize(std::min(source.find(note), source.size()));
  source += fmt::format("{}{}", note, reason_of(cost));
}

constexpr std::int64_t clock_step = 1'000;  // traces are printed in microseconds

// The members of a cost profile by name.
class Members {
 public:
  std::vector<std::pair<std::string_view, Cost*>> costs;  // null for a factor

  void required(std::string_view key, Cost& cost, std::string_view, Limits = {}) { costs.emplace_back(key, &cost); }
  void required(std::string_view key, Factor&, std::string_view, Limits = {}) { costs.emplace_back(key, nullptr); }
};

class Attribution {
 public:
  Attribution(const TraceSamples& samples, const CalibrationBase& base, const std::string& traces)
      : samples_(samples), base_(base), traces_(traces), costs_(base.costs) {}

  Calibration run() {
    const Resolution poll{base_.api_poll.count(), true};
    const Resolution last_poll{base_.suspend_fence_wait ? base_.suspend_poll.count() : base_.api_poll.count(),
                               true};
    find("worker_latency", samples_.worker_latency, {clock_step, false}, {},
         "from the work's queueing to its start");
    find("mes_api", samples_.mes_api, poll, {}, "SET_HW_RSRC's emission to that of QUERY_SCHEDULER_STATUS");
    find("tlb_flush", samples_.tlb_flush, poll, {"mes_api"}, "a flush's emission to its end");
    find("queue_reset", samples_.queue_reset, poll, {"mes_api"}, "RESET's emission to that of REMOVE_QUEUE");
    find("registration", Service::add, poll, {"mes_api"});
    find("resume_book", Service::resume, poll, {"mes_api"});
    const std::vector<std::string_view> stop{"mes_api", "preempt_idle", "unmap"};
    if (samples_.of(Service::remove).served.empty()) {
      find("teardown", Service::remove_preempted, poll, {"mes_api"});
    } else {
      find("teardown", Service::remove, poll, stop);
    }
    find("suspend_book", Service::suspend, last_poll,
         base_.suspend_fence_wait ? stop : std::vector<std::string_view>{"mes_api"});
    return finish();
  }

 private:
  void find(std::string_view cost, Service service, const Resolution& resolution,
            const std::vector<std::string_view>& given) {
    const ServiceSamples& calls = samples_.of(service);
    const auto known = [&](StartKnown how) { return calls.known[static_cast<std::size_t>(how)]; };
    const bool stops = service == Service::remove || service == Service::suspend;
    find(cost, calls.served, resolution, given,
         fmt::format("{}{} (start known by emission {}, alone {}, queued {})", name_of(service),
                     stops ? " of an idle queue" : "", known(StartKnown::emission), known(StartKnown::alone),
                     known(StartKnown::queued)),
         stops ? Measured::stop : Measured::step);
  }

  void find(std::string_view name, const std::vector<std::int64_t>& samples, const Resolution& resolution,
            const std::vector<std::string_view>& given, const std::string& what, Measured kind = Measured::step) {
    Duration known{0};
    std::string less;
    for (const std::string_view other : given) {
      const Cost& cost = *find_cost(costs_, other);
      const Duration mean = mean_of(cost.value);
      known += mean;
      less += fmt::format("{} {} {}", less.empty() ? ", less" : " and", other, to_text(mean));
      if (!std::holds_alternative<ConstantDuration>(cost.value)) less += " (its mean)";
    }
    const std::optional<Estimate> found = estimate(samples, resolution, known, kind);
    if (!found) return;
    std::string how = fmt::format("{}{}; step {}", what, less, to_text(Duration{resolution.step_ns}));
    if (found->stragglers > 0) how += fmt::format("; {} longer ones left out", found->stragglers);
    if (found->shorter > 0) how += fmt::format("; {} without a slot to leave left out", found->shorter);
    if (found->negative > 0) {
      how += fmt::format("; {} negative remainder{} set to 0: what is taken off is too large", found->negative,
                         found->negative == 1 ? "" : "s");
    }
    Cost& cost = *find_cost(costs_, name);
    cost.value = found->value;
    cost.kind = CostKind::measured;
    cost.range = {found->least, found->most};
    cost.source =
        fmt::format("{} sample{} in {}: {}", found->samples, found->samples == 1 ? "" : "s", traces_, how);
    if (!given.empty())
      cost.source += fmt::format("; what is not measured here is of the cost profile {}", base_.name);
    measured_.push_back({name, found, how});
  }

  Calibration finish() {
    Calibration result{costs_, {}};
    Members members;
    describe(members, result.costs);
    for (const auto& [name, cost] : members.costs) {
      const CostFinding* found = nullptr;
      for (const CostFinding& finding : measured_) {
        if (finding.cost == name) found = &finding;
      }
      result.findings.push_back(found != nullptr ? *found
                                                 : CostFinding{name, std::nullopt, std::string(reason_of(name))});
      if (found == nullptr && cost != nullptr) note_kept(cost->source, name);
    }
    note_kept(result.costs.gtt_slowdown.source, "gtt_slowdown");
    note_kept(result.costs.context_fill.source, "context_fill");
    return result;
  }

  const TraceSamples& samples_;
  const CalibrationBase& base_;
  const std::string& traces_;
  CostSpec costs_;
  std::vector<CostFinding> measured_;
};

}  // namespace

Calibration calibrate(const TraceSamples& samples, const CalibrationBase& base, const std::string& traces) {
  return Attribution(samples, base, traces).run();
}

Cost* find_cost(CostSpec& costs, std::string_view name) {
  Members members;
  describe(members, costs);
  for (const auto& [key, cost] : members.costs) {
    if (key == name) return cost;
  }
  return nullptr;
}

}  // namespace userqsim
