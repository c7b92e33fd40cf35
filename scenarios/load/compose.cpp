// load_scenario: from a path to the specs of a machine.

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <system_error>

#include "scenarios/library/embedded.hpp"
#include "scenarios/load/assumptions.hpp"
#include "scenarios/load/document.hpp"
#include "scenarios/load/input_hash.hpp"
#include "scenarios/load/json_text.hpp"
#include "scenarios/load/profile_store.hpp"
#include "scenarios/load/reader.hpp"
#include "scenarios/load/scenario.hpp"
#include "scenarios/load/sets.hpp"
#include "scenarios/load/trace_csv.hpp"
#include "scenarios/load/writer.hpp"
#include "sim/config/units.hpp"

namespace userqsim {
namespace {

using Source = ScenarioSource;

// A scenario of the library by its name.
Source library_source(const std::string& name) {
  std::vector<std::string> names;
  for (const EmbeddedFile& scenario : embedded_scenarios()) {
    if (scenario.name == name) return {name + ".json (built in)", std::string(scenario.text), {}};
    names.emplace_back(scenario.name);
  }
  const std::string nearest = nearest_name(name, names);
  throw InputError(
      fmt::format("{}: no such file, and no scenario of that name in the library; {}", printable(name, 200),
                  nearest.empty() ? "there are: " + joined(names) : "did you mean " + in_quotes(nearest) + "?"));
}

// Before anything else is read: another version may hold other keys.
void require_format(const Json& json, const Place& place) {
  if (!json.is_object()) place.fail("expected an object, found " + shown(json));
  const auto found = json.find("format");
  if (found == json.end()) {
    fail_missing(place, "format", fmt::format("version of this format: {}", in_quotes(scenario_format)));
  }
  std::string format;
  read_leaf(*found, place.at("format"), {}, format);
  if (format == scenario_format) return;
  constexpr std::string_view family = "userqsim-scenario/";
  const std::string_view version = std::string_view(format).substr(std::min(family.size(), format.size()));
  const bool is_version = format.substr(0, family.size()) == family && !version.empty() &&
                          version.find_first_not_of("0123456789") == std::string_view::npos;
  if (!is_version) {
    place.at("format").fail(
        fmt::format("expected {}, found {}", in_quotes(scenario_format), in_quotes(format, 80)));
  }
  const bool older = version.find_first_not_of('0') == std::string_view::npos;
  place.at("format").fail(
      fmt::format("{} is {} than the only format this program reads, {}; {}", in_quotes(format, 80),
                  older ? "older" : "newer", in_quotes(scenario_format),
                  older ? "bring the file to the present schema (userqsim schema) and change this line"
                        : "use a newer userqsim, or write the file to the present schema (userqsim schema)"));
}

std::string text_at(const Json& json, const Place& place, const char* key, std::string_view doc) {
  const auto found = json.find(key);
  if (found == json.end()) fail_missing(place, key, doc);
  std::string text;
  read_leaf(*found, place.at(key), {}, text);
  return text;
}

// Visits the cost field list beside the JSON that overrode it: a new value has a new source.
class CostOverrides {
 public:
  explicit CostOverrides(const Json& given) : given_(given) {}

  template <class T>
  void required(std::string_view key, T& cost, std::string_view, Limits = {}) {
    const auto found = given_.find(std::string(key));
    if (found == given_.end() || !found->contains("value")) return;
    if (!found->contains("source")) cost.source = "override in the scenario";
    if (!found->contains("kind")) cost.kind = CostKind::assumed;
  }

 private:
  const Json& given_;
};

// The document, and where the values come from that it does not give itself.
struct Composed {
  ScenarioDocument document;
  std::string device_file;
  std::string kernel_file;
  std::string cost_file;
};

// Reads the document over the values of the profiles that it names.
Composed read_with_profiles(const Json& json, const Place& root, const ProfileStore& profiles, InputHash& hash) {
  ScenarioDocument document;
  KeyCollector keys;
  describe(keys, document);
  require_keys(json, root, keys.keys);
  const ProfileFile device_file =
      profiles.find("devices", text_at(json, root, "device", "device profile"), root.at("device"));
  const ProfileFile kernel_file =
      profiles.find("kernels", text_at(json, root, "kernel", "kernel profile"), root.at("kernel"));
  DeviceProfile device = read_device(device_file);
  const ProfileFile cost_file = profiles.find_costs(device.costs, Place{device_file.file, "/costs"});
  for (const ProfileFile* file : {&device_file, &kernel_file, &cost_file}) hash.add(file->text);
  document.overrides = {
      read_costs(cost_file), device.firmware, read_kernel(kernel_file), std::move(device.device), {}};
  read_document(json, root, document);
  if (json.contains("overrides") && json["overrides"].contains("costs")) {
    CostOverrides overrides(json["overrides"]["costs"]);
    describe(overrides, document.overrides.costs);
  }
  if (!document.policy) document.policy = document.overrides.kernel.native_policy;
  return {std::move(document), device_file.file, kernel_file.file, cost_file.file};
}

// Replaces each trace's file by its rows, in the JSON too.
void read_traces(ScenarioDocument& document, Json& json, const Source& source, InputHash& hash) {
  const Place processes = Place{source.file, {}}.at("processes");
  for (std::size_t p = 0; p < document.processes.size(); ++p) {
    std::vector<QueueSpec>& queues = document.processes[p].queues;
    for (std::size_t q = 0; q < queues.size(); ++q) {
      auto* trace = queues[q].jobs ? std::get_if<TraceArrival>(&queues[q].jobs->arrival) : nullptr;
      if (trace == nullptr || !trace->file) continue;
      const Place place = processes.at(p).at("queues").at(q).at("jobs").at("arrival").at("trace");
      if (!trace->rows.empty()) place.fail("expected exactly one of file, rows; found both");
      if (*trace->file == "-" || trace->file->empty() || trace->file->find('\0') != std::string::npos) {
        place.at("file").fail("expected the name of a file, found " + in_quotes(*trace->file, 80));
      }
      const std::string path = (source.folder / *trace->file).string();
      const std::string text = read_input(path);
      hash.add(text);
      trace->rows = parse_trace(text, path);
      trace->file.reset();
      json["processes"][p]["queues"][q]["jobs"]["arrival"]["trace"] = json_of_value(*trace);
    }
  }
}

void check_document(const ScenarioDocument& document, const Place& root) {
  const auto allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' ||
           c == '-';
  };
  const std::string& name = document.name;
  constexpr std::size_t longest = 100;
  if (name.empty() || name.front() == '.' || name.size() > longest ||
      !std::all_of(name.begin(), name.end(), allowed)) {
    root.at("name").fail(
        fmt::format("{} cannot name a directory; allowed: 1 to {} of A-Z a-z 0-9 . _ -, not starting with \".\"",
                    in_quotes(name, longest), longest));
  }
  if (document.measure_from >= document.horizon) {
    root.at("measure_from")
        .fail(fmt::format("{} is not before the horizon, {}", to_text(document.measure_from),
                          to_text(document.horizon)));
  }
  if (document.warm_up == WarmUp::none) return;
  if (document.analysis != Analysis::steady_state) {
    root.at("warm_up").fail(
        fmt::format("found {} in a terminating analysis, which measures from its beginning; "
                    "allowed: \"analysis\": \"steady_state\" beside it",
                    name_of(document.warm_up)));
  }
  if (document.measure_from > Duration{0}) {
    root.at("warm_up").fail(fmt::format("found {} beside measure_from {}; allowed: one of the two",
                                        name_of(document.warm_up), to_text(document.measure_from)));
  }
}

// check() speaks of graphs; where the scenario used the short form, its pointer has no "/graph/0".
std::string as_written(const Json& json, const std::string& pointer) {
  constexpr std::string_view long_form = "/jobs/graph/0";
  const std::size_t at = pointer.find(long_form);
  if (at == std::string::npos) return pointer;
  const Json::json_pointer graph(pointer.substr(0, at) + "/jobs/graph");
  if (json.contains(graph)) return pointer;
  return pointer.substr(0, at) + "/jobs" + pointer.substr(at + long_form.size());
}

// Where the user finds what check() speaks of: in the scenario, or, when that does not say it, in a profile.
Place place_of(const std::string& pointer, const Json& json, const Composed& composed, const Place& root) {
  struct Section {
    std::string name;
    std::string file;
    std::string within;  // where the section's fields stand in the file
  };
  const std::array<Section, 4> sections{Section{"/overrides/costs", composed.cost_file, ""},
                                        {"/overrides/device", composed.device_file, ""},
                                        {"/overrides/firmware", composed.device_file, "/firmware"},
                                        {"/overrides/kernel", composed.kernel_file, ""}};
  for (const Section& section : sections) {
    if (pointer != section.name && !pointer.starts_with(section.name + "/")) continue;
    const std::string field = pointer.substr(0, pointer.find('/', section.name.size() + 1));
    if (json.contains(Json::json_pointer(field))) break;
    return {section.file, section.within + pointer.substr(section.name.size())};
  }
  if (pointer == "/policy" && !json.contains("policy")) return {composed.kernel_file, "/native_policy"};
  return {root.file, as_written(json, pointer)};
}

// Puts a kernel profile, with what is native to it, in place of what the scenario says.
void replace_kernel(Json& json, const std::string& kernel, InputHash& hash) {
  json["kernel"] = kernel;
  json.erase("policy");
  hash.add(kernel);
}

// `kernel` takes the place of the scenario's kernel and policy, when it is not null.
LoadedScenario load(const std::string& path, const Source& source, const LoadOptions& options,
                    const std::string* kernel = nullptr) {
  const Place root{source.file, {}};
  InputHash hash;
  hash.add(source.text);
  Json json = parse_json(source.text, source.file);
  for (const std::string& set : options.sets) {
    apply_set(json, set);
    hash.add(set);
  }
  require_format(json, root);
  if (kernel != nullptr) replace_kernel(json, *kernel, hash);
  for (const Change& change : options.changes) {
    apply_change(json, change);
    hash.add(change.pointer);
    hash.add(change.json);
  }
  Composed composed = read_with_profiles(json, root, ProfileStore(options.profiles_dir), hash);
  ScenarioDocument& document = composed.document;
  read_traces(document, json, source, hash);
  check_document(document, root);

  auto machine = std::make_shared<MachineSpec>();
  machine->device = document.overrides.device;
  machine->kernel = document.overrides.kernel;
  machine->firmware = document.overrides.firmware;
  machine->costs = document.overrides.costs;
  machine->policy = *document.policy;
  machine->processes = document.processes;
  machine->policy_options = document.overrides.policy;
  machine->events = document.events;
  machine->faults = document.faults;
  machine->seed = document.seed;
  machine->horizon = document.horizon;
  machine->mutex_held_limit = document.mutex_held_limit;
  for (const SpecProblem& problem : check(*machine)) {
    place_of(problem.pointer, json, composed, root).fail(problem.message);
  }

  LoadedScenario loaded;
  loaded.path = path;
  loaded.scenario = {document.name,         document.question, document.expected, document.device, document.kernel,
                     document.measure_from, document.analysis, document.warm_up,  document.order};
  loaded.assumptions = assumptions_of(machine->costs, machine->firmware, machine->policy_options);
  loaded.machine = std::move(machine);
  loaded.resolved_json = json_of_value(document).dump(2) + "\n";
  json["policy"] = *document.policy;
  loaded.given_json = json.dump(2) + "\n";
  loaded.input_hash = hash.hexadecimal();
  return loaded;
}

const std::string* kernel_of(const LoadOptions& options) {
  return options.native_kernel ? &*options.native_kernel : nullptr;
}

}  // namespace

ScenarioSource read_scenario(const std::string& path) {
  if (path == "-") return {"standard input", read_input(path), {}};
  std::error_code error;
  if (!std::filesystem::exists(path, error)) return library_source(path);
  return {path, read_input(path), std::filesystem::path(path).parent_path()};
}

LoadedScenario load_scenario(const std::string& path, const LoadOptions& options) {
  return load(path, read_scenario(path), options, kernel_of(options));
}

LoadedScenario load_scenario(const ScenarioSource& source, const LoadOptions& options) {
  return load(source.file, source, options, kernel_of(options));
}

std::vector<LoadedScenario> load_under_kernels(const std::string& path, const std::vector<std::string>& kernels,
                                               const LoadOptions& options) {
  const Source source = read_scenario(path);
  std::vector<LoadedScenario> scenarios;
  for (const std::string& kernel : kernels) {
    scenarios.push_back(load(path, source, options, &kernel));
    const std::string& name = scenarios.back().machine->kernel.name;
    if (name == kernel) continue;
    Place{source.file, "/overrides/kernel/name"}.fail(fmt::format(
        "{} would be the name of every kernel; kernels can be compared when the overrides leave out name "
        "and whatever shall be each kernel's own (a resolved scenario gives every field)",
        in_quotes(name)));
  }
  return scenarios;
}

std::string with_order(const LoadedScenario& loaded, const std::vector<std::string>& order) {
  Json json = Json::parse(loaded.given_json);
  json["order"] = order;
  return json.dump(2) + "\n";
}

LoadedScenario load_library_scenario(const std::string& name, const LoadOptions& options) {
  return load(name, library_source(name), options);
}

}  // namespace userqsim
