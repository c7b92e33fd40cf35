// What a sound scenario becomes: profiles with overrides, the resolved text, assumptions, hash, --set, traces.
#include "scenarios/library/embedded.hpp"
#include "tests/support/catch.hpp"
#include "tests/unit/load_support.hpp"

namespace userqsim::load_scenario_test {
namespace {

using load_test::error_of;
using load_test::scenario_text;
using load_test::ScratchFolder;
using namespace std::chrono_literals;

LoadedScenario load_text(const std::string& text, const LoadOptions& options = {}) {
  const ScratchFolder folder("load-text");
  return load_scenario(folder.write("scenario.json", text), options);
}

std::string assumption(const LoadedScenario& loaded, const std::string& name) {
  for (const std::string& line : loaded.assumptions) {
    if (line.rfind(name + " = ", 0) == 0) return line;
  }
  return "(none)";
}

TEST_CASE("defaults are the kernel's policy, seed 1 and the whole run", "[load]") {
  const LoadedScenario loaded = load_text(scenario_text());
  CHECK(loaded.scenario.name == "small");
  CHECK(loaded.scenario.device == "ideal");
  CHECK(loaded.machine->policy == "preempt_restore");
  CHECK(loaded.machine->seed == 1);
  CHECK(loaded.machine->horizon == 1s);
  CHECK(loaded.scenario.measure_from == 0s);
  const QueueSpec& queue = loaded.machine->processes.at(0).queues.at(0);
  CHECK(queue.ring == 256);
  CHECK(queue.jobs->graph.size() == 1);
  CHECK(queue.jobs->graph[0].name == "job");
  CHECK(std::get<ConstantDuration>(queue.jobs->graph[0].work).value == 100us);
}

TEST_CASE("the ideal device costs nothing", "[load]") {
  const LoadedScenario loaded = load_text(scenario_text());
  CHECK(loaded.machine->device.link.bytes_per_second == 0);
  CHECK(loaded.machine->device.pipe_quantum == 0s);
  CHECK(is_zero(loaded.machine->costs.mes_api.value));
  CHECK(is_zero(loaded.machine->costs.worker_latency.value));
  CHECK(loaded.machine->costs.gtt_slowdown.value == 1.0);
}

TEST_CASE("the four costs unique to a scheme have one prior", "[load]") {
  const LoadedScenario loaded = load_text(scenario_text(), {.profiles_dir = {}, .sets = {"/device=rx7900xtx"}});
  const CostSpec& costs = loaded.machine->costs;
  for (const Cost* cost : {&costs.teardown, &costs.registration, &costs.suspend_book, &costs.resume_book}) {
    CHECK(cost->value == costs.teardown.value);
    CHECK(cost->range == costs.teardown.range);
    CHECK(cost->range.front() == 0s);
    CHECK(cost->kind == CostKind::assumed);
  }
}

TEST_CASE("a device brings its generation's firmware", "[load]") {
  CHECK(load_text(scenario_text(), {.profiles_dir = {}, .sets = {"/device=rx7900xtx"}})
            .machine->firmware.work_discovery == WorkDiscovery::timer);
  CHECK(load_text(scenario_text(), {.profiles_dir = {}, .sets = {"/device=rx9070xt"}})
            .machine->firmware.work_discovery == WorkDiscovery::interrupt);
}

TEST_CASE("a cost profile may be based on another", "[load]") {
  const LoadedScenario gem5 = load_text(
      scenario_text(), {.profiles_dir = {}, .sets = {"/device=gem5-hws", "/kernel=kfd", "/policy=unmap_map"}});
  const LoadedScenario mi300x = load_text(
      scenario_text(), {.profiles_dir = {}, .sets = {"/device=mi300x", "/kernel=kfd", "/policy=unmap_map"}});
  CHECK(gem5.machine->costs.mes_api.value == constant(4400ns));
  CHECK(mi300x.machine->costs.mes_api.value == constant(10us));
  CHECK(gem5.machine->costs.map.value == mi300x.machine->costs.map.value);
  CHECK(gem5.machine->costs.map.source == mi300x.machine->costs.map.source);
}

TEST_CASE("overrides replace single values", "[load]") {
  const LoadedScenario loaded = load_text(scenario_text(R"({"arrival": {"poisson": "2ms"}, "work": "1ms"})", R"(,
    "overrides": {"device": {"compute": {"slots_per_pipe": 5}, "vram": "1GiB"},
                  "kernel": {"pre_wait": "none"},
                  "firmware": {"suspend_ack": "after_preempt"}})"));
  CHECK(loaded.machine->device.compute.slots_per_pipe == 5);
  CHECK(loaded.machine->device.compute.pipes == 1);
  CHECK(loaded.machine->device.vram.value == 1 << 30);
  CHECK(loaded.machine->kernel.pre_wait == PreWait::none);
  CHECK(loaded.machine->kernel.pre_wait_limit == 100ms);
  CHECK(loaded.machine->firmware.suspend_ack == SuspendAck::after_preempt);
}

TEST_CASE("an overridden cost does not keep its profile's source", "[load]") {
  const auto with = [](const std::string& map) {
    return load_text(scenario_text(),
                     {.profiles_dir = {}, .sets = {"/device=rx7900xtx", "/overrides/costs/tlb_flush=" + map}});
  };
  CHECK(assumption(with(R"({"value": "3us"})"), "costs.tlb_flush") ==
        "costs.tlb_flush = 3us (assumed: override in the scenario; range 2us to 6us)");
  CHECK(assumption(with(R"({"value": "3us", "source": "mine", "kind": "measured"})"), "costs.tlb_flush") ==
        "costs.tlb_flush = 3us (measured: mine; range 2us to 6us)");
  CHECK(assumption(with(R"({"value": "3us", "source": "mine"})"), "costs.tlb_flush") ==
        "costs.tlb_flush = 3us (assumed: mine; range 2us to 6us)");
  const std::string only_range = assumption(with(R"({"range": ["1us", "9us"]})"), "costs.tlb_flush");
  CHECK(only_range.rfind("costs.tlb_flush = 4us (measured: ", 0) == 0);
  CHECK(only_range.find("range 1us to 9us") != std::string::npos);
}

TEST_CASE("an overridden cost keeps to its range, or brings its own", "[load]") {
  const ScratchFolder folder("load-range");
  const std::string path = folder.write("scenario.json", scenario_text());
  const auto with = [&](const std::string& map) {
    return error_of(path, {.profiles_dir = {}, .sets = {"/device=rx7900xtx", "/overrides/costs/map=" + map}});
  };
  CHECK(with(R"({"value": "450us"})") == "(accepted)");
  CHECK(with(R"({"value": "451us"})").find("/overrides/costs/map/value: the mean 451us is outside") !=
        std::string::npos);
  CHECK(with(R"({"value": "451us", "range": ["1us", "1ms"]})") == "(accepted)");
  CHECK(with(R"({"value": {"dist": "exponential", "mean": "450us"}})") == "(accepted)");
  CHECK(with(R"({"value": {"dist": "lognormal", "mean": "451us", "sigma": 1}})") != "(accepted)");
}

TEST_CASE("every unknown is stated", "[load]") {
  const LoadedScenario loaded = load_text(scenario_text());
  CHECK(loaded.assumptions.size() == 30);  // 21 costs, 2 factors, 6 firmware options, 1 wait of a policy
  CHECK(assumption(loaded, "firmware.suspend_ack") ==
        "firmware.suspend_ack = before_preempt (unknown; allowed: before_preempt, after_preempt)");
  CHECK(assumption(loaded, "policy.hybrid_wait") ==
        "policy.hybrid_wait = 10ms (assumed: the proposal names no figure; of hybrid alone)");
}

TEST_CASE("the option --set creates objects, replaces elements and prefers JSON over text", "[load]") {
  const LoadedScenario loaded = load_text(
      scenario_text(), {.profiles_dir = {},
                        .sets = {"/horizon=5s", "/seed=7", "/processes/0/queues/0/jobs/width=1", "/x-a/b/c=[1,2]",
                                 "/overrides/device/compute/pipes=3", "/question=what = this?"}});
  CHECK(loaded.machine->horizon == 5s);
  CHECK(loaded.machine->seed == 7);
  CHECK(loaded.machine->device.compute.pipes == 3);
  CHECK(loaded.scenario.question == "what = this?");
  // What is text stays text, although it could be read as a number.
  const LoadedScenario release = load_text(scenario_text(), {.profiles_dir = {}, .sets = {"/kernel=6.18"}});
  CHECK(release.machine->kernel.name == "6.18");
}

TEST_CASE("a bad --set says what is wrong", "[load]") {
  const ScratchFolder folder("load-set");
  const std::string path = folder.write("scenario.json", scenario_text());
  const auto with = [&](const std::string& set) { return error_of(path, {.profiles_dir = {}, .sets = {set}}); };
  const std::string form = "expected /json/pointer=value, such as /horizon=5s";
  CHECK(with("horizon=5s") == "--set \"horizon=5s\": " + form);
  CHECK(with("/horizon") == "--set \"/horizon\": " + form);
  CHECK(with("=5s") == "--set \"=5s\": " + form);
  CHECK(with("/processes/1/name=b") ==
        "--set \"/processes/1/name=b\": /processes/1: the array has 1 elements, counted from 0");
  CHECK(with("/processes/00/name=b").find("\"00\" is not an index of an array") != std::string::npos);
  CHECK(with("/processes/-/name=b").find("\"-\" is not an index of an array") != std::string::npos);
  CHECK(with("/name/first=b") ==
        "--set \"/name/first=b\": /name/first: there is the text \"small\" here, which has no members");
  CHECK(with("/a~2=b").find("in a JSON pointer") != std::string::npos);
  CHECK(with("/horizn=5s") ==
        path +
            ": /horizn: unknown key \"horizn\"; did you mean \"horizon\"? allowed: format, name, "
            "question, expected, device, kernel, policy, seed, horizon, measure_from, analysis, warm_up, "
            "mutex_held_limit, processes, events, faults, overrides, order");
}

TEST_CASE("the resolved scenario loads to the same machine and is a fixed point", "[load]") {
  const ScratchFolder folder("load-resolved");
  for (const EmbeddedFile& file : embedded_scenarios()) {
    const LoadedScenario first = load_library_scenario(std::string(file.name), {});
    const LoadedScenario second = load_scenario(folder.write("resolved.json", first.resolved_json), {});
    INFO(file.name);
    CHECK(second.resolved_json == first.resolved_json);  // every field of the machine is in it
    CHECK(second.assumptions == first.assumptions);
    CHECK(second.machine->policy == first.machine->policy);
    CHECK(second.input_hash != first.input_hash);
  }
}

TEST_CASE("the hash covers the scenario, the profiles and --set", "[load]") {
  const std::string plain = load_text(scenario_text()).input_hash;
  CHECK(plain.size() == 32);
  CHECK(load_text(scenario_text()).input_hash == plain);
  CHECK(load_text(scenario_text() + " ").input_hash != plain);
  CHECK(load_text(scenario_text(), {.profiles_dir = {}, .sets = {"/seed=1"}}).input_hash != plain);
  CHECK(load_text(scenario_text(), {.profiles_dir = {}, .sets = {"/x-a=1", "/x-b=2"}}).input_hash !=
        load_text(scenario_text(), {.profiles_dir = {}, .sets = {"/x-b=2", "/x-a=1"}}).input_hash);
}

TEST_CASE("$schema and x- keys may stand in every object", "[load]") {
  CHECK_NOTHROW(load_text(R"({"$schema": "a.json", "x-why": [1], "format": "userqsim-scenario/1", "name": "small",
    "device": "ideal", "kernel": "6.18", "horizon": "1s", "processes": [{"x-a": 1, "name": "app", "queues": [
    {"x-b": 2, "name": "q0", "type": "compute", "jobs": {"x-c": 3, "arrival": {"x-d": 4, "periodic": "1ms"},
    "work": {"x-e": 5, "dist": "exponential", "mean": "1ms"}}}]}]})"));
}

TEST_CASE("a trace is read from beside its scenario", "[load]") {
  const ScratchFolder folder("load-trace");
  const std::string path =
      folder.write("a/scenario.json", scenario_text(R"({"arrival": {"trace": {"file": "t.csv"}}, "work": "1us"})"));
  const auto with = [&](const std::string& csv) {
    folder.write("a/t.csv", csv);
    return error_of(path);
  };
  CHECK(with("arrival_ns,work_ns\n0,100\n5,\r\n5,7\n") == "(accepted)");
  const LoadedScenario loaded = load_scenario(path, {});
  const auto& trace = std::get<TraceArrival>(loaded.machine->processes[0].queues[0].jobs->arrival);
  REQUIRE(trace.rows.size() == 3);
  CHECK(trace.rows[0].work == 100ns);
  CHECK(!trace.rows[1].work);
  CHECK(trace.rows[2].arrival == 5ns);
  // The resolved scenario needs no other file.
  const LoadedScenario again = load_scenario(folder.write("b/resolved.json", loaded.resolved_json), {});
  CHECK(again.resolved_json == loaded.resolved_json);

  const std::string file = folder.path() + "/a/t.csv: ";
  CHECK(with("arrival_ns\n1\n2\n") == "(accepted)");
  CHECK(with("") == file + "holds no arrival");
  CHECK(with("arrival_ns\n") == file + "holds no arrival");
  CHECK(with("time\n1\n") == file + "line 1: expected the header arrival_ns or arrival_ns,work_ns, found \"time\"");
  CHECK(with("arrival_ns\n2\n1\n") == file + "line 3: arrival_ns is less than in the line before");
  CHECK(with("arrival_ns\n1.5\n") ==
        file + "line 2: arrival_ns: expected a whole number of nanoseconds, found \"1.5\"");
  CHECK(with("arrival_ns\n-1\n") ==
        file + "line 2: arrival_ns: expected a whole number of nanoseconds, found \"-1\"");
  CHECK(with("arrival_ns\n1,2\n") == file + "line 2: expected one field, found \"1,2\"");
  CHECK(with("arrival_ns,work_ns\n1\n") == file + "line 2: expected two fields, found \"1\"");
  CHECK(with("arrival_ns,work_ns\n1,2,3\n") == file + "line 2: expected two fields, found \"1,2,3\"");
  CHECK(with("arrival_ns\n9999999999999999999\n").find("line 2: arrival_ns: expected a whole number") !=
        std::string::npos);
}

TEST_CASE("the option --profiles replaces and extends the built-in profiles", "[load]") {
  const ScratchFolder folder("load-profiles");
  const std::string scenario = folder.write("scenario.json", scenario_text());
  const LoadOptions options{.profiles_dir = folder.path() + "/profiles", .sets = {}};
  CHECK(error_of(scenario, options) ==
        options.profiles_dir + ": is not a directory of profiles (devices/, kernels/, costs/)");
  const std::string ideal = load_test::file_text("models/profiles/devices/ideal.json");
  const auto renamed = [&](const std::string& name) {
    std::string text = ideal;
    return text.replace(text.find("\"ideal\""), 7, "\"" + name + "\"");
  };
  folder.write("profiles/devices/mine.json", renamed("mine"));
  CHECK(load_scenario(scenario, options).machine->device.name == "ideal");
  LoadOptions mine = options;
  mine.sets = {"/device=mine"};
  CHECK(load_scenario(scenario, mine).machine->device.name == "mine");
  const std::string file = folder.write("profiles/devices/mine.json", renamed("yours"));
  CHECK(error_of(scenario, mine) ==
        file + ": /name: the profile's name is \"yours\", its file's \"mine\"; they must be equal");
  folder.write("profiles/devices/mine.json", "{");
  CHECK(error_of(scenario, mine).rfind(file + ": line 1, column 2: syntax error", 0) == 0);
}

TEST_CASE("a trace may begin with a byte order mark, as a scenario may", "[load]") {
  const ScratchFolder folder("load-trace-bom");
  folder.write("t.csv",
               "\xEF\xBB\xBF"
               "arrival_ns\n7\n");
  const std::string path =
      folder.write("scenario.json",
                   "\xEF\xBB\xBF" + scenario_text(R"({"arrival": {"trace": {"file": "t.csv"}}, "work": "1us"})"));
  const LoadedScenario loaded = load_scenario(path, {});
  const auto& trace = std::get<TraceArrival>(loaded.machine->processes[0].queues[0].jobs->arrival);
  REQUIRE(trace.rows.size() == 1);
  CHECK(trace.rows[0].arrival == 7ns);
}

}  // namespace
}  // namespace userqsim::load_scenario_test
