// A process opens the device: its buffers are allocated, its queues created. A process exits: its queues are
// destroyed, its memory freed.
#include "models/driver/driver.hpp"
#include "sim/core/ensure.hpp"

namespace userqsim {

namespace {

// amdgpu_userq_destroy waits this long for the queue's last fence (seed-v8, 6.18).
constexpr Duration destroy_wait = std::chrono::milliseconds{100};

}  // namespace

void Driver::on(const OpenProcess& message, const DriverChannels& channels) {
  File& f = file(message.process);
  ensure(f.state == FileState::closed, "a process opens the device twice");
  f.state = FileState::opening;
  openers_[message.process.index()].step = Opener::Step::allocate;
  ++f.allocations_pending;
  openers_[message.process.index()].request = RequestId{next_request_};
  channels.allocate.post({RequestId{next_request_++}, message.process, PressureId::none(), 0});
}

void Driver::on(const AllocationReady& message, const DriverChannels& channels) {
  File& f = file(message.process);
  if (f.state == FileState::gone) return;
  --f.allocations_pending;
  Opener& opener = openers_[message.process.index()];
  if (opener.step == Opener::Step::allocate && opener.request == message.request) {
    // Some of its buffers may have been evicted again meanwhile: it begins when every one of them lies still.
    opener.step = Opener::Step::validate;
    channels.validate.post({message.process});
  }
  wake_clients(message.process, channels);
}

// Creating a queue takes userq_mutex and makes sure of an eviction fence first (amdgpu_userq_ensure_ev_fence).
void Driver::run(ProcessId process, Opener& opener, const DriverChannels& channels) {
  File& f = file(process);
  const ThreadId self = opener_thread(process);
  const std::vector<QueueId>& queues = queues_of(process);
  switch (opener.step) {
    case Opener::Step::idle:
    case Opener::Step::allocate:
    case Opener::Step::validate:
      return;
    case Opener::Step::lock:
      if (f.userq_mutex.owner != self) return;
      if (!queues.empty()) f.fence = FenceState::live;
      channels.rearmed.post({process});
      opener.step = Opener::Step::create;
      [[fallthrough]];
    case Opener::Step::create:
      for (; opener.cursor < queues.size(); ++opener.cursor) {
        const Primitive primitive = find_path(*lifecycle_, Operation::create);
        if (!apply(self, Operation::create, {primitive, queues[opener.cursor]}, opener.call, channels)) return;
      }
      break;
  }
  opener.step = Opener::Step::idle;
  f.state = FileState::open;
  release(f.userq_mutex, channels);
  wake_clients(process, channels);
  if (f.exit_wanted) on(ExitProcess{process}, channels);
}

void Driver::on(const ExitProcess& message, const DriverChannels& channels) {
  File& f = file(message.process);
  if (f.state != FileState::open) {  // it exits when it has finished opening
    f.exit_wanted = true;
    return;
  }
  f.state = FileState::exiting;
  Closer& closer = closers_[message.process.index()];
  closer.step = Closer::Step::lock;
  acquire(f.userq_mutex, closer_thread(message.process), channels.wake.now());
  run(message.process, closer, channels);
}

void Driver::run(ProcessId process, Closer& closer, const DriverChannels& channels) {
  const ThreadId self = closer_thread(process);
  const std::vector<QueueId>& queues = queues_of(process);
  if (closer.step == Closer::Step::idle || file(process).userq_mutex.owner != self) return;
  if (closer.step == Closer::Step::gone) return end_exit(process, closer, channels);
  if (closer.step == Closer::Step::lock) closer.step = Closer::Step::fence_wait;
  while (closer.cursor < queues.size()) {
    const QueueId id = queues[closer.cursor];
    if (closer.step == Closer::Step::fence_wait) {
      if (wait_last_fence(self, id, closer.wait, destroy_wait, channels) == WaitState::waiting) return;
      closer.step = Closer::Step::destroy;
    }
    const Primitive primitive = find_path(*lifecycle_, Operation::destroy);
    if (!apply(self, Operation::destroy, {primitive, id}, closer.call, channels)) return;
    const UserqState from = queue(id).state;
    queue(id).state = UserqState::gone;
    queue(id).last_fence.reset();
    channels.transition->state({channels.wake.now(), process, id, Operation::destroy, from, UserqState::gone,
                                std::nullopt, PacketResult::ok, std::nullopt});
    channels.drop_ring.post({id});
    ++closer.cursor;
    closer.step = Closer::Step::fence_wait;
  }
  // The hardware drops the rings before anybody says that the process is gone.
  closer.step = Closer::Step::gone;
  channels.wake.post({self});
}

void Driver::end_exit(ProcessId process, Closer& closer, const DriverChannels& channels) {
  File& f = file(process);
  closer.step = Closer::Step::idle;
  f.state = FileState::gone;
  f.fence = FenceState::none;  // without queues there is nothing left to evict
  for (const QueueId id : queues_of(process)) clients_[id.index()].backlog.clear();
  channels.release.post({process});
  channels.gone.post({process});
  channels.exited->state({channels.wake.now(), process});
  finish_notifiers(process, RequestOutcome::exited, channels);
  release(f.userq_mutex, channels);
}

}  // namespace userqsim
