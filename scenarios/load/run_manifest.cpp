#include "scenarios/load/run_manifest.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <limits>
#include <memory>
#include <system_error>

#include "scenarios/load/json_member.hpp"
#include "scenarios/load/json_text.hpp"
#include "scenarios/load/place.hpp"
#include "scenarios/load/reader.hpp"

namespace userqsim {
namespace {

constexpr std::string_view manifest_format = "userqsim-manifest/1";
constexpr std::string_view resolved_file = "scenario.resolved.json";
constexpr std::int64_t most_ids = std::numeric_limits<std::uint32_t>::max() - 1;

// A file of the directory itself.
std::string file_name_of(const Json& object, const Place& place) {
  const std::string name = text_of(object, place, "scenario", "file of the side's scenario");
  if (name.empty() || name.find_first_of(std::string_view{"/\0", 2}) != std::string::npos) {
    place.at("scenario").fail("expected the name of a file beside this one, found " + in_quotes(name, 80));
  }
  return name;
}

std::vector<RunSide> read_sides(const Json& json, const Place& root) {
  std::vector<RunSide> sides;
  if (json.contains("sides")) {
    const Member list = member(json, root, "sides", "what was compared");
    require_array(list.value, list.place);
    for (std::size_t i = 0; i < list.value.size(); ++i) {
      const Place place = list.place.at(i);
      const Json& side = list.value[i];
      sides.push_back({text_of(side, place, "key", "name of the side"),
                       text_of(side, place, "policy", "policy of the side"), file_name_of(side, place)});
    }
  } else {
    const Member list = member(json, root, "policies", "policies that were run");
    require_array(list.value, list.place);
    for (std::size_t i = 0; i < list.value.size(); ++i) {
      std::string policy;
      read_leaf(list.value[i], list.place.at(i), {}, policy);
      sides.push_back({policy, policy, std::string{resolved_file}});
    }
  }
  if (sides.empty()) root.fail("names no policy; allowed: a directory that run or compare wrote");
  return sides;
}

std::vector<RunReplication> read_replications(const Json& json, const Place& root) {
  std::vector<RunReplication> replications;
  const Member list = member(json, root, "digests", "digests of the runs");
  require_array(list.value, list.place);
  for (std::size_t i = 0; i < list.value.size(); ++i) {
    const Place place = list.place.at(i);
    const Json& entry = list.value[i];
    const Member rep = member(entry, place, "rep", "number of the replication");
    replications.push_back({text_of(entry, place, "policy", "policy of the run"),
                            static_cast<std::uint32_t>(require_integer(rep.value, rep.place, within(0, most_ids))),
                            digest_of(entry, place)});
  }
  return replications;
}

}  // namespace

RunManifest read_run_manifest(const std::string& directory) {
  std::error_code error;
  if (!std::filesystem::is_directory(directory, error)) {
    throw InputError(
        fmt::format("{}: {}; allowed: a directory that run or compare wrote", printable(directory, 200),
                    std::filesystem::exists(directory, error) ? "is no directory" : "no such directory"));
  }
  RunManifest run;
  run.directory = directory;
  run.file = (std::filesystem::path(directory) / "manifest.json").string();
  if (!std::filesystem::exists(run.file, error)) {
    throw InputError(fmt::format("{}: holds no manifest.json; allowed: a directory that run or compare wrote",
                                 printable(directory, 200)));
  }
  const Json json = parse_json(read_input(run.file), run.file);
  const Place root{run.file, {}};
  const std::string format = text_of(json, root, "format", "version of the manifest");
  if (format != manifest_format) {
    root.at("format").fail(fmt::format("expected {}, found {}", in_quotes(manifest_format), in_quotes(format, 80)));
  }
  const std::string command = text_of(json, root, "command", "what wrote the directory");
  if (command != "run" && command != "compare") {
    root.at("command").fail(fmt::format("{} wrote this directory; allowed: run, compare", in_quotes(command, 80)));
  }
  run.model_version = text_of(json, root, "model_version", "of the numbers");
  const Member seed = member(json, root, "seed", "of every random draw");
  if (!seed.value.is_number_unsigned()) seed.place.fail("expected a whole number, found " + shown(seed.value));
  run.seed = seed.value.get<std::uint64_t>();
  const Member horizon = member(json, root, "horizon_ns", "simulated time");
  run.horizon_ns = require_integer(horizon.value, horizon.place, positive());
  run.sides = read_sides(json, root);
  run.replications = read_replications(json, root);
  return run;
}

LoadedScenario load_side(const RunManifest& run, const RunSide& side, const LoadOptions& options) {
  const std::filesystem::path path = std::filesystem::path(run.directory) / side.scenario;
  std::error_code error;
  if (!std::filesystem::exists(path, error)) {
    throw InputError(
        fmt::format("{}: holds no {}, which its manifest names; allowed: a directory that run or compare "
                    "wrote, whole",
                    printable(run.directory, 200), printable(side.scenario, 80)));
  }
  LoadedScenario loaded = load_scenario(path.string(), options);
  auto machine = std::make_shared<MachineSpec>(*loaded.machine);
  machine->policy = side.policy;
  machine->seed = run.seed;
  machine->horizon = std::min(machine->horizon, Duration{run.horizon_ns});
  loaded.machine = std::move(machine);
  return loaded;
}

}  // namespace userqsim
