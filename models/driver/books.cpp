#include "models/driver/books.hpp"

#include <algorithm>

namespace userqsim {

bool DriverBooks::works_on_all() const {
  using enum ResetWorker::Step;
  const bool resets = driver_.resetter_.step != idle && driver_.resetter_.step != lock;
  if (!driver_.device_worker_.op.run.over() || resets) return true;
  const auto is_about_all = [](const auto& worker) {
    return worker.op.call.step != MesCall::Step::idle && worker.op.call.packet.all_gangs;
  };
  return std::any_of(driver_.suspend_.begin(), driver_.suspend_.end(), is_about_all) ||
         std::any_of(driver_.restore_.begin(), driver_.restore_.end(), is_about_all) ||
         std::any_of(driver_.closers_.begin(), driver_.closers_.end(), is_about_all);
}

bool DriverBooks::works_on(ProcessId process) const {
  const std::size_t p = process.index();
  return !driver_.suspend_[p].op.run.over() || !driver_.restore_[p].op.run.over() ||
         !driver_.openers_[p].op.run.over() || !driver_.closers_[p].op.run.over();
}

bool DriverBooks::lost_buffers(QueueId queue) const {
  const QueueLife& life = driver_.book_.at(queue);
  if (!life.vas_gone) return false;
  const Driver::FenceState fence = driver_.file(life.process).fence;
  const bool still_stops = fence == Driver::FenceState::enabled || fence == Driver::FenceState::dead;
  return !(driver_.checks_addresses() && still_stops);
}

bool DriverBooks::writes_tables(ProcessId process) const {
  using Step = RestoreWorker::Step;
  const Driver::File& file = driver_.file(process);
  if (!file.userptr_invalid.empty() && file.fence == Driver::FenceState::signaled) return true;
  const RestoreWorker& worker = driver_.restore_[process.index()];
  if (worker.step == Step::userptr) return worker.entries > 0 || worker.userptr_pages > 0;
  return (worker.step == Step::page_table || worker.step == Step::tlb) && worker.translations_changed;
}

std::vector<ProcessId> DriverBooks::notified() const {
  std::vector<ProcessId> processes;
  for (const Notifier& notifier : driver_.notifiers_) processes.push_back(notifier.process);
  return processes;
}

}  // namespace userqsim
