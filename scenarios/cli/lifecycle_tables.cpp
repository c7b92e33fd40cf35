#include "scenarios/cli/lifecycle_tables.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <string_view>
#include <vector>

#include "models/lifecycle/diagram.hpp"

namespace userqsim {
namespace {

std::string_view text_of(Escalation escalation) {
  switch (escalation) {
    case Escalation::nothing:
      return "";
    case Escalation::detect:
      return "asks who hangs";
    case Escalation::reset:
      return "resets the GPU and waits for it";
    case Escalation::reset_later:
      return "queues a reset of the GPU";
  }
  return "";
}

// Rows that differ in their state alone are one line.
bool same_line(const PrimitiveRow& a, const PrimitiveRow& b) {
  const bool both_stay = a.ok == a.from && b.ok == b.from;
  return a.primitive == b.primitive && a.call == b.call && (a.ok == b.ok || both_stay) &&
         (a.failed == b.failed || both_stay) && a.on_failure == b.on_failure && a.by_policy == b.by_policy;
}

std::string helpers(const Lifecycle& release) {
  std::string out = "| helper | acts in | MES call | then | on failure | which |\n|---|---|---|---|---|---|\n";
  for (std::size_t i = 0; i < release.primitives.size();) {
    const PrimitiveRow& row = release.primitives[i];
    std::vector<std::string_view> from;
    for (; i < release.primitives.size() && same_line(row, release.primitives[i]); ++i) {
      from.push_back(name_of(release.primitives[i].from));
    }
    const bool stays = row.ok == row.from;
    std::string failure(text_of(row.on_failure));
    if (row.hung_last) failure += ", and is HUNG only then";
    out += fmt::format("| {}{} | {} | {} | {} | {} | {} |\n", name_of(row.primitive), row.by_policy ? " *" : "",
                       fmt::join(from, ", "), row.call ? name_of(*row.call) : "none",
                       stays ? "as before" : name_of(row.ok), stays ? "as before" : name_of(row.failed), failure);
  }
  for (const PrimitiveRow& row : release.primitives) {
    if (row.by_policy)
      return out + "\n\\* The release has no such row: a policy that is not its own brings it along.\n";
  }
  return out;
}

std::string before(const PathRow& path) {
  std::vector<std::string_view> steps;
  if (path.last_fence == LastFence::limited) steps.emplace_back("waits for the last fence, up to `destroy_wait`");
  if (path.last_fence == LastFence::unbounded) steps.emplace_back("waits for the last fence");
  if (path.detect == Detect::each_process) steps.emplace_back("asks who hangs, once a process");
  if (path.detect == Detect::each_queue) steps.emplace_back("asks who hangs, before each queue");
  if (path.check_va) steps.emplace_back("buffers gone: INVALID_VA instead");
  return fmt::format("{}", fmt::join(steps, "; "));
}

std::string_view at_error(OnError on_error) {
  switch (on_error) {
    case OnError::stop:
      return "stops, returns it";
    case OnError::stop_process:
      return "leaves that process, returns it";
    case OnError::go_on:
      return "goes on, returns it";
    case OnError::go_on_loosely:
      return "goes on, returns the last result";
    case OnError::ignore:
      return "goes on, returns success";
    case OnError::ignore_process:
      return "leaves that process, returns success";
  }
  return "";
}

std::string after(const PathRow& path) {
  std::vector<std::string> steps;
  if (path.complete == ForceCompletion::acted_on) steps.emplace_back("completes the fences of those it acted on");
  if (path.complete == ForceCompletion::everybodys) steps.emplace_back("completes their fences");
  if (path.at_failure != Escalation::nothing) steps.push_back(fmt::format("an error {}", text_of(path.at_failure)));
  return fmt::format("{}", fmt::join(steps, "; "));
}

std::string_view queues_of(const PathRow& path) {
  if (path.which == Which::graphics_and_compute) return "all, graphics and compute";
  switch (path.operation) {
    case Operation::create:
    case Operation::destroy:
    case Operation::hang:
      return "the queue";
    case Operation::evict:
    case Operation::restore:
    case Operation::process_exit:
      return "the process's";
    default:
      return "all";
  }
}

std::string operations(const Lifecycle& release) {
  std::string out =
      "| operation | queues | first | helper | at an error | afterwards |\n|---|---|---|---|---|---|\n";
  for (const PathRow& path : release.paths) {
    const bool plain = path.primitive == Primitive::nothing;
    out += fmt::format("| {} | {} | {} | {} | {} | {} |\n", name_of(path.operation), queues_of(path), before(path),
                       plain ? "none" : name_of(path.primitive), plain ? "" : at_error(path.on_error), after(path));
  }
  return out;
}

std::string notes(const Lifecycle& release) {
  std::string out = release.walk == Walk::processes
                        ? "The device is walked process by process, the one that opened it last first"
                        : "The device is walked queue by queue, in order of creation";
  out += release.newest_queue_first ? ", and the queues of a process newest first." : ".";
  if (release.cancels_restore) out += " Suspend, isolation stop and destroy cancel a queued restore.";
  if (release.reset_cancels_restore) out += " So does a reset of the GPU, which waits for one that runs.";
  if (release.stops_calling) {
    out += " After a failure that queues a reset MES is not called until that is over: helpers fail at once.";
  }
  std::vector<std::string_view> sinks;
  for (const UserqState state : lifecycle_sinks(release)) sinks.push_back(name_of(state));
  out += sinks.empty() ? "\n\nSinks: none." : fmt::format("\n\nSinks: {}.", fmt::join(sinks, ", "));
  return out + "\n";
}

}  // namespace

std::string lifecycle_tables(const Lifecycle& release) {
  return fmt::format("{}\n{}\n{}", helpers(release), operations(release), notes(release));
}

}  // namespace userqsim
