// Who else waited while an eviction lasted: requests, submissions of its own process, other evictions, bystanders.
#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <map>

#include "results/explain/story_words.hpp"
#include "results/explain/tell.hpp"

namespace userqsim {
namespace {

class OtherWaits {
 public:
  explicit OtherWaits(const StoryInput& input)
      : input_(input), record_(input.record), row_(input.row()), from_(asked_ns(record_, row_)) {}

  std::vector<StoryWait> find() {
    requests();
    submissions();
    mes_mutex();
    copy_engine();
    slots();
    stopped_bystanders();
    std::stable_sort(waits_.begin(), waits_.end(),
                     [](const StoryWait& a, const StoryWait& b) { return a.start_ns < b.start_ns; });
    return std::move(waits_);
  }

 private:
  // Nothing for a wait of no length within the eviction.
  void add(const std::string& who, const std::string& what, std::int64_t start, std::int64_t end) {
    start = std::max(start, from_);
    end = std::min(end, row_.ended_ns);
    if (end > start) waits_.push_back({who, what, start, end});
  }

  std::string eviction_name(const PartRow& part) const {
    return fmt::format("eviction {} of {}", part.eviction, process_name(record_, part.process));
  }

  bool is_other(const PartRow& part) const {
    return part.process != row_.process || part.eviction != row_.eviction;
  }

  void requests() {
    for (const RequestRow& request : record_.requests) {
      if (!request.waited) continue;
      const bool own = row_.request && request.request == *row_.request;
      const std::string_view whose = own ? ", which set this eviction off" : "";
      add(process_name(record_, request.process),
          fmt::format("request {}: {} of {}{}", request.request, request.kind, size_text(request.bytes), whose),
          request.requested_ns, request.observed_until_ns);
    }
  }

  // Wanted by a client of the process, and not in its ring: a queue's together.
  void submissions() {
    struct Blocked {
      std::size_t jobs = 0;
      std::int64_t start = std::numeric_limits<std::int64_t>::max(), end = 0;
    };
    std::map<std::uint32_t, std::int64_t> submitted;
    for (const JobSubmitted& fact : input_.seen.submitted) submitted[fact.job.value] = ns(fact.time);
    std::map<std::uint32_t, Blocked> blocked;  // by queue
    for (const JobRow& job : record_.jobs) {
      if (job.process != row_.process || job.submitted_ns > row_.ended_ns) continue;
      const auto seen = submitted.find(job.job);
      // One that is not seen was in its ring before, unless it was wanted since: then it never came there.
      if (seen == submitted.end() && (job.submitted_ns < from_ || job.started_ns)) continue;
      const std::int64_t end = seen == submitted.end() ? job.observed_until_ns : seen->second;
      const std::int64_t stopped_from = row_.first_stop_ns.value_or(row_.start_ns);
      if (overlap_ns(job.submitted_ns, end, stopped_from, row_.ended_ns) == 0) continue;
      Blocked& of_queue = blocked[job.queue];
      ++of_queue.jobs;
      of_queue.start = std::min(of_queue.start, job.submitted_ns);
      of_queue.end = std::max(of_queue.end, end);
    }
    for (const auto& [queue, of_queue] : blocked) {
      add(fmt::format("clients of {}", queue_name(record_, QueueId{queue})),
          fmt::format("{}: a live eviction fence, or a place in the ring", count_text(of_queue.jobs, "submission")),
          of_queue.start, of_queue.end);
    }
  }

  void mes_mutex() {
    for (const PartRow& part : record_.parts) {
      if (part.part != "mes_lock" || !is_other(part)) continue;
      for (const MesLockHeld& lock : input_.facts.locks) {
        if (overlap_ns(part.start_ns, part.end_ns, ns(lock.start), ns(lock.end)) == 0) continue;
        add(eviction_name(part), "the MES mutex, which this eviction held", std::max(part.start_ns, ns(lock.start)),
            std::min(part.end_ns, ns(lock.end)));
      }
    }
  }

  // While it copied buffers of this eviction; waits of others on their own copies are not told apart.
  void copy_engine() {
    std::int64_t first = std::numeric_limits<std::int64_t>::max(), last = 0;
    for (const BufferMoved& moved : input_.seen.moved) {
      if (moved.eviction != input_.facts.started.eviction || moved.time <= moved.start) continue;
      first = std::min(first, ns(moved.start));
      last = std::max(last, ns(moved.time));
    }
    for (const PartRow& part : record_.parts) {
      if (part.part != "move" || !is_other(part) || overlap_ns(part.start_ns, part.end_ns, first, last) == 0)
        continue;
      add(eviction_name(part), "its buffers, while this eviction's were copied", std::max(part.start_ns, first),
          std::min(part.end_ns, last));
    }
  }

  void slots() {
    for (const SlotWaitRow& wait : record_.slot_waits) {
      if (wait.process == row_.process || wait.until_ns <= row_.start_ns) continue;
      add(queue_name(record_, QueueId{wait.queue}), "an HQD slot", std::max(wait.since_ns, row_.start_ns),
          wait.until_ns);
    }
  }

  // A SUSPEND that names no queue stops everybody.
  void stopped_bystanders() {
    const auto all = std::find_if(input_.facts.packets.begin(), input_.facts.packets.end(), [](const auto& packet) {
      return packet.opcode == Opcode::suspend && !packet.queue.exists();
    });
    if (all == input_.facts.packets.end()) return;
    for (const QueueStopped& stopped : input_.seen.stopped) {
      if (stopped.time < all->issued || record_.queues[stopped.queue.index()].process == row_.process) continue;
      std::int64_t end = row_.ended_ns;
      for (const GangReady& ready : input_.seen.ready) {
        if (ready.queue == stopped.queue && ready.time >= stopped.time) end = std::min(end, ns(ready.time));
      }
      add(queue_name(record_, stopped.queue), "its restart: the SUSPEND of all gangs stopped it too",
          ns(stopped.time), end);
    }
  }

  const StoryInput& input_;
  const RunRecord& record_;
  const EvictionRow& row_;
  std::int64_t from_;
  std::vector<StoryWait> waits_;
};

}  // namespace

std::vector<StoryWait> waits_of_others(const StoryInput& input) { return OtherWaits(input).find(); }

}  // namespace userqsim
