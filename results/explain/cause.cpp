// What asked for an eviction, and why it fell on this process.
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <tuple>

#include "models/driver/facts.hpp"
#include "results/explain/story_words.hpp"
#include "results/explain/tell.hpp"

namespace userqsim {
namespace {

// The sizes of the pieces that a buffer of the scenario is cut into.
std::set<std::int64_t> piece_sizes(const BufferSpec& buffer) {
  const std::int64_t count = buffer.count;
  const std::int64_t whole = buffer.size.value / count;
  std::set<std::int64_t> sizes{whole};
  if (buffer.size.value % count != 0) sizes.insert(whole + 1);
  return sizes;
}

std::string in_brackets(const std::set<std::string>& names) {
  const std::vector<std::string> list{names.begin(), names.end()};
  return list.empty() ? std::string{} : fmt::format(" ({})", list_text(list));
}

class Cause {
 public:
  explicit Cause(const StoryInput& input) : input_(input), record_(input.record), row_(input.row()) {}

  std::string asked() const {
    const RequestRow* request = own_request();
    switch (input_.facts.started.trigger) {
      case Trigger::allocation:
        return request == nullptr ? "A request for memory." : by_allocation(*request);
      case Trigger::userptr:
        return request == nullptr ? "An invalidation of userptr pages."
                                  : by_invalidation(*request, "of its userptr pages");
      case Trigger::svm:
        return request == nullptr ? "An invalidation of an SVM range."
                                  : by_invalidation(*request, "of an SVM range");
      case Trigger::validation:
        return by_validation();
      case Trigger::event:
        return "An event of the scenario evicted the process; nobody asked for memory.";
      case Trigger::va_unmap:
        return "The process unmapped buffers that a queue of it needs.";
      case Trigger::exit:
        return "The process exits, and the release evicts it first.";
      case Trigger::sleep:
        return "The system goes to sleep and empties VRAM.";
    }
    return {};
  }

  std::string chosen() const {
    std::string text = buffers_in_the_way();
    if (!text.empty()) text += " ";
    if (row_.queues == 0) return text + "It has no queue that could run.";
    if (row_.queues == 1) {
      return text +
             fmt::format("One eviction fence stands for the whole process, so its one queue stops; it had {}.",
                         row_.queues_running == 1 ? "work" : "no work");
    }
    const std::string busy = row_.queues_running == 0             ? std::string{"none"}
                             : row_.queues_running == row_.queues ? std::string{"all"}
                                                                  : fmt::format("{}", row_.queues_running);
    return text + fmt::format(
                      "One eviction fence stands for the whole process, so its {} queues stop together; {} of "
                      "them had work.",
                      row_.queues, busy);
  }

 private:
  const RequestRow* own_request() const {
    const auto found = std::find_if(record_.requests.begin(), record_.requests.end(), [&](const RequestRow& r) {
      return row_.request && r.request == *row_.request;
    });
    return found == record_.requests.end() ? nullptr : &*found;
  }

  std::string when(const RequestRow& request) const { return offset_text(request.requested_ns - row_.start_ns); }

  // The name of what was asked for, where the scenario leaves no doubt.
  std::string requested_name(const RequestRow& request) const {
    const std::string& process = process_name(record_, request.process);
    std::set<std::string> names;
    for (const PressureSpec& event : input_.spec.events) {
      const bool fits = event.kind == PressureKind::allocate && event.process == process && event.buffer &&
                        event.buffer->size.value == request.bytes;
      if (fits) names.insert(event.buffer->name);
    }
    return names.size() == 1 ? in_brackets(names) : std::string{};
  }

  std::string by_allocation(const RequestRow& request) const {
    const std::string_view verb = request.kind == "cpu_fault" ? "touched" : "asked for";
    std::string text =
        fmt::format("{} {} {}{} {} (request {}).", process_name(record_, request.process), verb,
                    size_text(request.bytes), requested_name(request), when(request), request.request);
    if (const MemoryUsed* before = memory_before()) {
      text += fmt::format(" VRAM held {} of {} just before, GTT {} of {}.", size_text(before->vram.value),
                          size_text(input_.spec.device.vram.value), size_text(before->gtt.value),
                          size_text(input_.spec.device.gtt.value));
    }
    return text + fmt::format(" It ended as {} {}.", request.outcome,
                              offset_text(request.observed_until_ns - row_.start_ns));
  }

  const MemoryUsed* memory_before() const {
    const MemoryUsed* before = nullptr;
    for (const MemoryUsed& used : input_.seen.memory) {
      if (ns(used.time) < asked_ns(record_, row_)) before = &used;
    }
    return before;
  }

  std::string by_invalidation(const RequestRow& request, std::string_view what) const {
    return fmt::format(
        "A CPU thread of {} invalidated {} {} {} (request {}) and waits for the eviction fence. It ended as {} {}.",
        process_name(record_, request.process), size_text(request.bytes), what, when(request), request.request,
        request.outcome, offset_text(request.observed_until_ns - row_.start_ns));
  }

  std::string by_validation() const {
    std::set<std::string> claimants;
    for (const MoveQueued& move : input_.seen.queued) {
      if (is_in_the_way(move) && move.claimant.exists()) {
        claimants.insert(process_name(record_, move.claimant.value));
      }
    }
    return fmt::format(
        "Nobody asked for new memory: buffers that a restore or a submission needs{} want their place.",
        claimants.empty() ? "" : " of " + list_text({claimants.begin(), claimants.end()}));
  }

  // A move that waited for this eviction's fence: made before it was enabled, for the same request.
  bool is_in_the_way(const MoveQueued& move) const {
    if (ns(move.time) > row_.start_ns) return false;
    if (move.to == MemType::vram && move.from != MemType::vram) return false;  // it comes for the room
    if (input_.facts.started.request.exists()) return move.request == input_.facts.started.request;
    const Trigger trigger = input_.facts.started.trigger;
    if (trigger == Trigger::validation) return !move.request.exists() && move.claimant.exists();
    return trigger == Trigger::sleep && !move.claimant.exists();
  }

  // What of the process the scenario gives such a size, where it leaves no doubt.
  std::string buffer_name(ProcessId owner, std::int64_t bytes) const {
    const ProcessSpec& process = input_.spec.processes[owner.index()];
    std::set<std::string> names;
    const auto consider = [&](const BufferSpec& buffer) {
      if (piece_sizes(buffer).contains(bytes)) names.insert(buffer.name);
    };
    for (const BufferSpec& buffer : process.vram) consider(buffer);
    for (const PressureSpec& event : input_.spec.events) {
      if (event.process == process.name && event.buffer) consider(*event.buffer);
    }
    return names.size() == 1 ? *names.begin() : std::string{};
  }

  std::string buffers_in_the_way() const {
    struct Way {
      std::size_t buffers = 0;
      std::int64_t bytes = 0;
      std::set<std::string> names;
    };
    std::map<std::tuple<bool, ProcessId, MemType, MemType>, Way> ways;  // the process's own first
    for (const MoveQueued& move : input_.seen.queued) {
      if (!is_in_the_way(move)) continue;
      const bool foreign = move.process.value != row_.process;
      Way& way = ways[{foreign, move.process, move.from, move.to}];
      ++way.buffers;
      way.bytes += move.bytes.value;
      const std::string name = buffer_name(move.process, move.bytes.value);
      if (!name.empty()) way.names.insert(name);
    }
    std::vector<std::string> told;
    for (const auto& [key, way] : ways) {
      const auto& [foreign, owner, from, to] = key;
      told.push_back(fmt::format("{} of {}, {}{}, from {} to {}", count_text(way.buffers, "buffer"),
                                 process_name(record_, owner.value), size_text(way.bytes), in_brackets(way.names),
                                 name_of(from), name_of(to)));
    }
    if (told.empty()) return {};
    if (input_.facts.started.trigger == Trigger::sleep) {
      return fmt::format(
          "The system goes to sleep, and all leave VRAM: {}. A move begins when the eviction fences of "
          "all who use its buffer have signalled.",
          list_text(told, 6));
    }
    return fmt::format(
        "To make room were sent away: {}. They were the least recently used that may leave; a move begins when the "
        "eviction fences of all who use its buffer have signalled.",
        list_text(told, 6));
  }

  const StoryInput& input_;
  const RunRecord& record_;
  const EvictionRow& row_;
};

}  // namespace

void tell_cause(const StoryInput& input, Story& story) {
  const Cause cause(input);
  story.asked = cause.asked();
  story.chosen = cause.chosen();
}

}  // namespace userqsim
