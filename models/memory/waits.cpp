// What requests, validations and moves wait for.
#include <fmt/format.h>

#include <algorithm>

#include "models/memory/memory.hpp"

namespace userqsim {

namespace {

WaitPoint move_point(std::size_t lane) { return {WaitPoint::Kind::move, static_cast<std::uint32_t>(lane)}; }

}  // namespace

std::string Memory::name_of_move(std::size_t lane) const {
  const Move& move = lanes_[lane].moves.front();
  const Buffer& b = buffer(move.buffer);
  if (move.wipes || b.freed()) return "the wipe of a freed buffer";
  return fmt::format("the move of {}'s {} from {} to {}", layout_->process(b.owner()).name, b.spec->name,
                     name_of(move.from), name_of(move.to));
}

// The heads of the lanes in which there is a move up to that serial: all before it must be over.
void Memory::wait_for_moves(WaitPoint who, std::uint64_t barrier, std::vector<Wait>& waits) const {
  for (std::size_t lane = 0; lane < lanes_.size(); ++lane) {
    if (lanes_[lane].moves.empty() || lanes_[lane].moves.front().serial > barrier) continue;
    waits.push_back({who, "waits for " + name_of_move(lane), move_point(lane)});
  }
}

void Memory::wait_for_own_moves(WaitPoint who, ProcessId process, std::vector<Wait>& waits) const {
  const FlatSet<std::uint64_t>& pending = owner(process).pending;
  for (std::size_t lane = 0; lane < lanes_.size(); ++lane) {
    const auto is_its = [&](const Move& move) { return pending.contains(move.serial); };
    if (std::none_of(lanes_[lane].moves.begin(), lanes_[lane].moves.end(), is_its)) continue;
    waits.push_back({who, "waits for " + name_of_move(lane), move_point(lane)});
  }
}

// As may_begin(): the buffer's move before, each user's fence or jobs in turn, the room.
void Memory::wait_of_move(std::size_t lane, std::vector<Wait>& waits) const {
  const Move& move = lanes_[lane].moves.front();
  const Buffer& b = buffer(move.buffer);
  if (lanes_[lane].busy || move.wipes || b.freed()) return;
  const WaitPoint self = move_point(lane);
  if (b.moves.front() != move.serial) {
    for (std::size_t other = 0; other < lanes_.size(); ++other) {
      const auto is_before = [&](const Move& m) { return m.serial == b.moves.front(); };
      const Fifo<Move>& moves = lanes_[other].moves;
      if (std::none_of(moves.begin(), moves.end(), is_before)) continue;
      waits.push_back({self, "waits for " + name_of_move(other), move_point(other)});
    }
    return;
  }
  for (const ProcessId user : b.users) {
    const std::string& name = layout_->process(user).name;
    if (layout_->process(user).submission != Submission::kernel) {
      if (owner(user).fence_clear) continue;
      return waits.push_back(
          {self, "waits for the eviction fence of " + name, WaitPoint::of(WaitPoint::Kind::eviction_fence, user)});
    }
    if (!used_by_jobs(user, move)) continue;
    const QueueId queue = owner(user).submitted.front().queue;
    return waits.push_back({self, fmt::format("waits for the jobs of {}/{}", name, layout_->queue(queue).name),
                            WaitPoint::of(WaitPoint::Kind::queue, queue)});
  }
  if (move.after > 0) wait_for_moves(self, std::min(move.after, move.serial - 1), waits);
}

void Memory::wait_for_locks(WaitPoint who, BufferId id, std::vector<Wait>& waits) const {
  for (const ProcessId user : buffer(id).users) {
    if (!owner(user).locked) continue;
    waits.push_back({who, fmt::format("waits for the reservations of {}'s buffers", layout_->process(user).name),
                     WaitPoint::of(WaitPoint::Kind::reservations, user)});
  }
}

std::vector<Wait> Memory::waits() const {
  std::vector<Wait> waits;
  for (std::size_t lane = 0; lane < lanes_.size(); ++lane) {
    if (!lanes_[lane].moves.empty()) wait_of_move(lane, waits);
  }
  for (const auto& [barrier, id] : unbound_) {
    wait_for_moves(WaitPoint::of(WaitPoint::Kind::request, id), barrier, waits);
  }
  for (const RequestId id : blocked_faults_) {
    const auto it = requests_.find(id);
    if (it == requests_.end()) continue;
    for (const BufferId touched : it->second.buffers)
      wait_for_locks(WaitPoint::of(WaitPoint::Kind::request, id), touched, waits);
  }
  for (std::size_t p = 0; p < owners_.size(); ++p) {
    const ProcessId process = ProcessId::of(p);
    const Owner& o = owners_[p];
    if (o.validate_asked) wait_for_own_moves(WaitPoint::of(WaitPoint::Kind::buffers, process), process, waits);
    const bool is_first = !o.submitted.empty() && o.submitted.front().step == Submitted::Step::waits;
    const WaitPoint submission = WaitPoint::of(WaitPoint::Kind::submission, process);
    if (is_first) wait_for_own_moves(submission, process, waits);
    const auto is_its = [&](const Submit& s) { return s.process == process; };
    if (is_first || std::none_of(blocked_.begin(), blocked_.end(), is_its)) continue;
    for (const BufferId id : o.buffers) {
      if (is_locked(buffer(id))) wait_for_locks(submission, id, waits);
    }
  }
  const WaitPoint vram{WaitPoint::Kind::vram, 0};
  if (sweep_ && sweep_->swept) wait_for_moves(vram, sweep_->barrier, waits);
  if (!sweep_ || sweep_->swept) return waits;
  for (const BufferId id : sweep_->left) {
    if (is_locked(buffer(id))) wait_for_locks(vram, id, waits);
  }
  return waits;
}

std::vector<Memory::RequestWait> Memory::requesters() const {
  std::vector<RequestWait> waiting;
  for (const auto& [id, request] : requests_) {
    if (request.waiting) waiting.push_back({id, request.process, !request.pressure.exists()});
  }
  return waiting;
}

std::vector<std::size_t> Memory::copying() const {
  std::vector<std::size_t> busy;
  for (std::size_t lane = 0; lane < lanes_.size(); ++lane) {
    if (lanes_[lane].busy) busy.push_back(lane);
  }
  return busy;
}

}  // namespace userqsim
