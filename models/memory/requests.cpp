// Requests for memory: the buffers that they create, the room that they wait for, and their end.
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
  serve(channels);
  request.room_was_taken = oldest_move() <= request.barrier;
  unbound_.emplace(request.barrier, request.id);
  requests_.emplace(request.id, request);
  check_requests(channels);
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
    if (made.size.value == 0) continue;
    made.draw = {draw_entity(request), (std::uint64_t{request.ordinal} << 32) | request.made++};
    buffers_.push_back(made);
    const BufferId id = BufferId::of(buffers_.size() - 1);
    account(id, +1);
    for (const ProcessId user : made.users) owner(user).buffers.insert(id);
    if (place_new(id, request, channels)) {
      request.buffers.push_back(id);
    } else {
      free_buffer(id);
      request.outcome = RequestOutcome::failed;
    }
  }
}

// amdgpu_gem_create_ioctl: where it was asked for; if there is no room, without the CPU's access; then in GTT too.
// Who has it pinned does not settle.
bool Memory::place_new(BufferId id, Request& request, const MemoryChannels& channels) {
  const Claim claim{request.id, request.process};
  bool placed = validate(id, placement_of_new(buffer(id)), claim, channels);
  if (!placed && buffer(id).belongs_in_vram() && !buffer(id).spec->pinned) {
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
  const std::vector<ProcessId> users = buffer(id).users;
  for (const ProcessId user : users) stop_using(id, user);
  if (wiped) enqueue_wipe(id);
}

void Memory::stop_using(BufferId id, ProcessId user) {
  Buffer& b = buffer(id);
  account_user(id, user, -1);
  owner(user).buffers.erase(id);
  owner(user).moves -= static_cast<std::uint32_t>(b.moves.size());
  std::erase(b.users, user);
}

// A request whose room has been vacated is bound: its page tables are written, then it is ready.
void Memory::check_requests(const MemoryChannels& channels) {
  while (!unbound_.empty() && unbound_.begin()->first < oldest_move()) {
    const Request& r = requests_.at(unbound_.begin()->second);
    unbound_.erase(unbound_.begin());
    std::int64_t entries = 0;
    for (const BufferId id : r.buffers) entries += buffer(id).entries();
    const Duration entry = channels.costs->of(CostName::page_table_fragment, draw_entity(r), r.ordinal);
    const Duration bind =
        plus(channels.costs->of(CostName::page_table_base, draw_entity(r), r.ordinal), times(entry, entries));
    channels.request_bound.post_in(bind, {r.id});
  }
}

void Memory::on(const RequestBound& message, const MemoryChannels& channels) {
  const auto it = requests_.find(message.request);
  if (it == requests_.end()) return;  // its process has exited
  Request& request = it->second;
  end_request(request, channels);
  channels.allocation_ready.post({request.process, request.id});
  const bool held =
      request.pressure.exists() && channels.workload->pressure_spec(request.pressure).hold.has_value();
  if (!held) return void(requests_.erase(it));
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
  for (const BufferId id : r.buffers) bytes += buffer(id).size;
  return {now, r.id, RequestKind::allocate, r.process, bytes, r.requested, outcome, r.room_was_taken};
}

void Memory::on(const HoldOver& message, const MemoryChannels& channels) {
  const auto it = requests_.find(message.request);
  if (it == requests_.end()) return;
  const Request request = it->second;
  requests_.erase(it);
  std::set<ProcessId> users;
  for (const BufferId id : request.buffers) {
    users.insert(buffer(id).users.begin(), buffer(id).users.end());
    if (!buffer(id).freed()) free_buffer(id);
  }
  serve(channels);
  check_requests(channels);
  for (const ProcessId user : users) check_validation(user, channels);
}

}  // namespace userqsim
