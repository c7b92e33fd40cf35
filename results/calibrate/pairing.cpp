#include "results/calibrate/pairing.hpp"

#include <algorithm>
#include <utility>

namespace userqsim {
namespace {

// A thread is in one call at a time, a process has two works and a fence, so no machine comes near these.
constexpr std::size_t most_calls = 256;
constexpr std::size_t most_remembered = 16384;
constexpr std::size_t most_flushes = 64;

// The driver gives a packet up after 2.1 s. What is open for longer has lost its end.
constexpr std::int64_t longest_pair = 10'000'000'000;

// Makes room for one more in a map that has too many, and hands out what goes. Which one that is does not matter
// where so many are junk.
template <class Map>
auto make_room(Map& map) {
  return map.size() < most_remembered ? typename Map::node_type{} : map.extract(map.begin());
}

std::optional<Service> service_of(std::int64_t from, std::int64_t to) {
  using namespace traced_state;
  if (from == unmapped && to == mapped) return Service::add;
  if (from == mapped && to == unmapped) return Service::remove;
  if (from == preempted && to == unmapped) return Service::remove_preempted;
  if (from == mapped && to == preempted) return Service::suspend;
  if (from == preempted && to == mapped) return Service::resume;
  return std::nullopt;
}

// Whether the packet may be that of a call on a queue in state `from`.
bool fits(Opcode opcode, std::int64_t from) {
  using namespace traced_state;
  switch (opcode) {
    case Opcode::add_queue:
      return from == unmapped;
    case Opcode::remove_queue:
      return from == mapped || from == preempted;
    case Opcode::suspend:
      return from == mapped;
    case Opcode::resume:
      return from == preempted;
    default:
      return false;
  }
}

}  // namespace

void TracePairing::on(std::int64_t time_ns, const TraceEvent& event) {
  std::visit([&](const auto& e) { handle(time_ns, e); }, event);
}

void TracePairing::handle(std::int64_t time, const StateStart& event) {
  if (emission_) emission_->quiet = false;
  const auto same = [&](const Call& call) { return call.queue == event.queue; };
  if (std::erase_if(open_, same) > 0) counts_.reconsider(LineFate::unpaired_start);
  while (!open_.empty() && (open_.size() == most_calls || time - open_.front().start > longest_pair)) {
    open_.erase(open_.begin());
    counts_.reconsider(LineFate::unpaired_start);
  }
  Call call;
  call.number = next_++;
  call.queue = event.queue;
  call.type = event.type;
  call.from = event.from;
  call.start = time;
  call.fence_pending = has_fence_pending(event.queue);
  if (open_.empty()) {
    call.served_from = time;
  } else {
    call.before = open_.back().number;
  }
  open_.push_back(call);
}

void TracePairing::handle(std::int64_t time, const StateChanged& event) {
  if (event.to == traced_state::invalid_va) {
    ++samples_.invalid_va;
    return;
  }
  const auto it =
      std::find_if(open_.begin(), open_.end(), [&](const Call& call) { return call.queue == event.queue; });
  if (it == open_.end()) return counts_.reconsider(LineFate::unpaired_end);
  if (time - it->start > longest_pair) {
    open_.erase(it);
    counts_.reconsider(LineFate::unpaired_start);
    return counts_.reconsider(LineFate::unpaired_end);
  }
  Call call = *it;
  const auto is_before = [&](const Call& other) { return other.number < call.number; };
  if (call.served_from && time > *call.served_from) {
    call.mes_busy |= std::any_of(open_.begin(), open_.end(), is_before);
  }
  open_.erase(it);
  const std::optional<Service> service = service_of(call.from, event.to);
  pass_on(call, time, service && *service != Service::suspend);
  sample(call, event.to, time);
}

// The calls that came later learn of this one's end: who came next has the mutex now, if this one ended with it.
void TracePairing::pass_on(const Call& ended, std::int64_t time, bool tells_release) {
  for (Call& call : open_) {
    if (call.number < ended.number) continue;
    if (call.served_from && time > *call.served_from) call.mes_busy = true;
    if (call.before != ended.number || call.served_from || !tells_release) continue;
    call.served_from = time;
    call.known = StartKnown::queued;
  }
}

void TracePairing::sample(const Call& call, std::int64_t to, std::int64_t time) {
  using namespace traced_state;
  const std::optional<Service> service = service_of(call.from, to);
  if (!service) {
    if (to != hung || call.from < unmapped || call.from > preempted) return;
    // Without its emission the packet that failed to stop a queue may have been either.
    const bool suspends = call.emitted == Opcode::suspend;
    const Service failed = call.from == unmapped    ? Service::add
                           : call.from == preempted ? Service::resume
                           : suspends               ? Service::suspend
                                                    : Service::remove;
    return samples_.of(failed).leave_out(LeftOut::failed);
  }
  ServiceSamples& samples = samples_.of(*service);
  samples.whole.push_back(time - call.start);
  const bool stops = *service == Service::remove || *service == Service::suspend;
  if (!call.served_from) return samples.leave_out(LeftOut::not_separated);
  if (time == *call.served_from) return samples.leave_out(LeftOut::no_packet);
  if (call.mes_busy) return samples.leave_out(LeftOut::mes_busy);
  if (stops && call.type == traced_gfx) return samples.leave_out(LeftOut::graphics);
  if (stops && call.fence_pending) return samples.leave_out(LeftOut::fence_pending);
  samples.served.push_back(time - *call.served_from);
  ++samples.known[static_cast<std::size_t>(call.known)];
}

void TracePairing::handle(std::int64_t, const JobFenceEmitted& event) {
  if (!job_fences_.contains(event.context)) make_room(job_fences_);
  if (!fence_context_.contains(event.queue)) make_room(fence_context_);
  fence_context_[event.queue] = event.context;
  job_fences_[event.context].emitted = event.seqno;
}

bool TracePairing::has_fence_pending(const TracedQueue& queue) const {
  const auto context = fence_context_.find(queue);
  if (context == fence_context_.end()) return false;
  const auto fence = job_fences_.find(context->second);
  return fence != job_fences_.end() && fence->second.emitted > fence->second.signaled;
}

void TracePairing::handle(std::int64_t time, const FenceMoved& event) {
  if (event.evicts) return on_eviction_fence(time, event);
  const auto fence = job_fences_.find(event.context);
  if (event.move == FenceMove::signaled && fence != job_fences_.end()) {
    fence->second.signaled = std::max(fence->second.signaled, event.seqno);
  } else {
    counts_.reconsider(LineFate::other_event);
  }
}

void TracePairing::on_eviction_fence(std::int64_t time, const FenceMoved& event) {
  if (!eviction_fences_.contains(event.context)) {
    const auto gone = make_room(eviction_fences_);
    if (gone && gone.mapped().enabled) counts_.reconsider(LineFate::unpaired_start);
  }
  EvictionFence& fence = eviction_fences_[event.context];
  switch (event.move) {
    case FenceMove::enabled:
      if (fence.enabled) counts_.reconsider(LineFate::unpaired_start);
      fence.enabled = time;
      fence.signaled.reset();
      break;
    case FenceMove::signaled:
      if (!fence.enabled) {
        counts_.reconsider(LineFate::unpaired_end);
      } else {
        samples_.evict_latency.push_back(time - *fence.enabled);
      }
      fence.enabled.reset();
      fence.signaled = time;
      break;
    case FenceMove::init:
      if (fence.signaled) samples_.restore.push_back(time - *fence.signaled);
      fence.signaled.reset();
      end_flush(time);
      break;
  }
}

void TracePairing::handle(std::int64_t time, const WorkQueued& event) {
  if (works_.contains(event.work) || make_room(works_)) counts_.reconsider(LineFate::unpaired_start);
  works_[event.work] = time;
}

void TracePairing::handle(std::int64_t time, const WorkBegan& event) {
  const auto queued = works_.find(event.work);
  if (queued == works_.end()) {
    return counts_.reconsider(event.known ? LineFate::unpaired_end : LineFate::other_event);
  }
  const std::int64_t latency = time - queued->second;
  works_.erase(queued);
  if (latency <= longest_pair) return samples_.worker_latency.push_back(latency);
  counts_.reconsider(LineFate::unpaired_start);
  counts_.reconsider(LineFate::unpaired_end);
}

void TracePairing::handle(std::int64_t time, const MesEmitted& event) {
  const std::optional<Emission> last = std::exchange(emission_, Emission{event.opcode, time, open_.empty()});
  if (event.opcode == Opcode::inv_tlbs) {  // on a pipe of its own, under no mutex
    if (flush_by_ != Opcode::inv_tlbs) flush_.clear();
    flush_by_ = Opcode::inv_tlbs;
    if (flush_.size() < most_flushes) flush_.push_back(time);
    return;
  }
  if (flush_by_ == Opcode::misc) flush_.clear();  // somebody else has the mutex
  if (!event.opcode) return;
  if (event.opcode == Opcode::misc && event.flushes) begin_flush(time);
  if (last && time - last->time <= longest_pair) {
    if (last->opcode == Opcode::set_hw_rsrc && event.opcode == Opcode::query_scheduler_status) {
      samples_.mes_api.push_back(time - last->time);
    }
    if (last->opcode == Opcode::reset && event.opcode == Opcode::remove_queue && last->quiet) {
      samples_.queue_reset.push_back(time - last->time);
    }
  }
  for (Call& call : open_) {
    if (call.emitted || !fits(*event.opcode, call.from)) continue;
    call.served_from = time;
    call.known = StartKnown::emission;
    call.emitted = event.opcode;
    return;
  }
}

// A SUSPEND gives the mutex back before MES is done with it, so MES may get a MISC while it waits for an unmap.
void TracePairing::begin_flush(std::int64_t time) {
  flush_by_ = Opcode::misc;
  flush_.assign(1, time);
  flush_beside_stop_ = std::any_of(open_.begin(), open_.end(), [](const Call& call) {
    return call.from == traced_state::mapped || call.emitted == Opcode::remove_queue;
  });
}

// A new eviction fence ends its process's flush. Of two processes that flush at once neither can be told.
void TracePairing::end_flush(std::int64_t time) {
  const std::vector<std::int64_t> flush = std::exchange(flush_, {});
  if (flush.size() != (flush_by_ == Opcode::misc ? 1U : 2U) || time - flush.front() > longest_pair) return;
  if (flush_by_ == Opcode::misc && flush_beside_stop_) {
    ++samples_.flushes_mes_busy;
    return;
  }
  for (std::size_t i = 0; i < flush.size(); ++i) {
    samples_.tlb_flush.push_back((i + 1 < flush.size() ? flush[i + 1] : time) - flush[i]);
  }
}

void TracePairing::handle(std::int64_t, const MesSilent&) {
  ++samples_.mes_timeouts;
  emission_.reset();
  flush_.clear();
}

void TracePairing::handle(std::int64_t, const TraceGap&) { forget_all(); }

void TracePairing::forget_all() {
  for (std::size_t i = 0; i < open_.size() + works_.size(); ++i) counts_.reconsider(LineFate::unpaired_start);
  for (const auto& [context, fence] : eviction_fences_) {
    if (fence.enabled) counts_.reconsider(LineFate::unpaired_start);
  }
  open_.clear();
  works_.clear();
  eviction_fences_.clear();
  job_fences_.clear();
  fence_context_.clear();
  emission_.reset();
  flush_.clear();
}

}  // namespace userqsim
