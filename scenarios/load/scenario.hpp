// A scenario file, read strictly and composed with its profiles into the specs of a machine.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "models/machine/spec.hpp"
#include "sim/core/enum_names.hpp"

namespace userqsim {

// The user's input is wrong. what() is one complete message: file, JSON pointer or line, what was found, what is
// allowed, the nearest valid name. The command prints it and exits with 2.
class InputError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// What the statistics are about: a span of time with a beginning and an end (a game that starts beside a model), or
// what goes on for ever once it has begun.
enum class Analysis : std::uint8_t { terminating, steady_state };

// How the end of the warm-up is found, if measure_from does not say it.
enum class WarmUp : std::uint8_t { none, mser5 };

template <>
struct EnumNames<Analysis> {
  static constexpr std::array entries{std::pair{Analysis::terminating, std::string_view{"terminating"}},
                                      std::pair{Analysis::steady_state, std::string_view{"steady_state"}}};
};
template <>
struct EnumNames<WarmUp> {
  static constexpr std::array entries{std::pair{WarmUp::none, std::string_view{"none"}},
                                      std::pair{WarmUp::mser5, std::string_view{"mser5"}}};
};

// The part of a scenario that is not the machine.
struct Scenario {
  std::string name;
  std::string question;
  std::string expected;
  std::string device;
  std::string kernel;
  Duration measure_from{0};  // evictions, jobs and requests that begin before it are left out of statistics
  Analysis analysis = Analysis::terminating;
  WarmUp warm_up = WarmUp::none;
  std::optional<std::vector<std::string>> order;  // that explore is to follow
};

struct LoadedScenario {
  std::string path;  // as given; "-" for standard input
  Scenario scenario;
  std::shared_ptr<const MachineSpec> machine;
  std::string resolved_json;             // the whole scenario with every default and profile value in place
  std::string given_json;                // as it was given, changed by `sets`, with its policy and its traces' rows
  std::vector<std::string> assumptions;  // "costs.unmap = 10us (assumed: ...; range 1us to 100us)"
  std::string input_hash;                // of the bytes read, with the profiles' and the --set values' bytes
};

// One value in place of the scenario's, before it is checked.
struct Change {
  std::string where;    // who asks for it, for messages
  std::string pointer;  // JSON pointer
  std::string json;     // the value as JSON
};

struct LoadOptions {
  std::string profiles_dir;                    // empty: the embedded profiles
  std::vector<std::string> sets{};             // "/json/pointer=value", applied in order before checking
  std::optional<std::string> native_kernel{};  // this kernel and its native policy in place of the scenario's
  std::vector<Change> changes{};               // applied in order, after all others
};

// A scenario that was read and not looked at: to load it many times over.
struct ScenarioSource {
  std::string file;  // for messages
  std::string text;
  std::filesystem::path folder;  // what it names is relative to
};
// As load_scenario finds it. Throws InputError.
ScenarioSource read_scenario(const std::string& path);
LoadedScenario load_scenario(const ScenarioSource& source, const LoadOptions& options);

// Reads `path` ("-": standard input; no such file: the library's scenario of that name). Throws InputError.
LoadedScenario load_scenario(const std::string& path, const LoadOptions& options);

// The same scenario under each of the kernel profiles, with the policy that is native to it; the scenario's own
// kernel and policy do not count, its overrides of kernel fields hold under each. `path` is read once, as by
// load_scenario. Throws InputError, also when the overrides make all kernels one by giving them a name.
std::vector<LoadedScenario> load_under_kernels(const std::string& path, const std::vector<std::string>& kernels,
                                               const LoadOptions& options);

// The library's scenario of that name, whatever files there are. Throws InputError.
LoadedScenario load_library_scenario(const std::string& name, const LoadOptions& options);

// The scenario as it was given, with this order in place of its own: profiles are named and not written out, so
// that another one can take the place of each.
std::string with_order(const LoadedScenario& loaded, const std::vector<std::string>& order);

// The JSON Schema (draft-07) of a scenario file, generated from the same field lists.
std::string scenario_schema();

}  // namespace userqsim
