#include "scenarios/cli/explore_story.hpp"

#include <fmt/format.h>

#include "results/record/hazard_detail.hpp"
#include "scenarios/load/place.hpp"
#include "sim/graph/lanes.hpp"

namespace userqsim {
namespace {

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
  std::string text = fmt::format("{}: {}.\n", finding.hazard, hazard_detail(finding.hazard));
  if (!is_for_ever(finding.hazard)) return text;
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
