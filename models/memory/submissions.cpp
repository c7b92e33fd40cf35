// Submissions through the kernel (amdgpu_cs_ioctl): each looks at all buffers of its process, makes them the last
// to be victims, brings back what lies elsewhere as far as the budget goes, and keeps what it uses from moving away
// until its job is done.
#include <algorithm>
#include <utility>

#include "models/memory/memory.hpp"

namespace userqsim {

// Who shares a buffer with a process that is being restored waits for its reservation.
void Memory::on(const Submit& message, const MemoryChannels& channels) {
  if (must_wait_for_reservation(message.process)) return blocked_.push_back(message);
  Owner& o = owner(message.process);
  const bool ok = validate_submission(message.process, channels);
  if (!ok) return void(channels.submission_ready.post({message.queue, message.job, false}));
  bump(message.process);
  Submitted submitted{next_serial_++, message.job, message.queue};
  if (!o.pending.empty()) submitted.after = *o.pending.rbegin();
  o.submitted.push_back(submitted);
  check_submissions(message.process, channels);
}

// Of the many buffers that share their VM's reservation, and have no other user, none is looked at.
bool Memory::must_wait_for_reservation(ProcessId process) const {
  const Owner& o = owner(process);
  if (o.locked && !o.buffers.empty()) return true;
  return std::any_of(o.separate.begin(), o.separate.end(), [&](BufferId id) { return is_locked(buffer(id)); });
}

// amdgpu_cs_bo_validate, of each buffer that lies elsewhere: while there is a budget where it belongs, whoever has
// to leave; else, or without room there, where it is allowed. Its process holds the reservations meanwhile. The
// first that finds no place ends it, and nothing is paid.
bool Memory::validate_submission(ProcessId process, const MemoryChannels& channels) {
  Owner& o = owner(process);
  const Bytes free = spec_.vram - used(MemType::vram);
  const Bytes visible_free = spec_.visible_vram - visible_used_;
  const MoveBudget::Threshold threshold =
      budget_.threshold(channels.validated.now(), {spec_.vram, free, spec_.visible_vram, visible_free});
  const Claim claim{RequestId::none(), process};
  moved_ = moved_visible_ = Bytes{0};
  o.locked = true;
  const std::vector<BufferId> misplaced(o.misplaced.begin(), o.misplaced.end());
  const bool ok = std::all_of(misplaced.begin(), misplaced.end(), [&](BufferId id) {
    const bool sees = buffer(id).spec->cpu_access && spec_.visible_vram < spec_.vram;
    const bool pays = moved_ < threshold.any && (!sees || moved_visible_ < threshold.visible);
    return (pays && validate(id, placement_preferred(buffer(id)), claim, channels)) ||
           validate(id, placement_allowed(buffer(id)), claim, channels);
  });
  o.locked = false;
  if (ok) budget_.pay(moved_, moved_visible_);
  return ok;
}

// Somebody's reservations are free again.
void Memory::retry_blocked(const MemoryChannels& channels) {
  for (const Submit& message : std::exchange(blocked_, {})) {
    if (!owner(message.process).gone) on(message, channels);
  }
  for (const RequestId id : std::exchange(blocked_faults_, {})) fault(id, channels);
}

void Memory::on(const SubmissionDone& message, const MemoryChannels& channels) {
  std::vector<Submitted>& submitted = owner(message.process).submitted;
  std::erase_if(submitted, [&](const Submitted& s) { return s.job == message.job; });
  std::erase_if(blocked_, [&](const Submit& s) { return s.job == message.job; });
  serve(channels);
  check_requests(channels);
  check_sweep(channels);
}

// A submission goes on when the moves that it found under way are over; what they changed is written into the page
// tables first; and it waits for what another is writing (vm->last_update).
void Memory::check_submissions(ProcessId process, const MemoryChannels& channels) {
  Owner& o = owner(process);
  for (Submitted& s : o.submitted) {
    if (s.step != Submitted::Step::waits || (!o.pending.empty() && *o.pending.begin() <= s.after)) continue;
    const SimTime now = channels.validated.now();
    if (const std::int64_t entries = std::exchange(o.entries_moved, 0); entries > 0) {
      const std::uint32_t entity = (std::uint32_t{1} << 31) | process.value;
      const Duration entry = channels.costs->of(CostName::page_table_fragment, entity, s.job.value);
      const Duration base = channels.costs->of(CostName::page_table_base, entity, s.job.value);
      o.tables_until = std::max(now, o.tables_until) + plus(base, times(entry, entries));
    }
    if (o.tables_until <= now) {
      make_ready(s, channels);
      continue;
    }
    s.step = Submitted::Step::writes;
    channels.tables_written.post_at(o.tables_until, {process, s.job});
  }
}

void Memory::on(const TablesWritten& message, const MemoryChannels& channels) {
  for (Submitted& s : owner(message.process).submitted) {
    if (s.job == message.job) return make_ready(s, channels);
  }
}

void Memory::make_ready(Submitted& submitted, const MemoryChannels& channels) {
  submitted.step = Submitted::Step::ready;
  channels.submission_ready.post({submitted.queue, submitted.job, true});
}

// The fences of its jobs: nobody moves a buffer from under one that was submitted before.
bool Memory::used_by_jobs(ProcessId process, const Move& move) const {
  const std::vector<Submitted>& submitted = owner(process).submitted;
  return !submitted.empty() && submitted.front().serial < move.serial;
}

}  // namespace userqsim
