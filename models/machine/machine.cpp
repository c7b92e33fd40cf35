#include "models/machine/machine.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "models/machine/flight_recorder.hpp"
#include "models/machine/left_out.hpp"
#include "models/machine/parts.hpp"
#include "models/machine/reduction.hpp"
#include "models/machine/untimed.hpp"
#include "models/machine/wait_graph.hpp"
#include "models/machine/watch.hpp"
#include "models/machine/wiring.hpp"
#include "sim/core/digest.hpp"
#include "sim/core/ensure.hpp"

namespace userqsim {

namespace {

const Policy* policy_of(const MachineSpec& spec) {
  const Policy* policy = find_policy(spec.policy);
  ensure(policy != nullptr, "no policy of that name");
  return policy;
}

Driver::Setup driver_setup(const MachineSpec& spec) {
  Driver::Setup setup;
  setup.kernel = spec.kernel;
  setup.tlb_path = spec.device.tlb_flush_path;
  setup.reset_method = spec.device.reset_method;
  setup.per_queue_reset = spec.device.per_queue_reset;
  setup.policy = policy_of(spec);
  setup.policy_spec = spec.policy_options;
  setup.apu = spec.device.apu;
  setup.has_mes = spec.firmware.scheduler == Scheduler::mes;
  setup.one_runlist = one_runlist(spec);
  // KFD itself waits for HWS to unmap (queue_preemption_timeout_ms), where the driver waits for MES's answer.
  if (!setup.has_mes) setup.kernel.mes_timeout = spec.firmware.unmap_timeout;
  return setup;
}

}  // namespace

// Everything that can be copied as it is, and the wiring, which each machine makes for itself.
struct Machine::Impl {
  Impl(std::shared_ptr<const MachineSpec> the_spec, std::uint32_t replication)
      : spec(std::move(the_spec)),
        layout(std::make_shared<const Layout>(make_layout(spec->processes))),
        draws(spec->seed, replication),
        costs(spec->costs, draws),
        faults(spec->faults, *layout, draws),
        workload(*layout, spec->processes, spec->events),
        memory(memory_spec(*spec), *layout, spec->processes),
        hardware(hardware_spec(*spec), *layout),
        firmware(firmware_setup(*spec), *layout, hardware.plan()),
        driver(driver_setup(*spec), *layout),
        watch(spec->mutex_held_limit) {
    if (spec->untimed) engine.hold();
    wire();
    workload.begin(wiring.workload);
  }
  Impl(const Impl& other, std::shared_ptr<const MachineSpec> the_spec)
      : spec(std::move(the_spec)),
        origin(other.origin ? other.origin : other.spec),
        layout(other.layout),
        draws(other.draws),
        costs(spec->costs, draws),
        faults(spec->faults, *layout, draws),
        engine(other.engine),
        workload(other.workload),
        memory(other.memory),
        hardware(other.hardware),
        firmware(other.firmware),
        driver(other.driver),
        watch(other.watch),
        digest(other.digest),
        recorder(other.recorder) {
    driver.set_policy(policy_of(*spec));
    wire();
  }
  Impl& operator=(const Impl&) = delete;
  ~Impl() = default;

  // The digest and the flight recorder hear every fact, before any sink. Who explores copies machines by the
  // million and has neither.
  void wire() {
    wiring = make_wiring({engine, probes, draws, costs, workload, memory, hardware, faults});
    if (spec->untimed) return watch.subscribe_untimed(probes, observed());
    std::uint32_t kind = 0;
    probes.each([&]<class Fact>(Probe<Fact>& probe) {
      probe.subscribe([this, kind](const Fact& fact) {
        digest.fold(kind);
        digest.fold(fact);
        recorder.record(fact);
      });
      ++kind;
    });
    watch.subscribe(probes, observed());
  }

  Observed observed() const { return {*layout, workload, memory, hardware, firmware, DriverBooks(driver)}; }

  void dispatch(const Event& event) {
    visit_event(event, Overloaded{
                           [&](const HardwareEvent& e) { hardware.handle(e, wiring.hardware); },
                           [&](const FirmwareEvent& e) { firmware.handle(e, wiring.firmware); },
                           [&](const MemoryEvent& e) { memory.handle(e, wiring.memory); },
                           [&](const DriverEvent& e) { driver.handle(e, wiring.driver); },
                           [&](const WorkloadEvent& e) { workload.handle(e, wiring.workload); },
                       });
  }

  MachineView view() const { return {*layout, *spec, hardware, firmware, driver}; }
  // Looks for what is wrong when the instant is over.
  void look() {
    watch.go_on();
    if (!watch.is_due(DriverBooks(driver))) return;
    if (!engine.pending().empty() && engine.pending().first_time() == engine.now()) return;
    watch.look(observed(), engine.now(), probes.hazard);
  }

  // At the end of a run: what would stay wrong if the machine ran on until nothing happens by itself. Nothing when
  // that takes too long to tell.
  std::vector<Standing> for_ever_from_here() const {
    constexpr std::uint64_t events_max = 10'000;
    if (userqsim::for_ever(observed()).empty()) return {};
    Impl rest(*this, spec);
    EventsLeftOut left_out(*layout, spec->kernel.keep_idle_evicted);
    for (std::uint64_t n = 0; !rest.engine.pending().empty(); ++n) {
      const std::optional<Event> event = rest.engine.next(SimTime::max());
      if (n == events_max) return {};
      if (!left_out.takes(*event, rest.workload)) rest.dispatch(*event);
    }
    return left_out.apart_from(userqsim::for_ever(rest.observed()));
  }

  std::string failure(const char* what) const {
    return fmt::format("{}\nat {} ns of simulated time, after {} events; the last facts:\n{}", what,
                       engine.now().time_since_epoch().count(), engine.executed(), recorder.text());
  }
  std::string failure(const LivelockError& error) const {
    std::string parts;
    for (const PartTag part : error.parts()) parts += fmt::format(" {}", name_of(static_cast<Part>(part)));
    std::string waits;
    for (const std::string& story : wait_graph().all_stories()) waits += "\n  " + story;
    // Not always the model's fault: processes that evict each other for free go round in no time.
    return failure(fmt::format("{} (where everything is free a scenario can do this; give it a cost); "
                               "the last events went to:{}{}{}",
                               error.what(), parts, waits.empty() ? "" : "\nwho waits then:", waits)
                       .c_str());
  }

  WaitGraph wait_graph() const {
    return WaitGraph({*layout, *spec, engine.pending(), workload, memory, hardware, firmware, driver});
  }

  // Of an event of the scenario: whether those have been that come before it.
  bool is_due(const Event& event, Orders orders) const {
    if (static_cast<Part>(event.part) != Part::workload) return true;
    const auto message = event.payload.as<WorkloadEvent>();
    const auto waits_for = [&](const auto& is_before) {
      const std::vector<EventHandle> held = engine.held();
      return std::any_of(held.begin(), held.end(), [&](EventHandle handle) {
        const Event& other = engine.pending().event(handle);
        return static_cast<Part>(other.part) == Part::workload && is_before(other.payload.as<WorkloadEvent>());
      });
    };
    if (const auto* stop = std::get_if<ProcessStops>(&message)) {
      return !waits_for([&](const WorkloadEvent& other) {
        const auto* start = std::get_if<ProcessStarts>(&other);
        return start != nullptr && start->process == stop->process;
      });
    }
    const auto* pressure = std::get_if<PressureTimer>(&message);
    if (pressure == nullptr || spec->events[pressure->pressure.index()].process) return true;
    if (orders == Orders::distinct && waits_in_line(spec->events[pressure->pressure.index()], driver)) return false;
    return !waits_for([&](const WorkloadEvent& other) {
      const auto* earlier = std::get_if<PressureTimer>(&other);
      return earlier != nullptr && is_before(earlier->pressure, pressure->pressure);
    });
  }

  // Of two events that are about the whole device: as their times say, and where they say nothing by their places.
  bool is_before(PressureId a, PressureId b) const {
    const PressureSpec &first = spec->events[a.index()], &second = spec->events[b.index()];
    if (first.process || a == b) return false;
    return first.at && second.at && *first.at != *second.at ? *first.at < *second.at : a.value < b.value;
  }

  std::vector<std::uint64_t> hashes_of_held() const {
    std::vector<std::uint64_t> hashes;
    for (const EventHandle handle : engine.held()) {
      Digest hash;
      const Event& event = engine.pending().event(handle);
      hash.fold(event.part);
      visit_event(event, [&](const auto& message) { hash.fold(message); });
      hashes.push_back(hash.value());
    }
    std::sort(hashes.begin(), hashes.end());
    return hashes;
  }

  void state_open_jobs() {
    workload.jobs().each_live([&](JobId id, const Job& job) {
      const QueueId queue = workload.queue_of(id);
      JobEnded fact;
      fact.time = engine.now();
      fact.job = id;
      fact.process = layout->queue(queue).process;
      fact.queue = queue;
      fact.node = job.node;
      fact.submitted = job.submitted;
      fact.stream = job.stream;
      fact.first = job.first;
      fact.work = job.work;
      fact.outcome = JobOutcome::open;
      const auto progress = hardware.progress(queue);
      if (progress && progress->job == id) {
        fact.started = progress->started;
        fact.preemptions = progress->preemptions;
      }
      probes.job_ended.state(fact);
    });
  }

  std::shared_ptr<const MachineSpec> spec;
  std::shared_ptr<const MachineSpec> origin;  // of a copy: what its parts were made from and point into
  std::shared_ptr<const Layout> layout;
  Draws draws;
  CostDraws costs;
  FaultPlan faults;
  Engine engine;
  Workload workload;
  Memory memory;
  Hardware hardware;
  Firmware firmware;
  Driver driver;
  Probes probes;
  Watch watch;
  Digest digest;
  FlightRecorder recorder;
  Wiring wiring;
};

Machine::Machine(std::shared_ptr<const MachineSpec> spec, std::uint32_t replication)
    : impl_(std::make_unique<Impl>(std::move(spec), replication)) {}
Machine::Machine(const Machine& other) : impl_(std::make_unique<Impl>(*other.impl_, other.impl_->spec)) {}
Machine::Machine(const Machine& other, const std::string& policy) {
  auto changed = std::make_shared<MachineSpec>(other.spec());
  changed->policy = policy;
  impl_ = std::make_unique<Impl>(*other.impl_, std::move(changed));
}
Machine::~Machine() = default;

// Calls f, and says where and when an invariant broke in it.
template <class F>
auto Machine::guarded(F&& f) {
  try {
    return f();
  } catch (const LivelockError& error) {
    throw InvariantError(impl_->failure(error));
  } catch (const InvariantError& error) {
    throw InvariantError(impl_->failure(error.what()));
  }
}

bool Machine::step() {
  return guarded([this] {
    const std::optional<Event> event = impl_->engine.next(SimTime{impl_->spec->horizon});
    if (!event) return false;
    impl_->dispatch(*event);
    impl_->look();
    return true;
  });
}

// Of the scenario's events those that are about the whole device keep their order, and a process stops after it has
// started. A time-out comes when nothing prompt is left.
std::vector<Happening> Machine::happenings(Orders orders) const {
  std::vector<Happening> found;
  bool is_busy = false;
  for (const EventHandle handle : impl_->engine.held()) {
    const Happening happening{handle, impl_->engine.pending().event(handle)};
    if (!impl_->is_due(happening.event, orders)) continue;
    is_busy = is_busy || pace_of(happening.event) == Pace::prompt;
    found.push_back(happening);
  }
  if (is_busy) std::erase_if(found, [](const Happening& h) { return pace_of(h.event) == Pace::patient; });
  return found;
}

void Machine::take(const Happening& happening) {
  guarded([&] {
    impl_->dispatch(impl_->engine.release(happening.handle));
    while (const std::optional<Event> event = impl_->engine.next(now())) impl_->dispatch(*event);
    impl_->watch.state_found(impl_->probes.hazard);
  });
}

StopReason Machine::run(std::uint64_t max_events, const std::atomic<bool>* interrupt) {
  constexpr std::uint64_t look_every = 1024;
  StopReason reason = StopReason::horizon;
  while (step()) {
    if (max_events != 0 && events() >= max_events) {
      reason = StopReason::event_limit;
      break;
    }
    if (interrupt != nullptr && events() % look_every == 0 && interrupt->load(std::memory_order_relaxed)) {
      reason = StopReason::interrupted;
      break;
    }
  }
  impl_->state_open_jobs();
  impl_->memory.close(now(), impl_->wiring.memory);
  impl_->driver.close(now(), impl_->wiring.driver);
  impl_->firmware.close(now(), impl_->wiring.firmware);
  impl_->watch.state_found(impl_->probes.hazard);
  if (reason != StopReason::horizon) return reason;
  for (const Standing& one : guarded([this] { return impl_->for_ever_from_here(); })) {
    impl_->probes.hazard.state({now(), one.kind, one.process, one.queue});
  }
  return reason;
}

void Machine::verify() const {
  impl_->memory.verify();
  impl_->hardware.verify(impl_->workload);
  impl_->firmware.verify();
  impl_->driver.verify();
  impl_->watch.verify(impl_->observed());
  std::uint64_t live = 0;
  impl_->workload.jobs().each_live([&](JobId, const Job&) { ++live; });
  ensure(impl_->workload.jobs_submitted() == impl_->workload.jobs_ended() + live,
         "a job was lost: it is neither over nor live");
}

std::uint64_t Machine::state_hash() const {
  std::vector<std::uint64_t> room;
  return state_hash(room);
}

std::uint64_t Machine::state_hash(std::vector<std::uint64_t>& room) const {
  Digest hash(now(), room);
  if (impl_->spec->untimed) hash.leave_out_counts(impl_->faults.evictions_told_apart());
  hash.fold(impl_->workload);
  hash.fold(impl_->memory);
  hash.fold(impl_->hardware);
  hash.fold(impl_->firmware);
  hash.fold(impl_->driver);
  if (impl_->spec->untimed) {
    hash.fold(impl_->hashes_of_held());
    return hash.value();
  }
  for (const Event& event : impl_->engine.pending().in_order()) {
    hash.fold(event.key.time);
    hash.fold(event.key.phase);
    hash.fold(event.part);
    visit_event(event, [&](const auto& message) { hash.fold(message); });
  }
  return hash.value();
}

bool Machine::settle() {
  for (const EventHandle handle : impl_->engine.held()) {
    const Event& event = impl_->engine.pending().event(handle);
    if (!is_own_business(event, impl_->view(), impl_->workload)) continue;
    take({handle, event});
    return true;
  }
  return false;
}

Told Machine::tell(const Happening& happening) const { return userqsim::tell(happening.event, impl_->view()); }
std::vector<Standing> Machine::standing() const { return userqsim::standing(impl_->observed()); }
std::vector<Standing> Machine::for_ever() const { return userqsim::for_ever(impl_->observed()); }
WaitGraph Machine::wait_graph() const { return impl_->wait_graph(); }
SimTime Machine::now() const { return impl_->engine.now(); }
std::size_t Machine::pending() const { return impl_->engine.pending().size(); }
std::uint64_t Machine::events() const { return impl_->engine.executed(); }
std::uint64_t Machine::jobs_submitted() const { return impl_->workload.jobs_submitted(); }
std::uint64_t Machine::digest() const { return impl_->digest.value(); }
const Layout& Machine::layout() const { return *impl_->layout; }
const MachineSpec& Machine::spec() const { return *impl_->spec; }
Probes& Machine::probes() { return impl_->probes; }

}  // namespace userqsim
