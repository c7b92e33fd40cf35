#include "scenarios/cli/check_trail.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <memory>
#include <thread>
#include <variant>

#include "models/machine/flight_recorder.hpp"
#include "results/check/trail.hpp"
#include "scenarios/cli/fact_text.hpp"
#include "scenarios/cli/signals.hpp"
#include "scenarios/cli/terminal.hpp"
#include "scenarios/experiment/cells.hpp"
#include "scenarios/load/place.hpp"
#include "sim/config/units.hpp"
#include "sim/core/ensure.hpp"

namespace userqsim {
namespace {

constexpr std::size_t most_told = 4;  // of the facts among which the first that differs is

// Calls f(fact, the digest after it) for each fact. The machine's own sink, which folds it, was first.
template <class F>
void each_fact(Machine& machine, F f) {
  machine.probes().each(
      [&](auto& probe) { probe.subscribe([&machine, f](const auto& fact) { f(fact, machine.digest()); }); });
}

// Along one trail, until it parts.
class Scout {
 public:
  Scout(const Layout& layout, const BaselineDigest& trail, std::uint64_t exact, std::uint32_t replication)
      : names_(layout), follower_(trail.trail, exact, trail.facts, trail.digest), replication_(replication) {}

  template <class Fact>
  void see(const Fact& fact, std::uint64_t digest) {
    if (divergence_) return;
    if (first_.size() < most_told) first_.emplace_back(fact);
    switch (follower_.next(digest)) {
      case TrailFollower::Step::between_marks:
        return;
      case TrailFollower::Step::equal:
        first_.clear();
        return;
      case TrailFollower::Step::different:
        tell();
    }
  }

  // The run is over: the trail may go on.
  std::optional<Divergence> finish() {
    if (!divergence_ && follower_.goes_on()) tell();
    return divergence_;
  }

 private:
  void tell() {
    Divergence divergence;
    divergence.replication = replication_;
    divergence.after = follower_.last_equal();
    divergence.upto = follower_.fact();
    for (const AnyFact& any : first_) divergence.facts.push_back(stated(any));
    if (first_.empty()) divergence.upto = divergence.after + 1;  // and that one is not there
    divergence_ = std::move(divergence);
  }

  StatedFact stated(const AnyFact& any) const {
    const std::string described = describe_fact(any);
    StatedFact fact;
    fact.kind = described.substr(0, described.find(' '));
    std::visit(
        [&](const auto& inner) {
          fact.time_ns = fact_time(inner);
          fact.text = names_.text(inner);
        },
        any);
    return fact;
  }

  FactNames names_;
  TrailFollower follower_;
  std::uint32_t replication_;
  std::vector<AnyFact> first_;  // behind the last equal mark
  std::optional<Divergence> divergence_;
};

// False when a signal came.
bool run_all(const ReplayPlan& plan, const CellAttach& attach, PoolResult& results) {
  ProgressLine line;
  const PoolOptions options{
      .jobs = plan.jobs > 0 ? plan.jobs : std::max(1U, std::thread::hardware_concurrency()),
      .measure_from = Duration{0},
      .max_events = 0,
      .timeout = {},
      .interrupt = interrupt_flag(),
      .attach = attach,
      .progress = [&line](const PoolProgress& progress) { line.show(progress); },
  };
  try {
    results = run_cells(plan.cells, options);
  } catch (const CellFailure& failure) {
    throw InvariantError(fmt::format("replication {} under {}, run again: {}", failure.cell().replication,
                                     failure.cell().policy, failure.what()));
  }
  return results.stop == PoolStop::none;
}

}  // namespace

ReplayPlan plan_replay(const RunManifest& run, const std::vector<CheckedDigest>& which, const std::string& profiles,
                       unsigned jobs) {
  std::map<std::string, std::shared_ptr<const MachineSpec>> specs;
  ReplayPlan plan;
  plan.jobs = jobs;
  for (const CheckedDigest& one : which) {
    const auto side = std::find_if(run.sides.begin(), run.sides.end(),
                                   [&](const RunSide& candidate) { return candidate.key == one.policy; });
    if (side == run.sides.end()) {
      throw InputError(fmt::format("{}: has a digest of {}, which it does not name among its policies",
                                   printable(run.file, 200), in_quotes(one.policy, 80)));
    }
    auto [spec, is_new] = specs.emplace(one.policy, nullptr);
    if (is_new) spec->second = load_side(run, *side, {.profiles_dir = profiles, .sets = {}}).machine;
    plan.cells.push_back({one.policy, one.replication, std::string{base_variant}, spec->second, false});
  }
  return plan;
}

std::optional<std::vector<BaselineDigest>> trails_of(const ReplayPlan& plan, std::uint64_t exact_facts) {
  std::vector<TrailWriter> writers(plan.cells.size(), TrailWriter{exact_facts});
  PoolResult results;
  const bool whole = run_all(
      plan,
      [&](Machine& machine, const Cell&, std::size_t index) {
        each_fact(machine, [writer = &writers[index]](const auto&, std::uint64_t digest) { writer->add(digest); });
        return CellFinisher{};
      },
      results);
  if (!whole) return std::nullopt;
  std::vector<BaselineDigest> digests;
  for (std::size_t i = 0; i < plan.cells.size(); ++i) {
    digests.push_back({plan.cells[i].policy, plan.cells[i].replication, results.cells[i]->digest,
                       writers[i].facts(), writers[i].text()});
  }
  return digests;
}

std::optional<std::vector<Departure>> departures_of(const ReplayPlan& plan,
                                                    const std::vector<const BaselineDigest*>& trails,
                                                    std::uint64_t exact_facts) {
  ensure(trails.size() == plan.cells.size(), "each cell has a trail");
  std::vector<Departure> departures(plan.cells.size());
  PoolResult results;
  const bool whole = run_all(
      plan,
      [&](Machine& machine, const Cell& cell, std::size_t index) {
        const auto scout = std::make_shared<Scout>(machine.layout(), *trails[index], exact_facts, cell.replication);
        each_fact(machine, [scout](const auto& fact, std::uint64_t digest) { scout->see(fact, digest); });
        return CellFinisher{[scout, departure = &departures[index]](SimTime, const RunRecord&) {
          departure->divergence = scout->finish();
        }};
      },
      results);
  if (!whole) return std::nullopt;
  for (std::size_t i = 0; i < departures.size(); ++i) departures[i].digest = results.cells[i]->digest;
  return departures;
}

std::string words_for(const Divergence& at, const BaselineDigest& expected) {
  if (at.facts.empty()) {
    return fmt::format("after {} equal facts this run ends, and the baseline's goes on to {}", at.after,
                       expected.facts);
  }
  const auto words = [](const StatedFact& fact) {
    return fmt::format("at {} ns {}, {}", fact.time_ns, fact.kind, fact.text);
  };
  const std::string first = words(at.facts.front());
  if (at.after == expected.facts) {
    return fmt::format("the baseline's run ends after {} facts, and this one goes on: {}", at.after, first);
  }
  if (at.upto == at.after + 1) return fmt::format("the first fact that differs is number {}: {}", at.upto, first);
  std::vector<std::string> all;
  for (const StatedFact& fact : at.facts) all.push_back(words(fact));
  const std::uint64_t more = at.upto - at.after - all.size();
  return fmt::format("{} facts are equal, and one of the next {} is the first that differs: {}{}", at.after,
                     at.upto - at.after, fmt::join(all, "; "), more > 0 ? fmt::format("; and {} more", more) : "");
}

}  // namespace userqsim
