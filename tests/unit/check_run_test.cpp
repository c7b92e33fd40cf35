// A run against a baseline: which difference is allowed, and in which direction; trails; equivalence.
#include "results/check/check.hpp"

#include <unistd.h>

#include <cmath>
#include <filesystem>
#include <fstream>

#include "results/check/csv_difference.hpp"
#include "results/check/equivalence.hpp"
#include "results/check/trail.hpp"
#include "scenarios/load/baseline_file.hpp"
#include "scenarios/load/scenario.hpp"
#include "tests/support/catch.hpp"

namespace userqsim::check_run_test {
namespace {

const StatisticName down{"downtime_ns", "victim", "mean", "a"};

Baseline baseline_with(BaselineMetric metric) {
  Baseline baseline;
  baseline.tool_version = "1";
  baseline.model_version = "11";
  baseline.architecture = "x86_64";
  baseline.input = {.scenario = "s",
                    .hash = "h",
                    .sets = {},
                    .device = "d",
                    .kernel = "k",
                    .seed = 1,
                    .replications = {0, 1, 2},
                    .horizon_ns = 10,
                    .measure_from_ns = 0,
                    .policies = {"a"}};
  baseline.exact_facts = 4;
  for (std::uint32_t r = 0; r < 3; ++r) baseline.digests.push_back({"a", r, 7U + r, 1, "00"});
  baseline.metrics.push_back(std::move(metric));
  return baseline;
}

CheckedRun run_with(std::optional<double> value, std::vector<MaybeNumber> by_replication = {{1.0}, {1.0}, {1.0}}) {
  CheckedRun run;
  run.model_version = "11";
  run.architecture = "x86_64";
  run.input = baseline_with({}).input;
  for (std::uint32_t r = 0; r < 3; ++r) run.digests.push_back({"a", r, 7U + r});
  run.statistics.push_back({down, "ns", value, std::move(by_replication)});
  return run;
}

BaselineMetric metric_of(double value, double abs_tol, double rel_tol, Better direction) {
  return {.name = down,
          .unit = "ns",
          .value = value,
          .abs_tol = abs_tol,
          .rel_tol = rel_tol,
          .margin = 0.0,
          .direction = direction,
          .by_replication = {{1.0}, {1.0}, {1.0}}};
}

Outcome outcome(const BaselineMetric& metric, std::optional<double> value) {
  const CheckReport report = check_run(baseline_with(metric), run_with(value), false);
  REQUIRE(report.comparable());
  REQUIRE(report.items.size() == 2);
  CHECK(report.items[0].outcome == Outcome::passed);  // the digests
  return report.items[1].outcome;
}

std::vector<std::string> problems(const CheckedRun& run, bool moved = false) {
  std::vector<std::string> kinds;
  for (const CheckNote& problem :
       check_run(baseline_with(metric_of(1, 0, 0, Better::lower)), run, moved).problems) {
    kinds.push_back(problem.kind + " " + problem.text.substr(0, problem.text.find(':')));
  }
  return kinds;
}

TEST_CASE("a difference up to the larger tolerance passes", "[check]") {
  CHECK(outcome(metric_of(200, 3, 0.01, Better::lower), 203) == Outcome::passed);  // 3 > 2
  CHECK(outcome(metric_of(200, 3, 0.01, Better::lower), 204) == Outcome::failed);
  CHECK(outcome(metric_of(200, 1, 0.01, Better::lower), 202) == Outcome::passed);  // 2 > 1
  CHECK(outcome(metric_of(200, 1, 0.01, Better::lower), 202.5) == Outcome::failed);
  CHECK(outcome(metric_of(200, 0, 0, Better::both), 200) == Outcome::passed);
  CHECK(outcome(metric_of(0, 0, 0.5, Better::lower), 1) == Outcome::failed);  // a share of nothing is nothing
}

TEST_CASE("past the tolerance the direction decides", "[check]") {
  CHECK(outcome(metric_of(200, 1, 0, Better::lower), 190) == Outcome::improved);
  CHECK(outcome(metric_of(200, 1, 0, Better::higher), 190) == Outcome::failed);
  CHECK(outcome(metric_of(200, 1, 0, Better::higher), 210) == Outcome::improved);
  CHECK(outcome(metric_of(200, 1, 0, Better::both), 190) == Outcome::failed);
  CHECK(outcome(metric_of(200, 1, 0, Better::both), 210) == Outcome::failed);
  CHECK(outcome(metric_of(200, 1, 0, Better::lower), std::nullopt) == Outcome::missing);
}

TEST_CASE("what got better fails when asked to", "[check]") {
  CheckReport report = check_run(baseline_with(metric_of(200, 1, 0, Better::lower)), run_with(190), false);
  CHECK(passed(report));
  report.strict = true;
  CHECK_FALSE(passed(report));
}

TEST_CASE("a statistic that the run does not have is missing", "[check]") {
  CheckedRun run = run_with(200);
  run.statistics.front().name.stat = "p99";
  const CheckReport report = check_run(baseline_with(metric_of(200, 1, 0, Better::lower)), run, false);
  CHECK(report.items.back().outcome == Outcome::missing);
  CHECK_FALSE(passed(report));
}

TEST_CASE("one digest of another value fails", "[check]") {
  CheckedRun run = run_with(200);
  run.digests[1].digest = 99;
  const Baseline baseline = baseline_with(metric_of(200, 1, 0, Better::lower));
  const CheckReport report = check_run(baseline, run, false);
  CHECK(report.items.front().outcome == Outcome::failed);
  CHECK(first_mismatch(baseline, run, "a")->expected->replication == 1);
  CHECK(passed(check_run(baseline, run, true)));  // moved: digests do not count
}

TEST_CASE("each input that is another one is named", "[check]") {
  CheckedRun run = run_with(1);
  CHECK(problems(run).empty());
  run.input.seed = 2;
  run.input.hash = "other";  // --seed is part of it: said once
  CHECK(problems(run) == std::vector<std::string>{"inputs_changed seed"});
  run = run_with(1);
  run.input.hash = "other";
  CHECK(problems(run) == std::vector<std::string>{"inputs_changed input hash"});
  run = run_with(1);
  run.input.policies = {"b"};
  run.input.horizon_ns = 11;
  CHECK(problems(run) == std::vector<std::string>{"inputs_changed horizon_ns", "inputs_changed policies"});
  run = run_with(1);
  run.input.replications = {3, 4, 5};
  CHECK(problems(run) == std::vector<std::string>{"inputs_changed replications"});
  CHECK(problems(run, true).empty());  // other draws: not paired
  run.stopped_by = "timeout";
  CHECK(problems(run, true).size() == 1);
}

TEST_CASE("another model and another architecture are told and do not fail", "[check]") {
  CheckedRun run = run_with(200);
  run.model_version = "12";
  run.architecture = "aarch64";
  run.input.policies = {"a", "b"};
  const CheckReport report = check_run(baseline_with(metric_of(200, 0, 0, Better::lower)), run, false);
  REQUIRE(report.notes.size() == 3);
  CHECK(report.notes[0].kind == "model_version");
  CHECK(report.notes[1].kind == "architecture");
  CHECK(report.notes[2].kind == "not_checked");
  CHECK(passed(report));
}

// Old values 100, 100, 100; the margin is 10. With differences d - s, d, d + s the 90 % interval is
// d -+ 2.919986 * s / sqrt(3): s = 1 gives 1.685854.
Outcome moved(double d, double s, Better direction) {
  BaselineMetric metric = metric_of(100, 0, 0, direction);
  metric.margin = 0.1;
  metric.by_replication = {{100.0}, {100.0}, {100.0}};
  const CheckedRun run = run_with(100 + d, {{100 + d - s}, {100 + d}, {100 + d + s}});
  return check_run(baseline_with(metric), run, true).items.at(0).outcome;
}

TEST_CASE("a moved trajectory passes when its interval lies inside the margin", "[check]") {
  CHECK(moved(8.3, 1, Better::lower) == Outcome::passed);      // up to 9.986
  CHECK(moved(8.4, 1, Better::lower) == Outcome::undecided);   // up to 10.086
  CHECK(moved(11.6, 1, Better::lower) == Outcome::undecided);  // from 9.914
  CHECK(moved(11.7, 1, Better::lower) == Outcome::failed);     // from 10.014
  CHECK(moved(-8.4, 1, Better::lower) == Outcome::passed);     // better is not worse
  CHECK(moved(-11.7, 1, Better::lower) == Outcome::improved);
  CHECK(moved(-8.4, 1, Better::both) == Outcome::undecided);
  CHECK(moved(-11.7, 1, Better::both) == Outcome::failed);
  CHECK(moved(-8.3, 1, Better::higher) == Outcome::passed);
  CHECK(moved(-11.7, 1, Better::higher) == Outcome::failed);
  CHECK(moved(11.7, 1, Better::higher) == Outcome::improved);
  CHECK(moved(10, 0, Better::both) == Outcome::passed);  // without spread the interval is a point
}

TEST_CASE("other replications are compared unpaired, too few against the margin", "[check]") {
  BaselineMetric metric = metric_of(100, 0, 0, Better::lower);
  metric.margin = 0.1;
  metric.by_replication = {{99.0}, {100.0}, {101.0}};
  CheckedRun run = run_with(100, {{99.0}, {100.0}, {101.0}});
  run.input.replications = {3, 4, 5};
  const auto item = [&] { return check_run(baseline_with(metric), run, true).items.at(0); };
  CHECK(item().outcome == Outcome::passed);
  CHECK(item().text.find("unpaired") != std::string::npos);
  run.statistics.front().by_replication = {{100.0}, {}, {}};
  CHECK(item().text.find("fewer than two replications") != std::string::npos);
  CHECK(item().outcome == Outcome::passed);
  run.statistics.front().value = 109;  // the margin is a tenth of 100
  CHECK(item().outcome == Outcome::passed);
  run.statistics.front().value = 111;
  CHECK(item().outcome == Outcome::failed);
}

TEST_CASE("intervals of differences of means", "[check]") {
  const auto paired = paired_difference({10, 20, 30}, {11, 22, 33});  // 1, 2, 3; t(0.95, 2) = 2.919986
  REQUIRE(paired);
  CHECK(paired->difference == Approx(2));
  CHECK(paired->high == Approx(2 + 2.919986 / std::sqrt(3.0)).epsilon(1e-9));
  CHECK(paired->old_mean == 20);
  const auto unpaired =
      unpaired_difference({1, 2, 3}, {4, 5, 6});  // four degrees of freedom; t(0.95, 4) = 2.131847
  REQUIRE(unpaired);
  CHECK(unpaired->low == Approx(3 - 2.131847 * std::sqrt(2.0 / 3.0)).epsilon(1e-9));
  CHECK_FALSE(unpaired->paired);
  CHECK_FALSE(paired_difference({1}, {2}));
  CHECK_FALSE(unpaired_difference({1}, {2, 3}));
}

TEST_CASE("marks stand after each of the first facts, then ever further apart", "[check]") {
  std::vector<std::uint64_t> marked;
  for (std::uint64_t fact = 1; fact <= 40; ++fact) {
    if (has_mark(fact, 4)) marked.push_back(fact);
  }
  // 4 one by one; of 5 to 7 each second, of 8 to 15 each fourth, of 16 to 31 each eighth, of 32 to 63 each
  // sixteenth
  CHECK(marked == std::vector<std::uint64_t>{1, 2, 3, 4, 6, 8, 12, 16, 24, 32});
  for (const std::uint64_t exact : {2U, 3U, 4U, 5U, 6U, 7U, 100U, 1024U}) {
    TrailWriter writer(exact);
    for (std::uint64_t fact = 0; fact < 5000; ++fact) {
      CHECK(writer.text().size() == trail_length(fact, exact));
      writer.add(fact);
    }
  }
}

// A run of digests 1, 2, ... `facts`.
std::string trail_of(std::uint64_t facts) {
  TrailWriter writer(4);
  for (std::uint64_t digest = 1; digest <= facts; ++digest) writer.add(digest);
  return writer.text();
}

TEST_CASE("a trail tells between which marks another run leaves it", "[check]") {
  using Step = TrailFollower::Step;
  CHECK(trail_of(6) == "0102030406");
  const std::string trail = trail_of(13);
  TrailFollower same(trail, 4, 13, 13);
  for (std::uint64_t digest = 1; digest <= 12; ++digest) CHECK(same.next(digest) != Step::different);
  CHECK(same.goes_on());
  CHECK(same.next(13) == Step::equal);  // the last, which has no mark, by the whole digest
  CHECK_FALSE(same.goes_on());
  CHECK(same.next(14) == Step::different);
  TrailFollower other(trail, 4, 13, 13);
  for (std::uint64_t digest = 1; digest <= 8; ++digest) other.next(digest);
  for (std::uint64_t digest = 109; digest <= 111; ++digest) CHECK(other.next(digest) == Step::between_marks);
  CHECK(other.next(112) == Step::different);
  CHECK(other.last_equal() == 8);
  CHECK(other.fact() == 12);
}

TEST_CASE("the last fact's whole digest counts", "[check]") {
  const std::string trail = trail_of(13);
  TrailFollower follower(trail, 4, 13, 13);
  for (std::uint64_t digest = 1; digest <= 12; ++digest) follower.next(digest);
  CHECK(follower.next(13 + 256) == TrailFollower::Step::different);
}

TEST_CASE("a baseline reads back as it was written", "[check]") {
  Baseline baseline = baseline_with(metric_of(0.1, 2.5, 0.01, Better::higher));
  baseline.metrics.front().by_replication = {{1.25}, {}, {3.0}};
  baseline.input.sets = {"/a=\"b\""};
  baseline.moved = true;
  const std::string text = baseline_text(baseline);
  const Baseline again = parse_baseline(text, "b.json");
  CHECK(baseline_text(again) == text);
  CHECK(again.moved);
  CHECK(again.metrics.front().value == 0.1);
  CHECK_FALSE(again.metrics.front().by_replication.at(1).value);
  CHECK(again.digests.at(2).digest == 9);
}

std::string error_of(std::string text, const std::string& from, const std::string& to) {
  const std::size_t at = text.find(from);
  REQUIRE(at != std::string::npos);
  text.replace(at, from.size(), to);
  try {
    parse_baseline(text, "b.json");
  } catch (const InputError& error) {
    return error.what();
  }
  return {};
}

TEST_CASE("what is wrong with a baseline is said with its place", "[check]") {
  const std::string text = baseline_text(baseline_with(metric_of(1, 0, 0, Better::lower)));
  CHECK(error_of(text, "baseline/1", "baseline/2").find("b.json: /format: expected") == 0);
  CHECK(error_of(text, "\"trail\": \"00\"", "\"trail\": \"0\"").find("b.json: /digests/0/trail: expected 2") == 0);
  CHECK(error_of(text, "\"rep\": 1", "\"rep\": 0").find("b.json: /digests/1: a second digest") == 0);
  CHECK(error_of(text, "[\"a\"]", "[]").find("b.json: /input/policies: names no policy") == 0);
  CHECK(error_of(text, "[0, 1, 2]", "[]").find("b.json: /input/replications: names no replication") == 0);
  CHECK(error_of(text, "\"rep\": 2", "\"rep\": 5").find("b.json: /digests: no digest of replication 2") == 0);
  CHECK(error_of(text, "\"rel_tol\": 0", "\"rel_tol\": -1").find("b.json: /metrics/0/rel_tol: expected") == 0);
  CHECK(error_of(text, "\"lower\"", "\"down\"").find("b.json: /metrics/0/direction:") == 0);
  CHECK(error_of(text, "[1, 1, 1]", "[1]").find("b.json: /metrics/0/by_replication: expected 3") == 0);
  CHECK(error_of(text, "\"value\": 1", "\"value\": \"x\"").find("b.json: /metrics/0/value: expected a number") ==
        0);
}

TEST_CASE("the earliest rows in which two runs differ", "[check]") {
  const std::filesystem::path root =
      std::filesystem::temp_directory_path() / ("userqsim-check-" + std::to_string(::getpid()));
  const auto write = [&](const char* run, const char* file, const char* text) {
    std::filesystem::create_directories(root / run);
    std::ofstream(root / run / file) << text;
  };
  write("a", "jobs.csv", "policy,rep,submitted_ns,job\np,0,5,1\np,1,6,2\np,1,9,3\n");
  write("b", "jobs.csv", "policy,rep,submitted_ns,job\np,0,4,1\np,1,6,2\np,1,9,4\n");
  write("a", "hazards.csv", "policy,rep,time_ns\np,1,7\n");
  write("b", "hazards.csv", "policy,rep,time_ns\n");
  write("a", "faults.csv", "policy,rep,time_ns\np,1,7\n");
  write("b", "faults.csv", "policy,rep,time_ns\np,1,7\n");
  const std::vector<RowDifference> found = row_differences(root / "a", root / "b", "p", 1);
  std::filesystem::remove_all(root);
  REQUIRE(found.size() == 2);
  CHECK(found[0].file == "hazards.csv");
  CHECK(found[0].fields == std::vector<std::string>{"no such row, was policy=p rep=1 time_ns=7"});
  CHECK(found[1].file == "jobs.csv");
  CHECK(found[1].row == 1);
  CHECK(found[1].fields == std::vector<std::string>{"job: 4, was 3"});
}

}  // namespace
}  // namespace userqsim::check_run_test
