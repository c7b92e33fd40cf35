// Allocation and eviction: who gets space, and who gives it up.
#include <algorithm>

#include "models/memory/memory.hpp"
#include "models/workload/purpose.hpp"

namespace userqsim {

void Memory::on(const Allocate& message, const MemoryChannels& channels) {
  Request request;
  request.id = message.request;
  request.process = message.process;
  request.pressure = message.pressure;
  request.ordinal = message.ordinal;
  request.requested = channels.validated.now();
  if (message.pressure.exists()) {
    create_buffers(request, *channels.workload->pressure_spec(message.pressure).buffer, channels);
  } else {
    for (const BufferSpec& spec : (*processes_)[message.process.index()].vram)
      create_buffers(request, spec, channels);
  }
  request.room_was_taken = any_move_up_to(request.barrier);
  requests_.push_back(request);
  serve_head(channels);
  check_requests(channels);
}

// A request draws by who makes it, so that it costs the same whatever other requests there were.
std::uint32_t Memory::draw_entity(const Request& r) {
  return r.pressure.exists() ? (std::uint32_t{1} << 30) | r.pressure.value
                             : (std::uint32_t{1} << 29) | r.process.value;
}

// `size` is cut into `count` buffers; the first ones are a byte larger when it does not divide.
void Memory::create_buffers(Request& request, const BufferSpec& spec, const MemoryChannels& channels) {
  for (std::uint32_t i = 0; i < spec.count; ++i) {
    Buffer b;
    b.owner = request.process;
    b.request = request.id;
    b.domain = spec.domain;
    b.size = {spec.size.value / spec.count + (i < spec.size.value % spec.count ? 1 : 0)};
    if (b.size.value == 0) continue;
    b.draw = {draw_entity(request), (std::uint64_t{request.ordinal} << 32) | request.made++};
    buffers_.push_back(b);
    const BufferId id = BufferId::of(buffers_.size() - 1);
    if (place_new(id, request, channels)) {
      request.buffers.push_back(id);
    } else {
      buffer(id).freed = true;
      request.outcome = RequestOutcome::failed;
    }
  }
}

// A new buffer: VRAM alone evicts, and settles for GTT only when nobody can be evicted; VRAM or GTT
// takes GTT when VRAM is full, and evicts nobody.
bool Memory::place_new(BufferId id, Request& request, const MemoryChannels& channels) {
  const Bytes size = buffer(id).size;
  const Domain domain = buffer(id).domain;
  const bool evict = domain == Domain::vram;
  if (domain != Domain::gtt &&
      (vram_used_ + size <= spec_.vram || (evict && make_room(size, request.id, ProcessId::none(), channels)))) {
    put(id, Place::vram);
    // TTM gives a new buffer the fences of all evictions under way, not only of those that made its room.
    request.barrier = last_eviction_serial_;
    return true;
  }
  if (gtt_used_ + size > spec_.gtt) return false;
  put(id, Place::gtt);
  if (domain != Domain::gtt && request.outcome == RequestOutcome::ready)
    request.outcome = RequestOutcome::fell_to_gtt;
  return true;
}

// Evicts from the head of the LRU until `size` fits. Buffers already evicted stay evicted when it never does.
bool Memory::make_room(Bytes size, RequestId request, ProcessId sparing, const MemoryChannels& channels) {
  while (vram_used_ + size > spec_.vram) {
    const std::optional<BufferId> victim = next_victim(request, sparing);
    if (!victim) return false;
    put(*victim, Place::gtt);
    enqueue(*victim, Place::gtt, request, channels);
  }
  return true;
}

// Nobody's victim: buffers of the same request and of processes being validated (their reservations are held), and
// what GTT has no room for. A process may well evict its own other buffers.
std::optional<BufferId> Memory::next_victim(RequestId request, ProcessId sparing) const {
  for (const auto& [stamp, id] : lru_) {
    const Buffer& b = buffer(id);
    if (b.owner == sparing || owners_[b.owner.index()].locked) continue;
    if (request.exists() && b.request == request) continue;
    if (gtt_used_ + b.size > spec_.gtt) continue;
    return id;
  }
  return std::nullopt;
}

// Accounts the buffer where it now belongs; a buffer placed in VRAM goes to the LRU's tail.
void Memory::put(BufferId id, Place place) {
  Buffer& b = buffer(id);
  if (b.place == Place::vram) lru_.erase(b.lru_stamp);
  account(b, -1);
  b.place = place;
  account(b, +1);
  if (place != Place::vram) return;
  b.lru_stamp = next_stamp_++;
  lru_.emplace(b.lru_stamp, id);
}

// Adds the buffer to the sums of the place it is in (sign +1), or takes it out of them (-1).
void Memory::account(const Buffer& b, std::int64_t sign) {
  if (b.place == Place::nowhere) return;
  const Bytes change{sign * b.size.value};
  (b.place == Place::vram ? vram_used_ : gtt_used_) += change;
  if (!belongs_in_vram(b)) return;
  Owner& o = owner(b.owner);
  o.wants_vram += change;
  if (b.place == Place::gtt) o.in_gtt += change;
}

// The space is free at once; a copy of it that is under way still ends on the engine.
void Memory::free_buffer(BufferId id) {
  put(id, Place::nowhere);
  buffer(id).freed = true;
}

// A request whose room has been vacated is bound: its page tables are written, then it is ready.
void Memory::check_requests(const MemoryChannels& channels) {
  for (Request& r : requests_) {
    if (!r.waiting || r.binding || any_move_up_to(r.barrier)) continue;
    r.binding = true;
    std::int64_t fragments = 0;
    for (const BufferId id : r.buffers) fragments += ceil_div(buffer(id).size.value, fragment_bytes);
    const Duration fragment = channels.costs->of(CostName::page_table_fragment, draw_entity(r), r.ordinal);
    const Duration bind =
        plus(channels.costs->of(CostName::page_table_base, draw_entity(r), r.ordinal), times(fragment, fragments));
    channels.request_bound.post_in(bind, {r.id});
  }
}

void Memory::on(const RequestBound& message, const MemoryChannels& channels) {
  const auto it =
      std::find_if(requests_.begin(), requests_.end(), [&](const Request& r) { return r.id == message.request; });
  if (it == requests_.end()) return;  // its process has exited
  end_request(*it, channels);
  channels.allocation_ready.post({it->process, it->id});
  const bool held = it->pressure.exists() && channels.workload->pressure_spec(it->pressure).hold.has_value();
  if (held) {
    const Distribution& hold = *channels.workload->pressure_spec(it->pressure).hold;
    const DrawPoint point = draw_point(Purpose::pressure_hold, it->pressure.value, it->ordinal);
    channels.hold_over.post_in(channels.draws->sample(hold, point), {it->id});
  }
}

void Memory::end_request(Request& r, const MemoryChannels& channels) {
  r.waiting = false;
  channels.request_ended->state(fact_of(r, r.outcome, channels.validated.now()));
}

RequestEnded Memory::fact_of(const Request& r, RequestOutcome outcome, SimTime now) const {
  Bytes bytes{0};
  for (const BufferId id : r.buffers) bytes += buffer(id).size;
  return {now, r.id, RequestKind::allocate, r.process, bytes, r.requested, outcome, r.room_was_taken};
}

void Memory::on(const HoldOver& message, const MemoryChannels& channels) {
  const auto it =
      std::find_if(requests_.begin(), requests_.end(), [&](const Request& r) { return r.id == message.request; });
  if (it == requests_.end()) return;
  for (const BufferId id : it->buffers) {
    if (!buffer(id).freed) free_buffer(id);
  }
  requests_.erase(it);
  serve_head(channels);
  check_requests(channels);
  check_validations(channels);
}

}  // namespace userqsim
