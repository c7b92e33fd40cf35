#include "results/calibrate/cost_findings.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "models/profiles/cost_limits.hpp"
#include "results/calibrate/trace_event.hpp"
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
void note_kept(std::string& source, std::string_view reason) {
  constexpr std::string_view note = "; kept by calibrate: ";
  source.resize(std::min(source.find(note), source.size()));
  source += fmt::format("{}{}", note, reason);
}

// What is taken off a sum: each cost's mean, and what its range allows.
struct TakenOff {
  Duration mean{0};
  Duration least{0};
  Duration most{0};
  std::string names;  // "mes_api 10us and unmap 10us"
};

// The range of a remainder: the sum may be off by a step, and what is taken off by all that its range allows.
std::vector<Duration> range_of(const CostEstimate& found, const TakenOff& less, const Resolution& resolution) {
  if (less.names.empty()) return {found.least, found.most};
  // The range of a constant holds half a step on either side already.
  const bool is_constant = std::holds_alternative<ConstantDuration>(found.value);
  const Duration step{resolution.step_ns}, off = is_constant ? step - step / 2 : step;
  const Duration least = found.least - (less.most - less.mean) - off - Duration{resolution.late_ns},
                 most = found.most + (less.mean - less.least) + off;
  return {std::max(least, Duration{0}), std::min(most, cost_most)};
}

// How the value came about, after what was measured.
std::string notes_of(const CostEstimate& found, const TakenOff& less) {
  std::string notes;
  if (!less.names.empty()) {
    notes += fmt::format("; {} to {} if what is taken off is right", to_text(found.least), to_text(found.most));
  }
  if (found.too_long > 0) notes += fmt::format("; {} of more than an hour left out", found.too_long);
  if (found.negative > 0) {
    notes += fmt::format("; {} left nothing and count{} as 0", found.negative, found.negative == 1 ? "s" : "");
  }
  return notes;
}

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
    // A queue that left its slot before MES's acknowledgement is seen at the poll for that.
    const std::int64_t behind = std::max<std::int64_t>((base_.api_poll - base_.suspend_poll).count(), 0);
    const Resolution last_poll{base_.suspend_poll.count(), true, behind};
    find("worker_latency", samples_.worker_latency, {stamp_step_ns, false}, {},
         "from the work's queueing to its start");
    find("mes_api", samples_.mes_api, poll, {}, "SET_HW_RSRC's emission to that of QUERY_SCHEDULER_STATUS");
    find("tlb_flush", samples_.tlb_flush, poll, {"mes_api"}, "a flush's emission to its end");
    find("queue_reset", samples_.queue_reset, poll, {"mes_api"}, "RESET's emission to that of REMOVE_QUEUE");
    find("registration", Service::add, poll, {"mes_api"});
    find("resume_book", Service::resume, poll, {"mes_api"});
    find_teardown(poll);
    find_suspend_book(last_poll);
    return finish();
  }

 private:
  // A PREEMPTED queue has no slot and runs nothing, so that much is known of it without a word.
  void find_teardown(const Resolution& poll) {
    const bool stops = !samples_.of(Service::remove).served.empty();
    if (stops && base_.idle) return find("teardown", Service::remove, poll, stop_);
    if (!samples_.of(Service::remove_preempted).served.empty()) {
      return find("teardown", Service::remove_preempted, poll, {"mes_api"});
    }
    if (stops) keep_stop("teardown", Service::remove);
  }

  void find_suspend_book(const Resolution& last_poll) {
    const std::size_t stops = samples_.of(Service::suspend).whole.size();
    if (!base_.sees_suspend_end && stops > 0) {
      const std::string reason =
          fmt::format("the kernel profile {} does not wait for each SUSPEND's fence, so the end of {} is not seen",
                      base_.kernel, stops == 1 ? "1 SUSPEND" : fmt::format("{} SUSPENDs", stops));
      findings_.push_back({"suspend_book", std::nullopt, reason, {}});
    } else if (base_.idle) {
      find("suspend_book", Service::suspend, last_poll, stop_);
    } else if (!samples_.of(Service::suspend).served.empty()) {
      keep_stop("suspend_book", Service::suspend);
    }
  }

  // Nobody has said that the queues were idle and in a slot.
  void keep_stop(std::string_view cost, Service service) {
    std::vector<std::int64_t> stops = samples_.of(service).served;
    std::sort(stops.begin(), stops.end());
    const auto text = [](std::int64_t time) { return to_text(Duration{time}); };
    const std::string reason = fmt::format(
        "{} {} of a queue without a pending fence took {} (least), {} (median), {} (most); whether the queues were "
        "idle and in a slot is not seen: --idle says that they were",
        stops.size(), name_of(service), text(stops.front()), text(stops[(stops.size() - 1) / 2]),
        text(stops.back()));
    findings_.push_back({cost, std::nullopt, reason, {}});
  }

  void find(std::string_view cost, Service service, const Resolution& resolution,
            const std::vector<std::string_view>& given) {
    const ServiceSamples& calls = samples_.of(service);
    const auto known = [&](StartKnown how) { return calls.known[static_cast<std::size_t>(how)]; };
    const bool stops = service == Service::remove || service == Service::suspend;
    find(cost, calls.served, resolution, given,
         fmt::format("{}{} (start known by emission {}, alone {}, queued {})", name_of(service),
                     stops ? " of an idle queue, as was said" : "", known(StartKnown::emission),
                     known(StartKnown::alone), known(StartKnown::queued)));
  }

  TakenOff taken_off(const std::vector<std::string_view>& given) {
    TakenOff less;
    for (const std::string_view name : given) {
      const Cost& cost = *find_cost(costs_, name);
      const Duration mean = mean_of(cost.value);
      less.mean += mean;
      less.least += cost.range.empty() ? mean : std::min(cost.range.front(), mean);
      less.most += cost.range.empty() ? mean : std::max(cost.range.back(), mean);
      less.names += fmt::format("{}{} {}", less.names.empty() ? "" : " and ", name, to_text(mean));
      if (!std::holds_alternative<ConstantDuration>(cost.value)) less.names += " (its mean)";
    }
    return less;
  }

  void find(std::string_view name, const std::vector<std::int64_t>& samples, const Resolution& resolution,
            const std::vector<std::string_view>& given, const std::string& what) {
    const TakenOff less = taken_off(given);
    const std::optional<CostEstimate> found = estimate(samples, resolution, less.mean);
    if (!found) return;
    if (!found->identified) return keep(name, *found, less, given == stop_);
    const std::string how = fmt::format("{}{}{}; step {}{}", what, less.names.empty() ? "" : ", less ", less.names,
                                        to_text(Duration{resolution.step_ns}), notes_of(*found, less));
    Cost& cost = *find_cost(costs_, name);
    cost.value = found->value;
    cost.kind = CostKind::measured;
    cost.range = range_of(*found, less, resolution);
    cost.source =
        fmt::format("{} sample{} in {}: {}", found->samples, found->samples == 1 ? "" : "s", traces_, how);
    if (!given.empty())
      cost.source += fmt::format("; what is not measured here is of the cost profile {}", base_.name);
    std::string warning;
    if (found->negative > 0) {
      warning = fmt::format("{} of {} samples took no more than {}, and count as 0", found->negative,
                            found->samples, less.names);
    }
    findings_.push_back({name, found, how, warning});
  }

  // What is taken off is all there is, so the samples tell nothing of the cost.
  void keep(std::string_view name, const CostEstimate& found, const TakenOff& less, bool stops) {
    const std::string reason = fmt::format(
        "{} of {} {} took no more than {} ({}); {}", found.negative, found.samples, stops ? "stops" : "samples",
        less.names, to_text(less.mean),
        stops ? "the queues had no slot, or what is taken off is too large" : "what is taken off is too large");
    findings_.push_back({name, std::nullopt, reason, reason});
  }

  const CostFinding* finding_of(std::string_view name) const {
    for (const CostFinding& finding : findings_) {
      if (finding.cost == name) return &finding;
    }
    return nullptr;
  }

  Calibration finish() {
    Calibration result{costs_, {}};
    Members members;
    describe(members, result.costs);
    for (const auto& [name, cost] : members.costs) {
      const CostFinding* found = finding_of(name);
      result.findings.push_back(found != nullptr ? *found
                                                 : CostFinding{name, {}, std::string(reason_of(name)), {}});
      const CostFinding& finding = result.findings.back();
      if (!finding.estimate && cost != nullptr) note_kept(cost->source, finding.how);
    }
    note_kept(result.costs.gtt_slowdown.source, reason_of("gtt_slowdown"));
    note_kept(result.costs.context_fill.source, reason_of("context_fill"));
    return result;
  }

  const TraceSamples& samples_;
  const CalibrationBase& base_;
  const std::string& traces_;
  CostSpec costs_;
  std::vector<CostFinding> findings_;
  const std::vector<std::string_view> stop_{"mes_api", "preempt_idle", "unmap"};  // of a queue in a slot
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
