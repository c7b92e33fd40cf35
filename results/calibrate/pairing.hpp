// Pairs the events of one recording: when each thing began and ended, and how long MES served a call.
//
// The driver takes the device's MES mutex first in, first out, and prints neither the wait nor the release. A call
// lies between amdgpu_userq_state_start and ..._state_changed of its queue. Its service begins
//   - when the driver printed the packet's emission, where that is in the trace. An emission goes to the first
//     call to have come that is open, has none yet, and whose queue's state fits the packet;
//   - else at once, when no other call was open;
//   - else when the call that came last before it ended. After a SUSPEND that is not known: it gives the mutex back
//     before it ends.
// A call is left out when one that came before it was still open while it was served: first in, first out, that can
// only be a SUSPEND that has given the mutex back, and MES may have been busy with its unmap. So is a TLB flush by
// MISC that was emitted while a SUSPEND or REMOVE_QUEUE was open. Where the driver does not wait for SUSPEND's
// fence, nothing tells when MES is through with one, and all that follows the first is left out; so is what
// was emitted next after a RESET. Two events that lie further apart than any call may take are no pair, but for
// those of eviction fences, which wait for work.
//
// A restart's flush ends with the process's next eviction fence. Whose it is shows where at its emission only one
// process had been evicted: its last fence had signaled. A process's first fence ends none.
//
// REQUIRES: events in order of time. PROMISES: bounded memory beside the samples: at most so many calls, works and
// fences are remembered as the constants in pairing.cpp say, the oldest being forgotten first.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <vector>

#include "results/calibrate/trace_event.hpp"
#include "results/calibrate/trace_samples.hpp"

namespace userqsim {

// What the kernel profile says of the driver that was recorded.
struct TracedDriver {
  // Whether SUSPEND's state_changed tells that MES is through with it: the driver waits for each one's fence.
  bool sees_suspend_end = true;
  std::int64_t mes_timeout_ns = 2'100'000'000;
};

class TracePairing {
 public:
  // Adds to both. The line of each event has been counted as used.
  TracePairing(const TracedDriver& driver, TraceSamples& samples, LineCounts& counts)
      : driver_(driver), samples_(samples), counts_(counts) {}

  void on(std::int64_t time_ns, const TraceEvent& event);
  // No more events: what is still open has no end.
  void finish() { forget_all(); }

 private:
  // A call between its two events.
  struct Call {
    std::uint64_t number = 0;  // in order of coming
    TracedQueue queue;
    std::uint64_t type = 0;
    std::int64_t from = 0;
    std::int64_t start = 0;
    bool fence_pending = false;
    std::optional<std::uint64_t> before;  // the call that came last before it and was open then
    std::optional<std::int64_t> served_from;
    StartKnown known = StartKnown::alone;
    std::optional<Opcode> emitted;
    bool mes_busy = false;
  };
  struct JobFence {
    std::uint32_t emitted = 0;
    std::uint32_t signaled = 0;
  };
  struct Enabled {
    std::uint32_t seqno = 0;
    std::int64_t time = 0;
  };
  struct EvictionFence {                // of one context, so of one process
    std::optional<std::uint32_t> last;  // that was initialized
    std::optional<Enabled> enabled;
    std::optional<std::int64_t> signaled;  // the last one; nothing once there is the next
  };
  struct Emission {
    std::optional<Opcode> opcode;
    std::int64_t time = 0;
    bool quiet = false;  // no call was open then, and none has come since
  };

  void handle(std::int64_t time, const StateStart& event);
  void handle(std::int64_t time, const StateChanged& event);
  void handle(std::int64_t time, const JobFenceEmitted& event);
  void handle(std::int64_t time, const FenceMoved& event);
  void handle(std::int64_t time, const WorkQueued& event);
  void handle(std::int64_t time, const WorkBegan& event);
  void handle(std::int64_t time, const MesEmitted& event);
  void handle(std::int64_t time, const MesSilent& event);
  void handle(std::int64_t time, const TraceGap& event);

  void on_eviction_fence(std::int64_t time, const FenceMoved& event);
  std::optional<std::uint32_t> evicted_alone() const;
  void begin_flush(std::int64_t time, bool after_reset);
  void go_on_flush(std::int64_t time);
  void end_flush(std::int64_t time, std::uint32_t context);
  bool may_have_failed(std::int64_t took) const;
  void pass_on(const Call& ended, std::int64_t time, bool tells_release);
  void sample(const Call& call, std::int64_t to, std::int64_t time);
  bool has_fence_pending(const TracedQueue& queue) const;
  void forget_all();

  TracedDriver driver_;
  TraceSamples& samples_;
  LineCounts& counts_;
  std::uint64_t next_ = 0;
  std::vector<Call> open_;  // in order of coming
  std::map<TracedQueue, std::uint32_t> fence_context_;
  std::map<std::uint32_t, JobFence> job_fences_;            // by context
  std::map<std::uint32_t, EvictionFence> eviction_fences_;  // by context
  std::set<std::uint32_t> evicted_;                         // contexts whose last fence has signaled
  std::map<std::uint64_t, std::int64_t> works_;             // queued, by pointer
  std::optional<Emission> emission_;                        // the last
  std::vector<std::int64_t> flush_;  // emissions of the TLB flush under way: one MISC, or INV_TLBS after INV_TLBS
  Opcode flush_by_ = Opcode::misc;
  std::optional<std::uint32_t> flush_context_;  // whose it is; nothing: that is not known
  bool flush_mes_busy_ = false;  // a stop was under way in MES, or may have been, when it was emitted
  bool flush_failed_ = false;    // MES had not answered before it
  bool suspend_seen_ = false;    // a SUSPEND has been sent
  bool silent_ = false;          // MES has not answered, and no call has succeeded since
};

}  // namespace userqsim
