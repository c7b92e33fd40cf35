// Studies: which points a file describes, and what is said of one that is wrong.
#include "scenarios/load/study.hpp"

#include <algorithm>

#include "scenarios/experiment/sweep.hpp"
#include "tests/support/catch.hpp"
#include "tests/unit/load_support.hpp"

namespace userqsim::study_test {

using namespace load_test;

namespace {

// A study of the least scenario, with `members` ("\"factors\": [...], ...").
class StudyFolder {
 public:
  StudyFolder() : folder_("study") { folder_.write("small.json", scenario_text()); }

  std::string write(const std::string& members, const std::string& scenario = "small.json") const {
    return folder_.write("s.json", R"({"format": "userqsim-study/1", "name": "s", "scenario": ")" + scenario +
                                       "\", " + members + "}");
  }
  Study load(const std::string& members) const { return load_study(write(members), ""); }
  std::string error_of(const std::string& members) const {
    try {
      const Study study = load(members);
      std::atomic<bool> interrupt = false;
      SweepOptions options;
      options.interrupt = &interrupt;
      check_points(study, missing_runs(study.runs(), {}, {}), options);
      return "(accepted)";
    } catch (const InputError& error) {
      const std::string text = error.what();
      return text.substr(text.find("s.json: ") + 8);
    }
  }

 private:
  ScratchFolder folder_;
};

using Rows = std::vector<std::vector<std::string>>;

Rows points_of(const Study& study) {
  Rows rows;
  for (std::uint64_t point = 0; point < study.points(); ++point) rows.push_back(study.values(point));
  return rows;
}

const std::string work = R"({"name": "work", "pointer": "/processes/0/queues/0/jobs/work", )";
const std::string period = R"({"name": "period", "pointer": "/processes/0/queues/0/jobs/arrival/periodic", )";
const std::string width = R"({"name": "width", "pointer": "/processes/0/queues/0/jobs/width", )";

}  // namespace

TEST_CASE("a grid has every combination, the first factor slowest", "[study]") {
  const StudyFolder folder;
  const Study study = folder.load("\"factors\": [" + work + R"("values": ["1us", "2us"]}, )" + width +
                                  R"("range": {"from": 1, "to": 7, "count": 3}}])");
  CHECK(study.columns() == std::vector<std::string>{"work_ns", "width"});
  CHECK(points_of(study) ==
        Rows{{"1000", "1"}, {"1000", "4"}, {"1000", "7"}, {"2000", "1"}, {"2000", "4"}, {"2000", "7"}});
}

TEST_CASE("ranges hold both ends, and what lies between is rounded to whole units", "[study]") {
  const StudyFolder folder;
  // 100 + 4 x 900 / 3 ... : steps of 300; halves up: 1 + 3/2 = 2.5 becomes 3.
  CHECK(points_of(
            folder.load("\"factors\": [" + work + R"("range": {"from": "100ns", "to": "1us", "count": 4}}])")) ==
        Rows{{"100"}, {"400"}, {"700"}, {"1000"}});
  CHECK(points_of(folder.load("\"factors\": [" + width + R"("range": {"from": 1, "to": 4, "count": 3}}])")) ==
        Rows{{"1"}, {"3"}, {"4"}});
  // Ten times 10^(1/2) = 31.6, ...
  CHECK(points_of(
            folder.load("\"factors\": [" + work + R"("log_range": {"from": "10ns", "to": "1us", "count": 5}}])")) ==
        Rows{{"10"}, {"32"}, {"100"}, {"316"}, {"1000"}});
}

TEST_CASE("factors that are zipped go together, where the first of them stands", "[study]") {
  const StudyFolder folder;
  const Study study =
      folder.load("\"factors\": [" + work + R"("values": ["1us", "2us"]}, )" + period +
                  R"("values": ["5us", "6us"]}, )" + width + R"("values": [3, 4]}], "zip": [["width", "work"]])");
  CHECK(points_of(study) ==
        Rows{{"1000", "5000", "3"}, {"1000", "6000", "3"}, {"2000", "5000", "4"}, {"2000", "6000", "4"}});
}

TEST_CASE("constraints leave points out", "[study]") {
  const StudyFolder folder;
  const std::string factors = "\"factors\": [" + work + R"("values": ["1us", "2us", "3us"]}, )" + period +
                              R"("values": ["1us", "2us", "3us"]}])";
  CHECK(points_of(folder.load(factors +
                              R"(, "constraints": [{"factor": "work", "relation": "<", "other": "period"}])")) ==
        Rows{{"1000", "2000"}, {"1000", "3000"}, {"2000", "3000"}});
  CHECK(points_of(folder.load(factors + R"(, "constraints": [{"factor": "work", "relation": ">=", "value": "3us"},
                                            {"factor": "period", "relation": "!=", "value": "2us"}])")) ==
        Rows{{"3000", "1000"}, {"3000", "3000"}});
}

TEST_CASE("a Sobol design goes through its ranges as the sequence says", "[study]") {
  const StudyFolder folder;
  // (0,0), (1/2,1/2), (3/4,1/4), (1/4,3/4): 0 to 7 in eight equal parts, three texts in thirds.
  const Study study = folder.load("\"factors\": [" + width + R"("range": {"from": 1, "to": 8}}, )" + work +
                                  R"("values": ["1us", "2us", "3us"]}], "design": "sobol", "samples": 4)");
  CHECK(points_of(study) == Rows{{"1", "1000"}, {"5", "2000"}, {"7", "1000"}, {"3", "3000"}});
}

TEST_CASE("a Latin hypercube has each part of a range once", "[study]") {
  const StudyFolder folder;
  const Study study = folder.load("\"factors\": [" + width +
                                  R"("range": {"from": 1, "to": 8}}], "design": "latin_hypercube", "samples": 8)");
  Rows points = points_of(study);
  std::sort(points.begin(), points.end());
  CHECK(points == Rows{{"1"}, {"2"}, {"3"}, {"4"}, {"5"}, {"6"}, {"7"}, {"8"}});
}

TEST_CASE("a run's number tells point, side and replication", "[study]") {
  const StudyFolder folder;
  const Study study = folder.load("\"factors\": [" + work + R"("values": ["1us", "2us"]}], "replications": 5,
                                  "policies": ["unmap_map", "preempt_restore"])");
  CHECK(study.runs() == 20);
  CHECK(study.sides[0].key == "preempt_restore");  // by name, as rows are
  CHECK(study.run_at(0).point == 0);
  CHECK(study.run_at(7).side == 1);
  CHECK(study.run_at(7).replication == 2);
  CHECK(study.run_at(19).point == 1);
  CHECK(study.load(1, 1).machine->policy == "unmap_map");
}

TEST_CASE("kernels stand side by side, each with its native policy or with each policy", "[study]") {
  const StudyFolder folder;
  const std::string factors = "\"factors\": [" + work + R"("values": ["1us"]}], )";
  const auto keys = [](const Study& study) {
    std::vector<std::string> all;
    for (const StudySide& side : study.sides) all.push_back(side.key);
    return all;
  };
  const Study native = folder.load(factors + R"("kernels": ["7.1", "6.18"])");
  CHECK(keys(native) == std::vector<std::string>{"6.18:preempt_restore", "7.1:unmap_map"});
  CHECK(native.load(0, 1).machine->kernel.name == "7.1");
  CHECK(native.load(0, 1).machine->policy == "unmap_map");
  const Study both = folder.load(factors + R"("kernels": ["7.1"], "policies": ["unmap_map", "hybrid"])");
  CHECK(keys(both) == std::vector<std::string>{"7.1:hybrid", "7.1:unmap_map"});
  CHECK(both.load(0, 0).machine->policy == "hybrid");
}

TEST_CASE("set and seed hold at every point", "[study]") {
  const StudyFolder folder;
  const Study study = folder.load("\"factors\": [" + work +
                                  R"("values": ["1us", "2us"]}], "set": {"/horizon": "5ms"}, "seed": 99)");
  CHECK(study.load(1, 0).machine->horizon == Duration{std::chrono::milliseconds{5}});
  CHECK(study.load(1, 0).machine->seed == 99);
}

TEST_CASE("what is wrong with a study is said where it stands", "[study]") {
  const StudyFolder folder;
  const std::string one = work + R"("values": ["1us"]})";
  const std::vector<std::pair<std::string, std::string>> cases{
      {R"("factors": [])", "/factors: expected at least one factor"},
      {"\"factors\": [" + work + "\"values\": []}]", "/factors/0/values: expected at least one value"},
      {"\"factors\": [" + work + R"("valuse": ["1us"]}])",
       R"(/factors/0/valuse: unknown key "valuse"; did you mean)"},
      {"\"factors\": [" + work + R"("values": ["1us", "1us"]}])",
       "/factors/0/values: holds the text \"1us\" twice"},
      {"\"factors\": [" + work + R"("values": ["1us", "2us", "1000ns"]}])",
       "/factors/0/values: the text \"1us\" and the text \"1000ns\" are one value"},
      {"\"factors\": [" + width + R"("values": [1, 1.0]}])", "are one value"},
      {"\"factors\": [" + work + R"("values": [{"dist": "exponential", "mean": "1ms"},
                                           {"mean": "1000us", "dist": "exponential"}]}])",
       "twice"},
      {"\"factors\": [" + work + R"("values": [{"empirical": ["1us", 2]}, {"empirical": ["1us", 2.0]}]}])",
       "twice"},
      {"\"factors\": [" + work + R"("values": ["1us"], "range": {"from": 1, "to": 2}}])",
       "/factors/0: expected exactly one of values, range, log_range; found values, range"},
      {"\"factors\": [" + work + R"("range": {"from": "1us", "to": "2us"}}])",
       "/factors/0/range: a grid needs count"},
      {"\"factors\": [" + work + R"("range": {"from": "1us", "to": 2, "count": 3}}])", "is not of the same kind"},
      {"\"factors\": [" + work + R"("range": {"from": "2us", "to": "1us", "count": 3}}])", "is not more than"},
      {"\"factors\": [" + work + R"("range": {"from": "1ns", "to": "3ns", "count": 9}}])", "twice"},
      {"\"factors\": [" + width + R"("log_range": {"from": 0, "to": 4, "count": 2}}])", "has no logarithm"},
      {R"("factors": [{"name": "rep", "pointer": "/horizon", "values": ["all"]}])", "a column \"rep\" already"},
      {R"("factors": [{"name": "Rep", "pointer": "/horizon", "values": ["1s"]}])", "cannot name a column"},
      {"\"factors\": [" + one + ", " + work + R"("values": ["1us"]}])", "changes"},
      {R"("factors": [{"name": "p", "pointer": "/policy", "values": ["hybrid"]}])", "give them in policies"},
      {R"("factors": [{"name": "p", "pointer": "/warm_up", "values": ["none"]}])", "from one time at all points"},
      {"\"factors\": [" + one + R"(], "set": {"/warm_up": "mser5", "/analysis": "steady_state"})",
       "/warm_up: found mser5: a study measures from one time at all points; allowed: measure_from"},
      {R"("factors": [{"name": "p", "pointer": "/seed", "values": [1]}])", "all points have one seed"},
      {R"("factors": [{"name": "p", "pointer": "horizon", "values": ["1s"]}])", "expected a JSON pointer"},
      {"\"factors\": [" + one + R"(], "zip": [["work", "wdith"]])", R"(/zip/0/1: unknown factor "wdith")"},
      {"\"factors\": [" + one + ", " + width + R"("values": [1, 2]}], "zip": [["work", "width"]])", "as many"},
      {"\"factors\": [" + one + R"(], "constraints": [{"factor": "work", "relation": "<", "value": 3}])",
       "cannot be compared"},
      {"\"factors\": [" + one + R"(], "constraints": [{"factor": "work", "relation": ">", "value": "1us"}])",
       "/constraints: no point is left"},
      {"\"factors\": [" + one + R"(], "samples": 4)", "/samples: a grid has every combination"},
      {"\"factors\": [" + one + R"(], "design": "sobol")", "needs samples"},
      {"\"factors\": [" + one + R"(], "policies": ["unmap_mpa"])", R"(did you mean "unmap_map"?)"},
      {"\"factors\": [" + one + R"(], "metrics": ["downtme_ns"])", R"(did you mean "downtime_ns"?)"},
      {"\"factors\": [" + work + R"("values": ["1us", "2"]}])",
       R"(point 1 (work=2): )"},  // a text that is no time: the point's scenario is wrong, before the first run
  };
  for (const auto& [members, expected] : cases) {
    INFO(members);
    CHECK_THAT(folder.error_of(members), Catch::Contains(expected));
  }
  CHECK(folder.error_of("\"factors\": [" + one + "]") == "(accepted)");
}

TEST_CASE("every run of a shard that is in no piece is missing", "[study]") {
  CHECK(missing_runs(7, {1, 3}, {}) == std::vector<std::uint64_t>{1, 4});
  CHECK(missing_runs(7, {0, 3}, {{0, 6}, {5}}) == std::vector<std::uint64_t>{3});
  CHECK(missing_runs(4, {}, {{0, 1, 2, 3}}).empty());
}

}  // namespace userqsim::study_test
