// Requests for memory: the buffers that they create, the room that they wait for, and their end.
#include <algorithm>
#include <utility>

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
  await(add(std::move(request)), channels);
}

RequestId Memory::add(Request request) {
  const RequestId id = request.id;
  for (const BufferId buffer : request.buffers) name(buffer);
  requests_.emplace(id, std::move(request));
  return id;
}

// It waits until the room that it was given, or the buffers that it touched, are there.
void Memory::await(RequestId id, const MemoryChannels& channels) {
  serve(channels);
  Request& request = requests_.find(id)->second;
  request.room_was_taken = oldest_move() <= request.barrier;
  unbound_.emplace(request.barrier, id);
  check_requests(channels);
}

void Memory::on(const CpuFault& message, const MemoryChannels& channels) {
  Request request;
  request.id = message.request;
  request.kind = RequestKind::cpu_fault;
  request.process = message.process;
  request.pressure = message.pressure;
  request.requested = channels.validated.now();
  const std::string& name = *channels.workload->pressure_spec(message.pressure).touches;
  const FlatSet<BufferId> held = owner(message.process).buffers;
  for (const BufferId id : held) {
    if (buffer(id).spec->name == name && !buffer(id).page_tables) request.buffers.push_back(id);
  }
  fault(add(std::move(request)), channels);
}

// ttm_bo_vm_reserve: whoever is being validated has the reservations until its page tables say where the buffers
// lie.
void Memory::fault(RequestId id, const MemoryChannels& channels) {
  const auto it = requests_.find(id);
  if (it == requests_.end()) return;  // its process has exited
  Request& request = it->second;
  const bool waits = std::any_of(request.buffers.begin(), request.buffers.end(),
                                 [&](BufferId touched) { return is_locked(buffer(touched)); });
  if (waits) return blocked_faults_.push_back(id);
  for (const BufferId touched : request.buffers) {
    if (buffer(touched).freed()) continue;
    touch(touched, {id, request.process}, channels);
    if (!buffer(touched).moves.empty()) request.barrier = std::max(request.barrier, buffer(touched).moves.back());
  }
  await(id, channels);
}

// amdgpu_bo_fault_reserve_notify, ttm_bo_vm_fault: what the CPU does not see in VRAM is moved to where it does, to
// GTT rather than in somebody's place; what was swapped out is read back. Else the buffer is bumped.
void Memory::touch(BufferId id, const Claim& claim, const MemoryChannels& channels) {
  Buffer& b = buffer(id);
  Placement list;
  if (b.place == MemType::vram && b.visible < b.size) {
    list.add({MemType::vram, PlaceFlag::desired, VramPart::visible});
    list.add({MemType::gtt});
    validate(id, list, claim, channels);
  } else if (b.place == MemType::swap) {
    list.add({MemType::system});
    validate(id, list, claim, channels);
  } else if (b.place != MemType::nowhere && !b.stays()) {
    b.lru = lru_of(b.place).bump(id, b.lru);
  }
}

// A request draws by who makes it, so that it costs the same whatever other requests there were.
std::uint32_t Memory::draw_entity(const Request& r) {
  return r.pressure.exists() ? (std::uint32_t{1} << 30) | r.pressure.value
                             : (std::uint32_t{1} << 29) | r.process.value;
}

// `size` is cut into `count` buffers; the first ones are a byte larger when it does not divide.
void Memory::create_buffers(Request& request, const BufferSpec& spec, const MemoryChannels& channels) {
  Buffer made;
  made.spec = &spec;
  made.users = {request.process};
  for (const std::string& name : spec.shared_with) {
    const ProcessId other = find_process(*layout_, name);
    if (!owner(other).gone) made.users.push_back(other);
  }
  const Reservation default_reservation = spec_.vm_buffers ? Reservation::vm : Reservation::own;
  made.in_bulk = spec.shared_with.empty() && spec.reservation.value_or(default_reservation) == Reservation::vm;
  for (std::uint32_t i = 0; i < spec.count; ++i) {
    made.size = {spec.size.value / spec.count + (i < spec.size.value % spec.count ? 1 : 0)};
    if (made.size.value > 0) create(made, request, channels);
  }
  create_page_tables(request, spec, channels);
}

// Of buffers that are gone nothing is kept once no move, no request and no sweep names them: what the state is must
// not depend on what it was. Whoever is the last to name one puts it here again.
void Memory::forget_freed() {
  erase_where(freed_, [&](BufferId id) {
    if (!buffers_.has(id) || buffer(id).named > 0) return true;
    if (sweep_ && std::find(sweep_->left.begin(), sweep_->left.end(), id) != sweep_->left.end()) return false;
    buffers_.forget(id);
    return true;
  });
}

void Memory::name_no_longer(BufferId id) {
  Buffer& b = buffer(id);
  if (--b.named == 0 && b.freed()) freed_.push_back(id);
}

void Memory::end_names(const Request& request) {
  for (const BufferId id : request.buffers) name_no_longer(id);
}

void Memory::create(const Buffer& made, Request& request, const MemoryChannels& channels) {
  const BufferId id = buffers_.create(made);
  buffer(id).draw = {draw_entity(request), (std::uint64_t{request.ordinal} << 32) | request.made++};
  account(id, +1);
  for (const ProcessId user : made.users) {
    owner(user).buffers.insert(id);
    if (made.is_separate()) owner(user).separate.insert(id);
  }
  if (place_new(id, request, channels)) {
    request.buffers.push_back(id);
  } else {
    free_buffer(id);
    request.outcome = RequestOutcome::failed;
  }
}

// A block of entries for each 2 MiB, in VRAM, that the buffers' users need each for himself, where their fragments
// are smaller (amdgpu_vm_pt_create). While a process has an eviction fence they are nobody's victims
// (amdgpu_vm_evictable).
void Memory::create_page_tables(Request& request, const BufferSpec& spec, const MemoryChannels& channels) {
  static const BufferSpec tables{"page tables", {0}, 1, Domain::vram};
  if (spec.fragment.value >= table_reach) return;
  Buffer made;
  made.spec = &tables;
  made.page_tables = true;
  made.size = {ceil_div(spec.size.value, table_reach) * table_bytes};
  std::vector<ProcessId> users{request.process};
  for (const std::string& name : spec.shared_with) users.push_back(find_process(*layout_, name));
  for (const ProcessId user : users) {
    if (owner(user).gone) continue;
    made.users = {user};
    create(made, request, channels);
  }
}

// amdgpu_gem_create_ioctl: where it was asked for; if there is no room, without the CPU's access; then in GTT too
// (but where what was asked for in VRAM alone has no other place).
// Who has it pinned does not settle.
bool Memory::place_new(BufferId id, Request& request, const MemoryChannels& channels) {
  const Claim claim{request.id, request.process};
  bool placed = validate(id, placement_of_new(buffer(id)), claim, channels);
  if (!placed && spec_.restore_settles && buffer(id).belongs_in_vram() && !buffer(id).stays()) {
    Placement anywhere;
    anywhere.add({MemType::vram});
    anywhere.add({MemType::gtt});
    placed = validate(id, anywhere, claim, channels);
  }
  if (!placed) return false;
  // TTM gives a new buffer the fences of all evictions under way, not only of those that made its room.
  const MemType place = buffer(id).place;
  const std::uint64_t barrier =
      place == MemType::vram ? vacated(MemType::vram) : std::max(vacated(MemType::gtt), vacated(MemType::system));
  request.barrier = std::max(request.barrier, barrier);
  return true;
}

// The space is free at once; a copy of it that is under way still ends on the engine, and a wipe comes behind it.
void Memory::free_buffer(BufferId id) {
  const bool wiped = buffer(id).place == MemType::vram && spec_.wipe_on_release &&
                     transfer_time(buffer(id).size, spec_.vram_bandwidth) > Duration{0};
  put(id, MemType::nowhere, VramPart::any);
  const SmallVector<ProcessId, 2> users = buffer(id).users;
  for (const ProcessId user : users) stop_using(id, user);
  freed_.push_back(id);
  if (wiped) enqueue_wipe(id);
}

void Memory::stop_using(BufferId id, ProcessId user) {
  Buffer& b = buffer(id);
  account_user(id, user, -1);
  owner(user).buffers.erase(id);
  owner(user).separate.erase(id);
  for (const std::uint64_t serial : b.moves) owner(user).pending.erase(serial);
  erase_value(b.users, user);
}

void Memory::check_requests(const MemoryChannels& channels) {
  while (!unbound_.empty() && unbound_.begin()->first < oldest_move()) {
    const auto it = requests_.find(unbound_.begin()->second);
    unbound_.erase(unbound_.begin());
    if (it->second.kind == RequestKind::allocate) {
      bind(it->second, channels);
    } else {
      end_request(it->second, channels);
      end_names(it->second);
      requests_.erase(it);
    }
  }
}

// A request whose room has been vacated is bound: its page tables are written, then it is ready.
void Memory::bind(const Request& r, const MemoryChannels& channels) {
  std::int64_t entries = 0;
  for (const BufferId id : r.buffers) entries += buffer(id).entries();
  const Duration entry = channels.costs->of(CostName::page_table_fragment, draw_entity(r), r.ordinal);
  const Duration base = channels.costs->of(CostName::page_table_base, draw_entity(r), r.ordinal);
  channels.request_bound.post_in(plus(base, times(entry, entries)), {r.id});
}

void Memory::on(const RequestBound& message, const MemoryChannels& channels) {
  const auto it = requests_.find(message.request);
  if (it == requests_.end()) return;  // its process has exited
  Request& request = it->second;
  end_request(request, channels);
  channels.allocation_ready.post({request.process, request.id});
  const bool held =
      request.pressure.exists() && channels.workload->pressure_spec(request.pressure).hold.has_value();
  if (!held) {
    end_names(request);
    requests_.erase(it);
    return;
  }
  const Distribution& hold = *channels.workload->pressure_spec(request.pressure).hold;
  const DrawPoint point = draw_point(Purpose::pressure_hold, request.pressure.value, request.ordinal);
  channels.hold_over.post_in(channels.draws->sample(hold, point), {request.id});
}

void Memory::end_request(Request& r, const MemoryChannels& channels) {
  r.waiting = false;
  const bool settled = std::any_of(r.buffers.begin(), r.buffers.end(), [&](BufferId id) {
    return !buffer(id).freed() && buffer(id).belongs_in_vram() && !buffer(id).belongs_here();
  });
  if (settled && r.outcome == RequestOutcome::ready) r.outcome = RequestOutcome::fell_to_gtt;
  channels.request_ended->state(fact_of(r, r.outcome, channels.validated.now()));
}

RequestEnded Memory::fact_of(const Request& r, RequestOutcome outcome, SimTime now) const {
  Bytes bytes{0};
  for (const BufferId id : r.buffers) bytes += buffer(id).page_tables ? Bytes{0} : buffer(id).size;
  return {now, r.id, r.kind, r.process, bytes, r.requested, outcome, r.room_was_taken};
}

void Memory::on(const HoldOver& message, const MemoryChannels& channels) {
  const auto it = requests_.find(message.request);
  if (it == requests_.end()) return;
  const Request request = it->second;
  end_names(request);
  requests_.erase(it);
  SmallSet<ProcessId, 4> users;
  for (const BufferId id : request.buffers) {
    users.insert(buffer(id).users.begin(), buffer(id).users.end());
    if (!buffer(id).freed()) free_buffer(id);
  }
  serve(channels);
  check_requests(channels);
  for (const ProcessId user : users) {
    check_validation(user, channels);
    check_submissions(user, channels);
  }
}

}  // namespace userqsim
