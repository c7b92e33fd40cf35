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
  suspend_seen_ |= event.from == traced_state::preempted;  // by a SUSPEND, perhaps before the trace began
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
  call.mes_busy |= suspend_seen_ && !driver_.sees_suspend_end;
  // A stop that failed may have been one.
  suspend_seen_ |= call.from == traced_state::mapped && event.to != traced_state::unmapped;
  if (service) silent_ = false;
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
  if (may_have_failed(time - *call.served_from)) return samples.leave_out(LeftOut::failed);
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
    if (gone) evicted_.erase(gone.key());
  }
  EvictionFence& fence = eviction_fences_[event.context];
  switch (event.move) {
    case FenceMove::enabled:
      if (fence.enabled) counts_.reconsider(LineFate::unpaired_start);
      fence.enabled = Enabled{event.seqno, time};
      fence.signaled.reset();
      evicted_.erase(event.context);
      break;
    case FenceMove::signaled:
      if (fence.enabled && fence.enabled->seqno == event.seqno) {
        samples_.evict_latency.push_back(time - fence.enabled->time);
        fence.enabled.reset();
      } else {
        counts_.reconsider(LineFate::unpaired_end);
      }
      if (fence.last && *fence.last != event.seqno) break;  // the next one is there already
      fence.signaled = time;
      evicted_.insert(event.context);
      break;
    case FenceMove::init:
      fence.last = event.seqno;
      if (!fence.signaled) break;  // a newcomer's first, or one that was missed
      samples_.restore.push_back(time - *fence.signaled);
      fence.signaled.reset();
      evicted_.erase(event.context);
      end_flush(time, event.context);
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
    return go_on_flush(time);
  }
  if (flush_by_ == Opcode::misc) flush_.clear();  // somebody else has the mutex
  if (!event.opcode) return;
  suspend_seen_ |= event.opcode == Opcode::suspend;
  // What RESET took from a queue MES may still be unmapping.
  const bool after_reset = last && last->opcode == Opcode::reset;
  if (event.opcode == Opcode::misc && event.flushes) begin_flush(time, after_reset);
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
    call.mes_busy |= after_reset;
    return;
  }
}

// Stamps are rounded, so what took a step less may have timed out too.
bool TracePairing::may_have_failed(std::int64_t took) const {
  return took >= driver_.mes_timeout_ns - stamp_step_ns;
}

// The context of the one process that is evicted; nothing where there is none, or more than one.
std::optional<std::uint32_t> TracePairing::evicted_alone() const {
  return evicted_.size() == 1 ? std::optional{*evicted_.begin()} : std::nullopt;
}

// A SUSPEND gives the mutex back before MES is done with it, so MES may get a MISC while it waits for an unmap.
void TracePairing::begin_flush(std::int64_t time, bool after_reset) {
  flush_by_ = Opcode::misc;
  flush_.assign(1, time);
  flush_context_ = evicted_alone();
  flush_failed_ = silent_;
  flush_mes_busy_ = std::any_of(open_.begin(), open_.end(), [](const Call& call) {
    return call.from == traced_state::mapped || call.emitted == Opcode::remove_queue;
  });
  flush_mes_busy_ |= after_reset || (suspend_seen_ && !driver_.sees_suspend_end);
}

// One more INV_TLBS: of all of them it has to be known whose they are.
void TracePairing::go_on_flush(std::int64_t time) {
  const bool begins = flush_by_ != Opcode::inv_tlbs || flush_.empty();
  if (begins) flush_.clear();
  flush_by_ = Opcode::inv_tlbs;
  const std::optional<std::uint32_t> context = evicted_alone();
  flush_context_ = begins || context == flush_context_ ? context : std::nullopt;
  flush_failed_ = silent_ || (!begins && flush_failed_);
  flush_mes_busy_ = suspend_seen_ && !driver_.sees_suspend_end;
  if (flush_.size() < most_flushes) flush_.push_back(time);
}

// A process that was evicted has its new fence.
void TracePairing::end_flush(std::int64_t time, std::uint32_t context) {
  if (flush_.empty() || (flush_context_ && *flush_context_ != context)) return;
  const std::vector<std::int64_t> flush = std::exchange(flush_, {});
  if (time - flush.front() > longest_pair) return;
  if (!flush_context_ || flush.size() != (flush_by_ == Opcode::misc ? 1U : 2U)) {
    return samples_.leave_flush_out(LeftOut::not_separated);
  }
  if (flush_mes_busy_) return samples_.leave_flush_out(LeftOut::mes_busy);
  for (std::size_t i = 0; i < flush.size(); ++i) {
    const std::int64_t took = (i + 1 < flush.size() ? flush[i + 1] : time) - flush[i];
    if (flush_failed_ || may_have_failed(took)) {
      samples_.leave_flush_out(LeftOut::failed);
    } else {
      samples_.tlb_flush.push_back(took);
    }
  }
}

void TracePairing::handle(std::int64_t, const MesSilent&) {
  ++samples_.mes_timeouts;
  emission_.reset();
  flush_.clear();
  silent_ = true;
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
  evicted_.clear();
  job_fences_.clear();
  fence_context_.clear();
  emission_.reset();
  flush_.clear();
}

}  // namespace userqsim
