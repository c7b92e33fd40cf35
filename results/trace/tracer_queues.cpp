// Slots, the queues in them, and their jobs.
#include <algorithm>
#include <utility>

#include "results/record/nanoseconds.hpp"
#include "results/trace/tracer.hpp"

namespace userqsim {

void Tracer::close_slot(Slot& slot, SimTime time) {
  if (slot.state == SlotState::free) return;
  TraceSlice slice{.name = queue(slot.queue).in_slot.at(static_cast<std::size_t>(slot.state)),
                   .start_ns = ns(slot.since),
                   .end_ns = ns(time)};
  slice.args.add("process", name(layout_.queue(slot.queue).process));
  if (slot.flow) slice.flows = {&*slot.flow, 1};
  tracks_.add(slot.row, slice);
}

void Tracer::on(const SlotChanged& fact) {
  Slot& slot = slots_.at(fact.slot.index());
  Queue& q = queue(fact.queue);
  close_slot(slot, fact.time);
  slot.flow.reset();
  if (fact.to == SlotState::running) slot.flow = std::exchange(q.flow, std::nullopt);
  const bool came = slot.state == SlotState::free;
  slot.state = fact.to;
  slot.queue = fact.queue;
  slot.since = fact.time;
  const bool left = fact.to == SlotState::free;
  if (came != left) {
    mapped_now_ += came ? 1 : -1;
    tracks_.count(mapped_, ns(fact.time), mapped_now_);
  }
  if (!q.row) return;
  close_state(q, fact.time);
  q.has_slot = !left;
  q.state = fact.to;
}

// Ends the slice of what the queue has been in, and begins the next.
void Tracer::close_state(Queue& q, SimTime time) {
  TraceSlice slice{.name = {}, .start_ns = ns(q.since), .end_ns = ns(time)};
  if (q.has_slot) {
    slice.name = name_of(q.state);
  } else {
    slice.name = q.outside == Outside::stopped ? "stopped" : "idle";
  }
  if (q.has_slot || q.outside != Outside::absent) tracks_.add(*q.row, slice);
  q.since = time;
}

void Tracer::stay_outside(QueueId id, Outside outside, SimTime time) {
  Queue& q = queue(id);
  if (!q.row) return;
  const bool was = q.outside == Outside::idle;
  const bool is = outside == Outside::idle;
  if (was != is) count_runnable(time, is ? 1 : -1);
  if (!q.has_slot || outside == Outside::absent) close_state(q, time);
  q.outside = outside;
}

void Tracer::count_runnable(SimTime time, std::int64_t change) {
  runnable_now_ += change;
  tracks_.count(runnable_, ns(time), runnable_now_);
}

void Tracer::on(const QueueStopped& fact) { stay_outside(fact.queue, Outside::stopped, fact.time); }

void Tracer::on(const GangReady& fact) {
  stay_outside(fact.queue, Outside::idle, fact.time);
  const ProcessId id = layout_.queue(fact.queue).process;
  const Process& p = process(id);
  if (!p.flow || p.signaled != p.flow->ordinal) return;
  queue(fact.queue).flow = TraceFlow{flow_id(id, p.flow->ordinal), false};
}

void Tracer::on(const SlotWaited& fact) {
  Queue& q = queue(fact.queue);
  if (!q.row || q.has_slot) return;
  close_state(q, std::max(fact.since, q.since));
  tracks_.add(*q.row, {.name = "waiting for a slot", .start_ns = ns(q.since), .end_ns = ns(fact.time)});
  q.since = fact.time;
}

void Tracer::on(const QueueTransition& fact) {
  if (fact.to == UserqState::gone) stay_outside(fact.queue, Outside::absent, fact.time);
}

// From its first wave; what it waited before, its queue's track shows.
void Tracer::on(const JobEnded& fact) {
  if (!fact.started) return;
  const std::vector<NodeLayout>& nodes = layout_.streams.at(fact.stream.index()).nodes;
  const std::string& node = nodes.at(fact.node).name;
  TraceSlice slice{.name = node.empty() ? std::string_view{"job"} : std::string_view{node},
                   .start_ns = ns(*fact.started),
                   .end_ns = ns(fact.finished.value_or(fact.time))};
  slice.args.add("job", std::int64_t{fact.job.value});
  slice.args.add("submitted_ns", ns(fact.submitted));
  slice.args.add("preemptions", std::int64_t{fact.preemptions});
  slice.args.add("outcome", name_of(fact.outcome));
  tracks_.add(queue(fact.queue).jobs, slice);
}

}  // namespace userqsim
