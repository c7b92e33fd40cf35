// MES and all gangs at once; hung queues; MES's own end in a reset of the GPU.
#include <algorithm>

#include "models/firmware/firmware.hpp"
#include "sim/core/ensure.hpp"

namespace userqsim {

// suspend_all_gangs: whoever owns them.
void Firmware::suspend_all(Work work, const FirmwareChannels& channels) {
  AllStop stop{work, {}, channels.api_timer.now(), {}};
  for (std::size_t i = 0; i < gangs_.size(); ++i) {
    const QueueId queue = QueueId::of(i);
    Gang& g = gang(queue);
    if (!g.registered || g.suspended) continue;
    g.suspended = true;
    if (g.slot.exists()) {
      Packet about_it = work.packet;  // faults are about queues
      about_it.queue = queue;
      about_it.for_eviction = work.packet.for_eviction && layout_->queue(queue).process == work.packet.process;
      give_way(queue, &about_it, channels);
      stop.left.push_back(queue);
    } else {
      channels.queue_stopped->state(
          {channels.api_timer.now(), queue, channels.hardware->has_work(queue, *channels.workload)});
    }
    ++g.stops;
  }
  if (stop.left.empty() || spec_.suspend_ack == SuspendAck::before_preempt) {
    acknowledge(stop.work, PacketResult::ok, channels);
  }
  if (stop.left.empty()) return end_all_stop(stop, PacketResult::ok, channels);
  stop.timeout = channels.unmap_timer.post_in(spec_.unmap_timeout, {QueueId::none()});
  all_stops_.push_back(stop);
}

// resume_all_gangs: also those that were suspended one by one.
void Firmware::resume_all(const FirmwareChannels& channels) {
  std::vector<QueueId> queues;
  for (std::size_t i = 0; i < gangs_.size(); ++i) {
    if (gangs_[i].registered && gangs_[i].suspended) queues.push_back(QueueId::of(i));
  }
  std::sort(queues.begin(), queues.end(), [&](QueueId a, QueueId b) { return gang(a).place < gang(b).place; });
  for (const QueueId queue : queues) gang(queue).suspended = false;
  for (const QueueId queue : queues) make_runnable(queue, channels);
}

// The queue has left its slot: those that wait for all gangs wait for one less.
void Firmware::leave_all_stops(QueueId queue, const FirmwareChannels& channels) {
  std::vector<AllStop> ended;
  for (AllStop& stop : all_stops_) {
    std::erase(stop.left, queue);
    if (stop.left.empty()) ended.push_back(stop);
  }
  std::erase_if(all_stops_, [](const AllStop& stop) { return stop.left.empty(); });
  for (const AllStop& stop : ended) {
    channels.unmap_timer.cancel(stop.timeout);
    end_all_stop(stop, PacketResult::ok, channels);
  }
}

void Firmware::end_all_stop(AllStop stop, PacketResult result, const FirmwareChannels& channels) {
  if (spec_.api_during_unmap == ApiDuringUnmap::blocked) stop.work.busy += channels.api_timer.now() - stop.began;
  if (!stop.work.acked) acknowledge(stop.work, result, channels);
  if (result == PacketResult::ok) channels.suspend_fence.post({stop.work.packet.token});
  end_packet(stop.work, result, channels);
}

void Firmware::time_out_all_stop(const FirmwareChannels& channels) {
  const auto it = std::find_if(all_stops_.begin(), all_stops_.end(), [&](const AllStop& stop) {
    return stop.began + spec_.unmap_timeout <= channels.api_timer.now();
  });
  if (it == all_stops_.end()) return;
  const AllStop stop = *it;
  all_stops_.erase(it);
  end_all_stop(stop, PacketResult::unmap_fail, channels);
  serve_next(channels);
}

std::vector<QueueId> Firmware::hung_queues(QueueType type, const FirmwareChannels& channels) const {
  std::vector<QueueId> queues;
  for (std::size_t i = 0; i < gangs_.size() && queues.size() < hung_most; ++i) {
    const QueueId queue = QueueId::of(i);
    const bool on_machine = gangs_[i].slot.exists();
    if (on_machine && type_of(queue) == type && channels.hardware->stuck(queue)) queues.push_back(queue);
  }
  return queues;
}

// Its waves die, its slot is free, MES has forgotten it.
void Firmware::reset_queue(QueueId queue, const FirmwareChannels& channels) {
  gang(queue).registered = false;
  gang(queue).suspended = false;
  channels.reset_queue.post({queue});
}

void Firmware::reset_hung(Work work, const FirmwareChannels& channels) {
  ApiFence fence{work.packet.token, PacketResult::ok, {}};
  if (work.packet.queue.exists()) {
    reset_queue(work.packet.queue, channels);
  } else {
    const std::vector<QueueId> hung = hung_queues(work.packet.type, channels);
    std::copy(hung.begin(), hung.end(), fence.hung.begin());
    for (const QueueId queue : hung) reset_queue(queue, channels);
  }
  work.acked = channels.api_fence.now();
  channels.api_fence.post(fence);
  end_packet(work, PacketResult::ok, channels);
}

void Firmware::on(const FirmwareReset&, const FirmwareChannels& channels) {
  const auto lost = [&](const Work& work) { end_packet(work, PacketResult::lost, channels); };
  for (const Stop& stop : stops_) {
    channels.unmap_timer.cancel(stop.timeout);
    lost(stop.work);
  }
  for (const AllStop& stop : all_stops_) {
    channels.unmap_timer.cancel(stop.timeout);
    lost(stop.work);
  }
  if (current_) {
    channels.api_timer.cancel(api_timer_);
    lost(*current_);
  }
  for (const Work& work : inbox_) lost(work);
  for (const FirmwareEvent& event : missed_) {
    if (const auto* packet = std::get_if<Packet>(&event)) {
      Work work;
      work.packet = *packet;
      work.issued = channels.api_timer.now();
      lost(work);
    }
  }
  for (Gang& g : gangs_) {
    channels.quantum_timer.cancel(g.quantum_timer);
    const std::uint32_t stops = g.stops;
    g = Gang{};
    g.stops = stops;
  }
  std::fill(slot_taken_.begin(), slot_taken_.end(), QueueId::none());
  inbox_.clear();
  current_.reset();
  blocked_by_ = QueueId::none();
  stops_.clear();
  all_stops_.clear();
  missed_.clear();
  silent_ = false;
  ++silence_;
  channels.gpu_reset.post({});
}

}  // namespace userqsim
