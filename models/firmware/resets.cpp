// RESET of a queue, detection of queues that hang, and the reset of the GPU.
#include "models/firmware/firmware.hpp"
#include "sim/core/ensure.hpp"

namespace userqsim {

// The first of those that hang and that MES knows or has a slot for.
HungQueues Firmware::find_hung(QueueType type, const FirmwareChannels& channels) const {
  HungQueues hung;
  for (std::size_t i = 0; i < gangs_.size() && hung.size() < HungQueues::most; ++i) {
    const QueueId queue = QueueId::of(i);
    const bool known = gangs_[i].registered || gangs_[i].slot.exists();
    if (type_of(queue) == type && known && channels.hardware->is_stuck(queue)) hung.add(queue);
  }
  return hung;
}

Duration Firmware::reset_time(QueueId queue, const FirmwareChannels& channels) const {
  return channels.costs->of(CostName::queue_reset, queue.value, gang(queue).resets);
}

// A detection takes the API processor a second time when it has found something to reset.
void Firmware::reset(Work work, const FirmwareChannels& channels) {
  if (work.packet.queue.exists()) {
    return answer(work, reset_gang(work.packet.queue, channels) ? PacketResult::ok : PacketResult::error, channels);
  }
  if (!work.finishing) {
    work.hung = find_hung(work.packet.type, channels);
    if (work.hung.size() > 0) {
      work.finishing = true;
      return inbox_of(work).push_front(work);
    }
  }
  for (const QueueId queue : work.hung) {
    if (!reset_gang(queue, channels)) return answer(work, PacketResult::error, channels);
  }
  answer(work, PacketResult::ok, channels);
}

// The gang is forgotten. Its slot is free when the hardware says so, at once. False when the reset was in vain.
bool Firmware::reset_gang(QueueId queue, const FirmwareChannels& channels) {
  Gang& g = gang(queue);
  const bool in_vain = reset_in_vain(queue, channels);
  ++g.resets;
  if (in_vain) return false;
  cancel_timer(g, channels);
  stop_quantum(queue, channels.reset.now());
  end_wait(queue, WaitEnd::stopped, channels);
  delist(queue);
  g.suspended = false;
  g.was_reset = true;
  if (g.slot.exists() && !g.leaving) {
    g.leaving = true;
    g.leaving_since = channels.reset.now();
    g.left_idle = true;  // no waves to wait for
  }
  channels.reset.post({queue});
  if (!g.slot.exists()) reschedule(type_of(queue), channels);  // who waited behind it may fit now
  return true;
}

// Whatever MES was told before is void. What counts over the whole run (the ordinals of draws) stays.
void Firmware::on(const FirmwareReset& message, const FirmwareChannels& channels) {
  const State up = is_hws() ? State::up : State::bare;
  state_ = message.over ? up : State::down;
  if (message.over) return;
  cut(PacketResult::lost, channels.api_timer.now(), channels);
  for (const Stop& stop : stops_) channels.unmap_timer.cancel(stop.timeout);
  for (ApiPipe& pipe : pipes_) {
    channels.api_timer.cancel(pipe.timer);
    pipe = ApiPipe{};
  }
  stops_.clear();
  runlist_edits_.clear();
  held_.clear();
  blocked_ = false;
  silent_ = false;
  ++gpu_resets_;
  for (std::size_t i = 0; i < gangs_.size(); ++i) {
    Gang& g = gangs_[i];
    end_wait(QueueId::of(i), WaitEnd::stopped, channels);
    cancel_timer(g, channels);
    Gang fresh;
    fresh.stops = g.stops;
    fresh.resets = g.resets;
    fresh.seen = g.seen;
    g = fresh;
  }
  for (EngineLists& lists : lists_) {
    channels.quiet_timer.cancel(lists.quiet_timer);
    lists.quiet_timer = {};
  }
  forget_lists();
}

}  // namespace userqsim
