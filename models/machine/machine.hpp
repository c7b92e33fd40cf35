// The simulated machine: workload, memory, hardware, firmware and driver on one event engine. It owns their state,
// wires their channels, and is the only place that knows them all.
//
// A machine can be copied in mid-run; the copy runs on exactly as the original would (same digest), without the
// original's sinks. Two machines share nothing but their immutable spec.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "models/driver/driver.hpp"
#include "models/machine/probes.hpp"
#include "models/machine/spec.hpp"
#include "models/machine/standing.hpp"
#include "models/machine/untimed.hpp"
#include "models/workload/layout.hpp"
#include "sim/core/event.hpp"
#include "sim/core/time.hpp"

namespace userqsim {

class WaitGraph;

// Which orders of what may happen are to be told apart: all, or those between which something can tell
// (models/machine/reduction.hpp).
enum class Orders : std::uint8_t { all, distinct };

enum class StopReason : std::uint8_t { horizon, event_limit, interrupted };

// Something that may happen next in a machine whose order is chosen (models/machine/untimed.hpp).
struct Happening {
  EventHandle handle;
  Event event;
};

class Machine {
 public:
  // REQUIRES: check(*spec) is empty. `replication` selects the draws; it and the spec's seed decide everything.
  Machine(std::shared_ptr<const MachineSpec> spec, std::uint32_t replication);
  Machine(const Machine& other);
  // The same in mid-run, which from here on stops queues by another policy. What the old one has stopped, or begun
  // to stop, is restarted by the old one. REQUIRES: there is one of that name.
  Machine(const Machine& other, const std::string& policy);
  Machine& operator=(const Machine&) = delete;
  ~Machine();

  // Executes the next event at or before the horizon; false when there is none.
  bool step();
  // Runs to the horizon, then states what is still open (jobs, requests, packets). Call once.
  // Stops early after max_events events (0: no limit), or when *interrupt becomes true.
  StopReason run(std::uint64_t max_events = 0, const std::atomic<bool>* interrupt = nullptr);

  // Of an untimed machine: what may happen next, in order of its becoming possible. Empty: nothing ever will.
  std::vector<Happening> happenings(Orders orders = Orders::all) const;
  // Lets one of them happen, and all that follows at once.
  void take(const Happening& happening);
  // Lets one thing happen that is a part's own business; false: there is none.
  bool settle();
  Told tell(const Happening& happening) const;
  std::string words_for(const Happening& happening) const { return words_of(tell(happening)); }

  // What is wrong with it as it stands; and, where nothing may happen any more, for good.
  std::vector<Standing> standing() const;
  std::vector<Standing> for_ever() const;
  // Who is in the middle of something, who is stopped, who waits for whom, and for ever.
  WaitGraph wait_graph() const;

  // Checks what must hold after every event (slots, memory, locks, jobs), recounting whatever is kept as a sum;
  // throws InvariantError. Tests call it after each step; a run does not, for its cost.
  void verify() const;

  SimTime now() const;
  std::uint64_t events() const;  // executed so far
  std::size_t pending() const;   // events that are to come
  std::uint64_t jobs_submitted() const;
  std::uint64_t digest() const;  // over every fact stated so far
  // Canonical: times relative to now. Of an untimed machine what may happen next counts without order.
  // `room` is for its own use: who asks a million machines spares them the memory.
  std::uint64_t state_hash(std::vector<std::uint64_t>& room) const;
  std::uint64_t state_hash() const;
  const Layout& layout() const;
  const MachineSpec& spec() const;
  Probes& probes();

 private:
  struct Impl;
  template <class F>
  auto guarded(F&& f);

  std::unique_ptr<Impl> impl_;
};

}  // namespace userqsim
