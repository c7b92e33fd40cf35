// What each part of an eviction waited for, in words.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <tuple>

#include "models/hardware/hardware.hpp"
#include "results/explain/story_words.hpp"
#include "results/explain/tell.hpp"

namespace userqsim {
namespace {

class PartWords {
 public:
  PartWords(const StoryInput& input, const PartRow& part) : input_(input), record_(input.record), part_(part) {}

  std::string text() const {
    using Teller = std::string (PartWords::*)() const;
    static constexpr std::array<std::pair<std::string_view, Teller>, 10> tellers{
        {{"queued", &PartWords::queued},
         {"userq_lock", &PartWords::userq_lock},
         {"fence_wait", &PartWords::fence_wait},
         {"mes_lock", &PartWords::mes_lock},
         {"mes_packet", &PartWords::mes_packet},
         {"suspend_fence", &PartWords::suspend_fence},
         {"move", &PartWords::move},
         {"drain", &PartWords::drain},
         {"slot_wait", &PartWords::slot_wait},
         {"pipe_wait", &PartWords::pipe_wait}}};
    for (const auto& [name, teller] : tellers) {
      if (part_.part == name) return (this->*teller)();
    }
    return plain();
  }

 private:
  // Where no fact tells more than the kind of part does.
  std::string plain() const {
    static constexpr std::array<std::pair<std::string_view, std::string_view>, 18> texts{
        {{"min_run", "it has not run as long since its last restore as the kernel lets it"},
         {"suspend_start", "the suspend worker is queued and does not run yet"},
         {"restore_delay", "the kernel's delay before it queues the restore worker"},
         {"restore_start", "the restore worker is queued and does not run yet"},
         {"restore_cancelled", "no restore is queued; whoever needs the process next queues one"},
         {"userptr_fault", "the invalidated userptr pages are faulted in again"},
         {"page_table", "the page tables are written for what has moved"},
         {"tlb_flush", "the TLBs are flushed on MES's second pipe"},
         {"gpu_reset", "the whole GPU is reset"},
         {"restart_gap", "the worker is off the CPU between the new fence and userq_mutex"},
         {"context_save", "the queue's context is written"},
         {"unmap", "MES takes the queue out of its slot"},
         {"map", "MES puts the queue into a slot"},
         {"context_load", "the queue's context is read"},
         {"connect", "the pipe connects the queue"},
         {"run", "connected, before its first wave"},
         {"given_up", "nothing restores the process"},
         {"unfinished", "under way when observation ended"}}};
    for (const auto& [name, words] : texts) {
      if (part_.part == name) return std::string{words};
    }
    return {};
  }

  std::int64_t overlap(SimTime start, SimTime end) const {
    return overlap_ns(ns(start), ns(end), part_.start_ns, part_.end_ns);
  }
  std::string at(std::int64_t time) const { return offset_text(time - input_.row().start_ns); }
  std::string packet_name(const MesOpRow& packet) const {
    if (packet.queue != no_index) return fmt::format("{} {}", packet.opcode, record_.queue_names[packet.queue]);
    if (packet.opcode == name_of(Opcode::reset)) return "RESET (a search for hung queues)";
    if (packet.opcode == name_of(Opcode::misc)) return "MISC (a TLB flush)";
    const bool all = packet.opcode == name_of(Opcode::suspend) || packet.opcode == name_of(Opcode::resume);
    return std::string{packet.opcode} + (all ? " of all gangs" : "");
  }

  // Moves that stood before the one that needed this fence.
  std::string queued() const {
    const std::string copied = copies();
    return "nobody needed this fence yet: who came before was still stopped, moved or served" +
           (copied.empty() ? std::string{} : "; copied meanwhile: " + copied);
  }

  std::string userq_lock() const {
    std::vector<std::string> holders;
    for (const UserqLockHeld& held : input_.seen.userq_locks) {
      if (held.process.value != part_.process || overlap(held.start, held.end) == 0) continue;
      holders.push_back(fmt::format("{} ({})", name_of(held.holder), length_text(overlap(held.start, held.end))));
    }
    return holders.empty() ? "held by one who has not released it" : "held by its " + list_text(holders);
  }

  // The device's mutex: who had it meanwhile, and which packet they waited for under it.
  std::string mes_lock() const {
    std::vector<std::string> holders;
    for (const MesLockHeld& held : input_.seen.mes_locks) {
      if (overlap(held.start, held.end) == 0) continue;
      const auto packet = std::find_if(record_.mes_ops.begin(), record_.mes_ops.end(), [&](const MesOpRow& row) {
        return row.process == held.process.value && row.issued_ns >= ns(held.start) &&
               row.issued_ns < ns(held.end) && row.opcode != name_of(Opcode::inv_tlbs);
      });
      const std::string why = packet == record_.mes_ops.end() ? std::string{} : " for " + packet_name(*packet);
      holders.push_back(fmt::format("{}{} ({})", process_name(record_, held.process.value), why,
                                    length_text(overlap(held.start, held.end))));
    }
    return holders.empty() ? "held by one who has not released it" : "held by " + list_text(holders);
  }

  // The last fence of the queue that was pending, and how its job stood.
  std::string fence_wait() const {
    const JobRow* last = nullptr;
    std::size_t pending = 0;
    for (const JobSubmitted& fact : input_.seen.submitted) {
      if (!fact.fence || fact.queue.value != part_.queue || ns(fact.time) > part_.end_ns) continue;
      const auto job = std::lower_bound(record_.jobs.begin(), record_.jobs.end(), fact.job.value,
                                        [](const JobRow& row, std::uint32_t number) { return row.job < number; });
      if (job == record_.jobs.end() || job->job != fact.job.value || job->observed_until_ns <= part_.start_ns)
        continue;
      ++pending;
      if (last == nullptr || job->job > last->job) last = &*job;
    }
    if (last == nullptr) return "a fence of the queue that no job tells of";
    const bool begun = last->started_ns && *last->started_ns < part_.start_ns;
    const std::string stood =
        begun ? fmt::format("which had begun {} before", length_text(part_.start_ns - *last->started_ns))
              : std::string{"which had not begun"};
    const std::string end = last->observed_until_ns > part_.end_ns ? "; it was not waited for to its end" : "";
    return fmt::format("job {}'s, {}; {} pending{}", last->job, stood, count_text(pending, "fence"), end);
  }

  const MesOpRow* own_packet() const {
    const MesOpRow* found = nullptr;
    for (const MesOpRow& row : record_.mes_ops) {
      const bool mine = row.process == part_.process && row.eviction == part_.eviction && row.queue == part_.queue;
      // Of a step that was cut in two, the second half begins after the issue.
      if (mine && row.issued_ns <= part_.start_ns && (found == nullptr || row.issued_ns > found->issued_ns)) {
        found = &row;
      }
    }
    return found;
  }

  std::string mes_packet() const {
    const MesOpRow* packet = own_packet();
    if (packet == nullptr) return "a packet that had not ended";
    std::string text = packet_name(*packet);
    if (!packet->started_ns) return text + ": MES never took it up";
    if (*packet->started_ns > packet->issued_ns) {
      text += fmt::format(": MES took it up after {}{}", length_text(*packet->started_ns - packet->issued_ns),
                          busy_with(packet->issued_ns, *packet->started_ns));
    } else {
      text += ": taken up at once";
    }
    text += fmt::format(", {} of MES's time{}", length_text(packet->busy_ns),
                        stands_still(*packet) ? " with the wait for its queue to leave" : "");
    text += packet->acked_ns ? ", acknowledged " + at(*packet->acked_ns) : ", never acknowledged";
    if (packet->result != name_of(PacketResult::ok)) text += fmt::format(", {}", packet->result);
    const std::string slot = packet->done_ns == packet->acked_ns ? slot_steps() : std::string{};
    return slot.empty() ? text : text + "; " + slot;
  }

  // Whether MES served nobody else until the packet's queue had left its slot.
  bool stands_still(const MesOpRow& packet) const {
    return std::any_of(input_.seen.served.begin(), input_.seen.served.end(), [&](const MesServed& served) {
      return served.waits && served.process.value == packet.process && served.queue.value == packet.queue &&
             name_of(served.opcode) == packet.opcode && ns(served.start) >= *packet.started_ns &&
             (!packet.done_ns || ns(served.start) <= *packet.done_ns);
    });
  }

  // What MES did instead.
  std::string busy_with(std::int64_t from, std::int64_t to) const {
    std::vector<std::string> packets;
    for (const MesServed& served : input_.seen.served) {
      if (overlap_ns(ns(served.start), ns(served.end), from, to) == 0) continue;
      const std::string whose = process_name(record_, served.process.value);
      packets.push_back(fmt::format("{} of {}{}", name_of(served.opcode), whose,
                                    served.waits ? ", standing still for its queue to leave" : ""));
    }
    packets.erase(std::unique(packets.begin(), packets.end()), packets.end());
    return packets.empty() ? std::string{} : fmt::format(" (it was on {})", list_text(packets));
  }

  // What the slots of the packet's queues did on their way out.
  std::string slot_steps() const {
    std::vector<std::string> steps;
    for (const PartRow& other : record_.parts) {
      const bool of_slot = other.part == "drain" || other.part == "context_save" || other.part == "unmap";
      const bool mine = other.process == part_.process && other.eviction == part_.eviction;
      const std::int64_t length = overlap_ns(other.start_ns, other.end_ns, part_.start_ns, part_.end_ns);
      if (!mine || !of_slot || length == 0 || (part_.queue != no_index && other.queue != part_.queue)) continue;
      steps.push_back(fmt::format("{} {}", other.part, length_text(length)));
    }
    if (steps.empty()) return {};
    return (part_.queue == no_index ? "its queues' slots: " : "its slot: ") + list_text(steps);
  }

  // The SUSPEND was acknowledged, and the second fence is polled for.
  std::string suspend_fence() const {
    const std::string slot = slot_steps();
    return slot.empty() ? "MES writes it when the queue is off the hardware" : slot;
  }

  std::string move() const {
    const std::string copied = copies();
    return copied.empty() ? "its buffers' moves had not begun" : copied;
  }

  // What was copied during the part.
  std::string copies() const {
    struct Copied {
      std::size_t buffers = 0;
      std::int64_t bytes = 0;
    };
    std::map<std::tuple<ProcessId, MemType, MemType>, Copied> groups;
    for (const BufferMoved& moved : input_.seen.moved) {
      if (overlap(moved.start, moved.time) == 0) continue;
      Copied& group = groups[{moved.process, moved.from, moved.to}];
      ++group.buffers;
      group.bytes += moved.bytes.value;
    }
    std::vector<std::string> told;
    for (const auto& [key, group] : groups) {
      told.push_back(fmt::format("{} of {} {} to {}, {}", count_text(group.buffers, "buffer"),
                                 process_name(record_, std::get<0>(key).value), name_of(std::get<1>(key)),
                                 name_of(std::get<2>(key)), size_text(group.bytes)));
    }
    return list_text(told, 5);
  }

  std::string drain() const {
    const QueueRan* ran = nullptr;
    for (const QueueRan& fact : input_.seen.ran) {
      if (fact.queue.value == part_.queue && ns(fact.time) <= part_.start_ns) ran = &fact;
    }
    const auto is_over = [&](const JobRow& job) {
      return job.job == ran->job.value && job.finished_ns && *job.finished_ns <= part_.start_ns;
    };
    const bool known = ran != nullptr && std::none_of(record_.jobs.begin(), record_.jobs.end(), is_over);
    return known ? fmt::format("waves of job {} run to the end of their round", ran->job.value)
                 : "waves run to the end of their round";
  }

  // What is in each slot when the part begins.
  std::map<SlotId, SlotChanged> slots() const {
    std::map<SlotId, SlotChanged> now;
    for (const SlotChanged& fact : input_.seen.slots) {
      if (ns(fact.time) <= part_.start_ns) now.insert_or_assign(fact.slot, fact);
    }
    return now;
  }

  std::string slot_wait() const {
    const QueueType type = input_.layout.queue(QueueId{part_.queue}).type;
    const SlotPlan plan = make_slot_plan(input_.spec.device, input_.layout.uses_kernel_queues());
    std::size_t all = 0;
    for (const SlotPlan::Pipe& pipe : plan.pipes) all += pipe.type == type ? pipe.slots : 0;
    std::vector<std::string> holders;
    for (const auto& [slot, fact] : slots()) {
      const bool same_engine = plan.pipes[plan.pipe_of_slot[slot.index()]].type == type;
      if (same_engine && fact.to != SlotState::free) holders.push_back(queue_name(record_, fact.queue));
    }
    const std::string taken = fmt::format("{} of {} {} slots taken", holders.size(), all, name_of(type));
    return holders.empty() ? taken : fmt::format("{}, by {}", taken, list_text(holders, 5));
  }

  std::string pipe_wait() const {
    const SlotPlan plan = make_slot_plan(input_.spec.device, input_.layout.uses_kernel_queues());
    const std::map<SlotId, SlotChanged> now = slots();
    const auto own = std::find_if(now.begin(), now.end(), [&](const auto& entry) {
      return entry.second.queue.value == part_.queue && entry.second.to != SlotState::free;
    });
    std::vector<std::string> others;
    for (const auto& [slot, fact] : now) {
      if (own == now.end() || slot == own->first || fact.to == SlotState::free || fact.to == SlotState::mapped)
        continue;
      if (plan.pipe_of_slot[slot.index()] != plan.pipe_of_slot[own->first.index()]) continue;
      others.push_back(fmt::format("{} ({})", queue_name(record_, fact.queue), name_of(fact.to)));
    }
    return others.empty() ? "in its slot, not connected: its work waits for another job"
                          : "the pipe is with " + list_text(others);
  }

  const StoryInput& input_;
  const RunRecord& record_;
  const PartRow& part_;
};

}  // namespace

std::string told(const StoryInput& input, const PartRow& part) { return PartWords(input, part).text(); }

}  // namespace userqsim
