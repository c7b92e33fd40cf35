#include "results/record/eviction_parts.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>

#include "results/record/nanoseconds.hpp"

namespace userqsim {
namespace {

struct PartKind {
  std::string_view part;
  std::string_view waits_for;
};

PartKind slot_part(SlotState state) {
  switch (state) {
    case SlotState::free:
      return {"slot_wait", "slot"};
    case SlotState::mapping:
      return {"map", "MES"};
    case SlotState::loading:
      return {"context_load", "memory"};
    case SlotState::mapped:
      return {"pipe_wait", "pipe"};
    case SlotState::connecting:
      return {"connect", "queue_manager"};
    case SlotState::running:
      return {"run", "waves"};
    case SlotState::draining:
      return {"drain", "waves"};
    case SlotState::saving:
      return {"context_save", "memory"};
    case SlotState::unmapping:
      return {"unmap", "MES"};
  }
  return {};
}

PartKind step_part(EvictionStepKind kind) { return {name_of(kind), waited_for(kind)}; }

bool leaves_the_slot(SlotState state) {
  return state == SlotState::draining || state == SlotState::saving || state == SlotState::unmapping;
}

class PartWriter {
 public:
  PartWriter(const EvictionFacts& eviction, SimTime end, std::vector<PartRow>& parts)
      : eviction_(eviction), until_(observed_until(eviction, end)), last_(last_restored(eviction)), parts_(parts) {}

  void write() {
    const std::size_t first = parts_.size();
    if (eviction_.requested) {
      add(QueueId::none(), {"queued", "move_queue"}, *eviction_.requested, eviction_.started.time, false);
    }
    write_steps();
    for (const QueueFacts& queue : eviction_.queues) {
      if (queue.affected()) write_hardware(queue);
    }
    std::stable_sort(
        parts_.begin() + static_cast<std::ptrdiff_t>(first), parts_.end(), [](const PartRow& a, const PartRow& b) {
          return std::tuple{a.start_ns, a.end_ns, !a.critical} < std::tuple{b.start_ns, b.end_ns, !b.critical};
        });
  }

 private:
  void add(QueueId queue, PartKind what, SimTime start, SimTime end, bool critical) {
    if (end <= start) return;
    parts_.push_back({.eviction = eviction_.started.eviction.ordinal,
                      .process = eviction_.started.eviction.process.value,
                      .queue = queue.value,
                      .part = what.part,
                      .waits_for = what.waits_for,
                      .start_ns = ns(start),
                      .end_ns = ns(end),
                      .critical = critical});
  }

  void write_steps() {
    const SimTime cut = last_ != nullptr ? *last_->ready : until_;
    SimTime reached = eviction_.started.time;
    for (const EvictionStep& step : eviction_.steps) {
      const PartKind what = step_part(step.kind);
      const SimTime middle = std::clamp(cut, step.start, step.end);
      add(step.queue, what, step.start, middle, true);
      add(step.queue, what, middle, step.end, false);
      reached = std::max(reached, step.end);
    }
    if (last_ == nullptr) {
      write_unfinished(reached);
    } else if (!eviction_.resumed) {
      // The run may end, or the process exit, between GangReady and the driver's seeing the packet's end.
      write_step_in_progress(reached, cut);
    } else {
      // The driver was done without it; a RESUME of all gangs, for another process, has brought it back.
      write_spans(*last_, reached, cut, false, true);
    }
  }

  // What an eviction that was not restored was in when observation ended. A step is stated at its end, so the last
  // one is known only from other facts, or not at all.
  void write_unfinished(SimTime reached) {
    if (reached >= until_) return;
    const bool driver_is_done = eviction_.resumed && *eviction_.resumed <= reached;
    const bool any_hung =
        std::any_of(eviction_.queues.begin(), eviction_.queues.end(), [](const auto& queue) { return queue.hung; });
    if (eviction_.aborted || (driver_is_done && any_hung)) {
      add(QueueId::none(), {"given_up", "nothing"}, reached, until_, true);
    } else if (driver_is_done && (waiting_ = first_not_restored()) != nullptr) {
      waiting_from_ = reached;
      write_spans(*waiting_, reached, until_, false, true);
    } else {
      write_step_in_progress(reached, until_);
    }
  }

  // The step that was under way at `until`, which no fact states: a step is stated at its end.
  void write_step_in_progress(SimTime reached, SimTime until) {
    const EvictionStep* last = eviction_.steps.empty() ? nullptr : &eviction_.steps.back();
    QueueId queue;
    PartKind what{"unfinished", "unknown"};
    if (waits_for_next_use()) {
      what = step_part(EvictionStepKind::restore_cancelled);
    } else if (last != nullptr && last->kind == EvictionStepKind::min_run) {
      what = step_part(EvictionStepKind::suspend_start);
    } else if (last != nullptr && begins_a_restore(last->kind)) {
      what = step_part(EvictionStepKind::restore_start);
    } else if (const PacketEnded* packet = packet_at(until)) {
      queue = packet->queue;
      const bool acknowledged =
          last != nullptr && last->kind == EvictionStepKind::mes_packet && last->queue == queue;
      what = step_part(acknowledged ? EvictionStepKind::suspend_fence : EvictionStepKind::mes_packet);
    } else if (last_ != nullptr) {
      queue = last_->queue;  // made ready by a packet that has not ended
      what = step_part(EvictionStepKind::mes_packet);
    }
    add(queue, what, reached, until, true);
  }

  static bool begins_a_restore(EvictionStepKind kind) {
    return kind == EvictionStepKind::restore_delay || kind == EvictionStepKind::restore_cancelled;
  }

  // Whether a restore was cancelled and none has been queued since.
  bool waits_for_next_use() const {
    const auto queued = std::count_if(eviction_.steps.begin(), eviction_.steps.end(), [](const EvictionStep& step) {
      return step.kind == EvictionStepKind::restore_cancelled;
    });
    return eviction_.restores_cancelled > queued;
  }

  // The packet of the eviction that was under way then, or null.
  const PacketEnded* packet_at(SimTime time) const {
    const auto found =
        std::find_if(eviction_.packets.begin(), eviction_.packets.end(),
                     [&](const PacketEnded& packet) { return packet.issued <= time && packet.time >= time; });
    return found == eviction_.packets.end() ? nullptr : &*found;
  }

  const QueueFacts* first_not_restored() const {
    const auto found = std::find_if(eviction_.queues.begin(), eviction_.queues.end(), [&](const QueueFacts& queue) {
      return queue.affected() && !restored_time(eviction_, queue);
    });
    return found == eviction_.queues.end() ? nullptr : &*found;
  }

  void write_hardware(const QueueFacts& queue) {
    const auto stop = first_stop(eviction_, queue.queue);
    if (stop) write_spans(queue, *stop, queue.stopped.value_or(queue.ready.value_or(until_)), true, false);
    if (!queue.ready) return;
    const SimTime restored = restored_time(eviction_, queue).value_or(until_);
    // A stop that came after GangReady is part of the way back.
    write_spans(queue, *queue.ready, &queue == waiting_ ? waiting_from_ : restored, false, &queue == last_);
  }

  // What the queue's slot did within [from, to]; `leaving` keeps only the states of a stop.
  void write_spans(const QueueFacts& queue, SimTime from, SimTime to, bool leaving, bool critical) {
    if (leaving && queue.ready) to = std::min(to, *queue.ready);
    for (std::size_t i = 0; i < queue.slots.size(); ++i) {
      const SlotSpan& span = queue.slots[i];
      if (leaving && !leaves_the_slot(span.state)) continue;
      const SimTime stop = i + 1 < queue.slots.size() ? std::min(to, queue.slots[i + 1].time) : to;
      add(queue.queue, slot_part(span.state), std::max(from, span.time), stop, critical);
    }
  }

  const EvictionFacts& eviction_;
  SimTime until_;
  const QueueFacts* last_;
  const QueueFacts* waiting_ = nullptr;  // what an unfinished eviction waits for since waiting_from_
  SimTime waiting_from_;
  std::vector<PartRow>& parts_;
};

std::string verify_eviction(const RunRecord& record, const EvictionRow& row, std::vector<const PartRow*> chain) {
  const auto say = [&](std::string_view what, std::int64_t found, std::int64_t expected) {
    return fmt::format("eviction {} of {}: {} at {} ns, expected {} ns", row.eviction,
                       record.process_names[row.process], what, found, expected);
  };
  std::sort(chain.begin(), chain.end(),
            [](const PartRow* a, const PartRow* b) { return a->start_ns < b->start_ns; });
  std::int64_t reached = row.start_ns;
  bool ends_at_signal = row.signaled_ns == row.start_ns;
  for (const PartRow* part : chain) {
    if (part->start_ns != reached) return say(fmt::format("part {} starts", part->part), part->start_ns, reached);
    reached = part->end_ns;
    ends_at_signal = ends_at_signal || row.signaled_ns == reached;
  }
  if (reached != row.ended_ns) return say("its parts end", reached, row.ended_ns);
  const bool signal_observed = row.signaled_ns && *row.signaled_ns <= row.ended_ns;
  if (signal_observed && !ends_at_signal)
    return say("no part ends at the signal; the last", reached, *row.signaled_ns);
  return {};
}

}  // namespace

std::string_view waited_for(EvictionStepKind kind) {
  switch (kind) {
    case EvictionStepKind::min_run:
      return "run_time";
    case EvictionStepKind::suspend_start:
    case EvictionStepKind::restore_start:
      return "worker";
    case EvictionStepKind::userq_lock:
      return "userq_mutex";
    case EvictionStepKind::fence_wait:
      return "last_fence";
    case EvictionStepKind::mes_lock:
      return "mes_mutex";
    case EvictionStepKind::mes_packet:
      return "MES";
    case EvictionStepKind::suspend_fence:
      return "suspend_fence";
    case EvictionStepKind::restore_delay:
      return "timer";
    case EvictionStepKind::restore_cancelled:
      return "next_use";
    case EvictionStepKind::move:
      return "copy_engine";
    case EvictionStepKind::userptr_fault:
      return "page_fault";
    case EvictionStepKind::page_table:
      return "page_table";
    case EvictionStepKind::tlb_flush:
      return "tlb";
    case EvictionStepKind::gpu_reset:
      return "gpu_reset";
    case EvictionStepKind::restart_gap:
      return "worker";
  }
  return {};
}

void append_parts(const EvictionFacts& eviction, SimTime end, std::vector<PartRow>& parts) {
  PartWriter(eviction, end, parts).write();
}

std::string verify_parts(const RunRecord& record) {
  std::size_t next = 0;  // parts stand eviction by eviction, in the order of the evictions
  for (const EvictionRow& row : record.evictions) {
    std::vector<const PartRow*> chain;
    while (next < record.parts.size() && record.parts[next].process == row.process &&
           record.parts[next].eviction == row.eviction) {
      if (record.parts[next].critical) chain.push_back(&record.parts[next]);
      ++next;
    }
    std::string violation = verify_eviction(record, row, std::move(chain));
    if (!violation.empty()) return violation;
  }
  return next == record.parts.size() ? std::string{} : "parts of an eviction that has no row, or out of order";
}

}  // namespace userqsim
