#include "scenarios/cli/explore_story.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "scenarios/load/place.hpp"
#include "sim/graph/lanes.hpp"

namespace userqsim {
namespace {

constexpr std::array meanings{
    std::pair{std::string_view{"moved_while_running"},
              std::string_view{"A buffer of the process is copied away while its waves still run."}},
    std::pair{std::string_view{"fence_never_signals"},
              std::string_view{"An eviction is given up: its fence never signals, and whoever waits for it waits "
                               "until the process exits."}},
    std::pair{std::string_view{"queue_lost"},
              std::string_view{"The queue is HUNG: at most a reset that keeps VRAM starts it again."}},
    std::pair{std::string_view{"queue_without_va"},
              std::string_view{"The queue is INVALID_VA, for its buffers are unmapped: nothing starts it again."}},
    std::pair{std::string_view{"freed_under_queue"},
              std::string_view{"The queue's buffers are unmapped while it may run."}},
    std::pair{std::string_view{"job_timeout"}, std::string_view{"A fence of the queue does not signal in time."}},
    std::pair{std::string_view{"late_fence_write"},
              std::string_view{"MES writes a suspend fence that the driver has given up and freed."}},
    std::pair{std::string_view{"restore_failed"},
              std::string_view{"A restore finds no room for some buffer; the process stays evicted."}},
    std::pair{std::string_view{"restore_cancelled"},
              std::string_view{"The restore work is cancelled: the process stays stopped until somebody needs its "
                               "fence."}},
    std::pair{std::string_view{"restarted_while_evicted"},
              std::string_view{"Queues are started though their process has been evicted again: they may run on "
                               "memory that moves."}},
    std::pair{std::string_view{"reset_deadlock"},
              std::string_view{"A reset of the GPU waits for a restore work, which waits for that reset."}},
    std::pair{std::string_view{"vram_lost"}, std::string_view{"A reset has lost what was in VRAM."}},
    std::pair{std::string_view{"gpu_wedged"}, std::string_view{"A reset of the GPU has failed: it stays down."}},
    std::pair{std::string_view{"suspend_aborted"},
              std::string_view{"There is no room for what lies in VRAM: the system does not sleep."}},
    std::pair{std::string_view{"submission_refused"},
              std::string_view{"A submission through the kernel finds no memory for its buffers."}},
    std::pair{waits_for_ever,
              std::string_view{"Nothing may happen any more, and a thread of the driver is in the middle of "
                               "something."}},
    std::pair{
        stopped_for_ever,
        std::string_view{"Nothing may happen any more, the process is open, its eviction fence has signalled or "
                         "never will, and nobody will restore it."}},
};

bool lasts(const Finding& finding) {
  return finding.hazard == waits_for_ever || finding.hazard == stopped_for_ever;
}

// "**MES** is through with SUSPEND of a/q": who does it stands first.
std::string deed_of(const FoundStep& step) {
  const std::string name = printable(step.name);
  const std::string actor = printable(step.actor);
  std::string deed = name.starts_with(actor + " ") ? fmt::format("**{}**{}", actor, name.substr(actor.size()))
                                                   : fmt::format("**{}**: {}", actor, name);
  if (!step.why.empty()) deed += fmt::format(" ({})", printable(step.why));
  return deed;
}

std::string steps_of(const Finding& finding) {
  std::string text;
  for (std::size_t i = 0; i < finding.sequence.size(); ++i) {
    const FoundStep& step = finding.sequence[i];
    text += fmt::format("{}. {}\n", i + 1, deed_of(step));
    const std::string below(fmt::format("{}. ", i + 1).size(), ' ');  // where Markdown begins a list within a list
    for (const std::string& effect : step.effects) text += fmt::format("{}- {}\n", below, printable(effect));
    for (const std::string& hazard : step.hazards) text += fmt::format("{}- **{}**\n", below, printable(hazard));
  }
  return text.empty() ? "Nothing has to happen: it is so from the start.\n" : text;
}

std::string ending_of(const Finding& finding) {
  std::string text(meaning_of(finding.hazard));
  if (!text.empty()) text += '\n';
  if (!lasts(finding)) return text;
  if (finding.waits.empty()) return text + "\nNobody waits for anything: nobody is going to do anything.\n";
  text += "\nWho waits, and for what:\n\n";
  for (const std::string& wait : finding.waits) text += fmt::format("- {}\n", printable(wait));
  return text;
}

}  // namespace

std::string title_of(const Finding& finding) {
  const std::string whose = finding.process + (finding.queue.empty() ? "" : "/" + finding.queue);
  return whose.empty() ? finding.hazard : fmt::format("{} of {}", finding.hazard, whose);
}

std::string_view meaning_of(std::string_view hazard) {
  const auto* found =
      std::find_if(meanings.begin(), meanings.end(), [&](const auto& each) { return each.first == hazard; });
  return found == meanings.end() ? std::string_view{} : found->second;
}

std::string story_of(const Finding& finding, const LoadedScenario& loaded, bool is_order, const std::string& file) {
  const std::size_t steps = finding.sequence.size();
  std::string text =
      fmt::format("# {}\n\nScenario {}, device {}, kernel {}, policy {}. ", printable(title_of(finding)),
                  loaded.scenario.name, loaded.scenario.device, loaded.scenario.kernel, loaded.machine->policy);
  text += fmt::format("{} step{} lead{} to it{}.\n", steps, steps == 1 ? "" : "s", steps == 1 ? "s" : "",
                      is_order ? ", in the order that the scenario states" : "; no shorter sequence does");
  text += fmt::format("\n## What happens\n\n{}\n## What went wrong\n\n{}", steps_of(finding), ending_of(finding));
  return text + fmt::format("\n`userqsim explore {}` follows this sequence again.\n", file);
}

std::string picture_of(const Finding& finding) {
  Lanes lanes;
  lanes.name = title_of(finding);
  const std::string own = finding.hazard + " of ";
  bool is_marked = false;
  for (std::size_t i = 0; i < finding.sequence.size(); ++i) {
    const FoundStep& step = finding.sequence[i];
    lanes.steps.push_back(
        {step.actor, step.why.empty() ? step.name : fmt::format("{}\n({})", step.name, step.why)});
    for (const std::string& hazard : step.hazards) {
      lanes.marks.push_back({i, hazard});
      is_marked = is_marked || (i + 1 == finding.sequence.size() && hazard.starts_with(own));
    }
  }
  if (is_marked) return lanes.to_dot();
  std::string label = title_of(finding);
  for (const std::string& wait : finding.waits) label += "\n" + wait;
  lanes.marks.push_back({{}, label});
  if (!finding.sequence.empty()) lanes.marks.back().step = finding.sequence.size() - 1;
  return lanes.to_dot();
}

}  // namespace userqsim
