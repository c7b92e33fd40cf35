// What one kernel release does around an eviction: waits, delays, time-outs, placement. The lifecycle tables of
// the release are code, in driver/lifecycle.hpp, found by `lifecycle`.
#pragma once

#include <cstdint>
#include <string>

#include "models/workload/spec.hpp"

namespace userqsim {

// What the suspend worker does before it stops queues: each queue's last fence is waited for in turn.
enum class PreWait : std::uint8_t {
  none,
  abort,        // up to the limit; on time-out the eviction is given up and its fence never signals
  continue_on,  // up to the limit; on time-out the eviction goes on
  unbounded,
};

// What validation does with a buffer that lives in GTT when VRAM is full.
enum class RestorePlacement : std::uint8_t { settle_in_gtt, evict_others };

// When a victim's eviction fence is enabled: when its copy reaches the head of the move queue, or at once.
enum class FenceEnabling : std::uint8_t { lazy, eager };

// What an eviction does when a queue could not be stopped: up to 6.18 it is given up and its fence never signals,
// later releases log it and signal.
enum class StopFailure : std::uint8_t { give_up, go_on };

struct KernelSpec {
  std::string name;
  std::string title;
  std::string source;
  std::string lifecycle;      // name of the release's tables
  std::string native_policy;  // what the release itself does
  PreWait pre_wait = PreWait::abort;
  Duration pre_wait_limit = std::chrono::milliseconds{100};
  StopFailure stop_failure = StopFailure::give_up;
  Duration restore_delay{0};
  Duration min_run{0};
  bool suspend_fence_wait = true;  // the driver polls SUSPEND's second fence; v8 of the series did not
  RestorePlacement restore_placement = RestorePlacement::settle_in_gtt;
  FenceEnabling fence_enabling = FenceEnabling::lazy;
  bool cwsr = false;                  // compute stops at an instruction boundary and saves its waves
  Domain context_area = Domain::gtt;  // where CWSR saves them
  Duration mes_timeout = std::chrono::milliseconds{2100};
  Duration api_poll = std::chrono::microseconds{2};
  Duration suspend_poll = std::chrono::microseconds{1};
};

template <>
struct EnumNames<PreWait> {
  static constexpr std::array entries{std::pair{PreWait::none, std::string_view{"none"}},
                                      std::pair{PreWait::abort, std::string_view{"abort"}},
                                      std::pair{PreWait::continue_on, std::string_view{"continue"}},
                                      std::pair{PreWait::unbounded, std::string_view{"unbounded"}}};
};
template <>
struct EnumNames<StopFailure> {
  static constexpr std::array entries{std::pair{StopFailure::give_up, std::string_view{"give_up"}},
                                      std::pair{StopFailure::go_on, std::string_view{"go_on"}}};
};
template <>
struct EnumNames<RestorePlacement> {
  static constexpr std::array entries{std::pair{RestorePlacement::settle_in_gtt, std::string_view{"settle_in_gtt"}},
                                      std::pair{RestorePlacement::evict_others, std::string_view{"evict_others"}}};
};
template <>
struct EnumNames<FenceEnabling> {
  static constexpr std::array entries{std::pair{FenceEnabling::lazy, std::string_view{"lazy"}},
                                      std::pair{FenceEnabling::eager, std::string_view{"eager"}}};
};

template <class V>
void describe(V& v, KernelSpec& k) {
  v.required("name", k.name, "Profile name");
  v.required("title", k.title, "What it is");
  v.required("source", k.source, "Where the numbers come from");
  v.required("lifecycle", k.lifecycle, "Lifecycle tables of the release");
  v.required("native_policy", k.native_policy, "Policy the release itself follows");
  v.required("pre_wait", k.pre_wait, "What the suspend worker does about work that still runs");
  v.optional("pre_wait_limit", k.pre_wait_limit, "Longest wait for one queue's last fence");
  v.optional("stop_failure", k.stop_failure, "What an eviction does when a queue could not be stopped");
  v.optional("restore_delay", k.restore_delay, "From the fence's signal to the restore worker's queueing");
  v.optional("min_run", k.min_run, "A restored process is not stopped before it ran this long");
  v.optional("suspend_fence_wait", k.suspend_fence_wait, "The driver waits for SUSPEND's suspend fence");
  v.optional("restore_placement", k.restore_placement, "What validation does when VRAM is full");
  v.optional("fence_enabling", k.fence_enabling, "When a victim's eviction fence is enabled");
  v.optional("cwsr", k.cwsr, "Compute waves are saved at an instruction boundary instead of drained");
  v.optional("context_area", k.context_area, "Where saved waves live");
  v.optional("mes_timeout", k.mes_timeout, "The driver gives a MES answer up after this", positive());
  v.optional("api_poll", k.api_poll, "Step of the busy poll on an API fence", positive());
  v.optional("suspend_poll", k.suspend_poll, "Step of the busy poll on a suspend fence", positive());
}

}  // namespace userqsim
