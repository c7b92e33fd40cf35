#include "results/explain/tell.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "results/explain/story_words.hpp"
#include "sim/core/ensure.hpp"

namespace userqsim {
namespace {

template <class Row>
bool is_of(const Row& row, const EvictionRow& eviction) {
  return row.process == eviction.process && row.eviction == eviction.eviction;
}

std::string own_queue(const RunRecord& record, std::uint32_t queue) {
  return queue == no_index ? std::string{} : record.queue_names[queue];
}

void tell_parts(const StoryInput& input, Story& story) {
  for (const PartRow& part : input.record.parts) {
    if (is_of(part, input.row()))
      story.parts.push_back({part, own_queue(input.record, part.queue), told(input, part)});
  }
}

void tell_packets(const StoryInput& input, Story& story) {
  for (const MesOpRow& packet : input.record.mes_ops) {
    if (is_of(packet, input.row())) story.packets.push_back({packet, own_queue(input.record, packet.queue)});
  }
  std::stable_sort(story.packets.begin(), story.packets.end(),
                   [](const auto& a, const auto& b) { return a.row.issued_ns < b.row.issued_ns; });
}

// The moves that count to the eviction: out of the way of whoever asked, and back.
void tell_moves(const StoryInput& input, Story& story) {
  const EvictionId id = input.facts.started.eviction;
  for (const BufferMoved& moved : input.seen.moved) {
    if (moved.eviction != id) continue;
    const std::string owner = process_name(input.record, moved.process.value);
    const auto same = std::find_if(story.moves.begin(), story.moves.end(), [&](const StoryMoves& group) {
      return group.owner == owner && group.from == name_of(moved.from) && group.to == name_of(moved.to);
    });
    if (same == story.moves.end()) {
      story.moves.push_back({owner, name_of(moved.from), name_of(moved.to), 1, moved.bytes.value,
                             (moved.time - moved.start).count(), ns(moved.start), ns(moved.time)});
      continue;
    }
    ++same->buffers;
    same->bytes += moved.bytes.value;
    same->copying_ns += (moved.time - moved.start).count();
    same->first_ns = std::min(same->first_ns, ns(moved.start));
    same->last_ns = std::max(same->last_ns, ns(moved.time));
  }
}

void tell_queues(const StoryInput& input, Story& story) {
  for (const QueueFacts& queue : input.facts.queues) {
    if (!queue.affected()) continue;
    StoryQueue told;
    told.queue = own_queue(input.record, queue.queue.value);
    told.had_work = had_work(input.facts, queue);
    told.stopped_ns = ns(queue.stopped);
    told.ready_ns = ns(queue.ready);
    told.restored_ns = ns(restored_time(input.facts, queue));
    told.ran_ns = ns(queue.ran);
    for (const SlotSpan& span : queue.slots) {
      const bool in_slot = span.state == SlotState::mapped || span.state == SlotState::connecting;
      if (told.mapped_ns || !queue.ready || span.time < *queue.ready || !in_slot) continue;
      told.mapped_ns = ns(span.time);
    }
    story.queues.push_back(std::move(told));
  }
}

}  // namespace

std::int64_t asked_ns(const RunRecord& record, const EvictionRow& row) {
  for (const RequestRow& request : record.requests) {
    if (row.request && request.request == *row.request) return std::min(request.requested_ns, row.start_ns);
  }
  return row.start_ns;
}

Window window_of(const RunRecord& record, const EvictionRow& row) {
  const auto late = std::find_if(record.jobs.begin(), record.jobs.end(),
                                 [&](const JobRow& job) { return job.submitted_ns > row.ended_ns; });
  return {SimTime{Duration{asked_ns(record, row)}}, SimTime{Duration{row.ended_ns}},
          late == record.jobs.end() ? JobId::none() : JobId{late->job}};
}

std::vector<StoryAccount> accounts_of(const RunRecord& record, const EvictionRow& row) {
  std::vector<StoryAccount> accounts;
  std::int64_t length = 0;
  std::int64_t downtime = 0;
  for (const PartRow& part : record.parts) {
    if (!is_of(part, row) || !part.critical) continue;
    auto account =
        std::find_if(accounts.begin(), accounts.end(), [&](const StoryAccount& a) { return a.part == part.part; });
    if (account == accounts.end()) account = accounts.insert(account, {part.part, part.waits_for, 0, 0, 0});
    ++account->times;
    account->ns += part.end_ns - part.start_ns;
    length += part.end_ns - part.start_ns;
    if (!row.downtime_ns) continue;
    const std::int64_t down = overlap_ns(part.start_ns, part.end_ns, *row.first_stop_ns, row.ended_ns);
    account->downtime_ns += down;
    downtime += down;
  }
  ensure(length == row.ended_ns - row.start_ns, "the parts of an eviction do not sum to its length");
  ensure(downtime == row.downtime_ns.value_or(0), "the parts since the first stop do not sum to the downtime");
  return accounts;
}

Story tell(const StoryInput& input) {
  const EvictionRow& row = input.row();
  Story story;
  story.process = process_name(input.record, row.process);
  story.number = input.number;
  story.evictions = input.record.evictions.size();
  story.of_process = static_cast<std::size_t>(
      std::count_if(input.record.evictions.begin(), input.record.evictions.end(),
                    [&](const EvictionRow& other) { return other.process == row.process; }));
  story.from_ns = asked_ns(input.record, row);
  story.row = row;
  tell_cause(input, story);
  tell_parts(input, story);
  tell_packets(input, story);
  tell_moves(input, story);
  tell_queues(input, story);
  story.waits = waits_of_others(input);
  story.accounts = accounts_of(input.record, row);
  return story;
}

}  // namespace userqsim
