#include "results/explain/witness.hpp"

namespace userqsim {

Witness::Witness(Probes& probes, const Window& window) : window_(window) {
  subscribe_states(probes);
  subscribe_spans(probes);
}

// What stood when the window opened comes before the first fact within. A fact of the opening moment itself is
// within.
void Witness::open() {
  if (opened_) return;
  opened_ = true;
  for (const auto& [slot, fact] : slot_) seen_.slots.push_back(fact);
  for (const auto& [queue, fact] : ran_) seen_.ran.push_back(fact);
  for (const auto& [job, fact] : pending_) seen_.submitted.push_back(fact);
}

void Witness::subscribe_states(Probes& probes) {
  probes.memory_used.subscribe([this](const MemoryUsed& fact) {
    if (fact.time > window_.to) return;
    if (fact.time < window_.from) seen_.memory.clear();
    seen_.memory.push_back(fact);
  });
  probes.slot_changed.subscribe([this](const SlotChanged& fact) {
    if (fact.time > window_.to) return;
    if (fact.time < window_.from) return void(slot_.insert_or_assign(fact.slot, fact));
    open();
    seen_.slots.push_back(fact);
  });
  probes.queue_ran.subscribe([this](const QueueRan& fact) {
    if (fact.time > window_.to) return;
    if (fact.time < window_.from) return void(ran_.insert_or_assign(fact.queue, fact));
    open();
    seen_.ran.push_back(fact);
  });
  probes.job_submitted.subscribe([this](const JobSubmitted& fact) {
    if (fact.time < window_.from) {
      if (fact.fence) pending_.insert_or_assign(fact.job, fact);
    } else if (!window_.jobs_end.exists() || fact.job < window_.jobs_end) {
      open();
      seen_.submitted.push_back(fact);
    }
  });
  probes.job_ended.subscribe([this](const JobEnded& fact) {
    if (fact.time < window_.from) pending_.erase(fact.job);
  });
  probes.eviction_started.subscribe([this](const EvictionStarted& fact) {
    if (fact.time >= window_.from) open();
  });
}

void Witness::subscribe_spans(Probes& probes) {
  const auto keep = [this](auto& probe, auto& list) {
    probe.subscribe([this, &list](const auto& fact) {
      if (overlaps(fact.start, fact.end)) list.push_back(fact);
    });
  };
  keep(probes.mes_lock_held, seen_.mes_locks);
  keep(probes.userq_lock_held, seen_.userq_locks);
  keep(probes.mes_served, seen_.served);
  probes.buffer_moved.subscribe([this](const BufferMoved& fact) {
    if (overlaps(fact.start, fact.time)) seen_.moved.push_back(fact);
  });
  const auto keep_moment = [this](auto& probe, auto& list) {
    probe.subscribe([this, &list](const auto& fact) {
      if (overlaps(fact.time, fact.time)) list.push_back(fact);
    });
  };
  keep_moment(probes.move_queued, seen_.queued);
  keep_moment(probes.queue_stopped, seen_.stopped);
  keep_moment(probes.gang_ready, seen_.ready);
}

}  // namespace userqsim
