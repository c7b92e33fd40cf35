#include "scenarios/load/checked_run.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <map>
#include <sstream>
#include <system_error>

#include "results/record/csv_reader.hpp"
#include "results/record/file_hash.hpp"
#include "scenarios/load/json_member.hpp"
#include "scenarios/load/reader.hpp"
#include "scenarios/load/scenario.hpp"

namespace userqsim {
namespace {

std::string beside(const RunManifest& manifest, const char* name) {
  return (std::filesystem::path(manifest.directory) / name).string();
}

template <class T>
T value_of(const Json& object, const Place& place, const char* key, std::string_view doc) {
  const Member found = member(object, place, key, doc);
  T value{};
  read_leaf(found.value, found.place, {}, value);
  return value;
}

// The hash of its bytes as the manifest has it.
void require_named_file(const Json& json, const Place& root, const std::string& file, const std::string& text) {
  const Member files = member(json, root, "files", "the files of the directory");
  require_array(files.value, files.place);
  FileHash hash;
  hash.add(text);
  for (std::size_t i = 0; i < files.value.size(); ++i) {
    const Place place = files.place.at(i);
    if (text_of(files.value[i], place, "name", "of the file") != "summary.csv") continue;
    const std::string expected = text_of(files.value[i], place, "xxh3_128", "hash of its bytes");
    if (expected == hash.hexadecimal()) return;
    throw InputError(fmt::format("{}: has the hash {}, and {} in the manifest beside it: one of them was changed",
                                 printable(file, 200), hash.hexadecimal(), expected));
  }
  files.place.fail("names no summary.csv");
}

std::optional<double> number_in(const std::string& text) {
  double value = 0.0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

class SummaryReader {
 public:
  SummaryReader(const std::string& file, const std::string& text, const std::vector<std::uint32_t>& replications)
      : file_(file), in_(text), csv_(in_), replications_(replications) {}

  std::vector<RunStatistic> read() {
    const std::size_t policy = column("policy"), rep = column("rep"), metric = column("metric"),
                      role = column("role"), stat = column("stat"), value = column("value"), unit = column("unit");
    while (csv_.next()) {
      const StatisticName name{csv_.at(metric), csv_.at(role), csv_.at(stat), csv_.at(policy)};
      RunStatistic& statistic = statistic_of(name, csv_.at(unit));
      const std::optional<double> number = number_in(csv_.at(value));
      if (csv_.at(rep).empty()) {
        statistic.value = number;
        continue;
      }
      const auto found = std::find(replications_.begin(), replications_.end(), csv_.number(rep).value_or(-1));
      if (found == replications_.end())
        fail(fmt::format("a replication {} that the manifest does not have", csv_.at(rep)));
      statistic.by_replication[static_cast<std::size_t>(found - replications_.begin())].value = number;
    }
    if (csv_.damaged()) fail("a damaged row");
    return std::move(statistics_);
  }

 private:
  [[noreturn]] void fail(const std::string& what) const {
    throw InputError(fmt::format("{}: line {}: {}", printable(file_, 200), csv_.line(), what));
  }
  std::size_t column(const char* name) const {
    const auto found = csv_.column(name);
    if (!found) fail(fmt::format("no column {}", name));
    return *found;
  }
  RunStatistic& statistic_of(const StatisticName& name, const std::string& unit) {
    const auto [at, is_new] = index_.emplace(name, statistics_.size());
    if (is_new) statistics_.push_back({name, unit, {}, std::vector<MaybeNumber>(replications_.size())});
    return statistics_[at->second];
  }

  const std::string& file_;
  std::istringstream in_;
  CsvReader csv_;
  const std::vector<std::uint32_t>& replications_;
  std::map<StatisticName, std::size_t> index_;
  std::vector<RunStatistic> statistics_;
};

// It is not part of the result, and may have been left behind.
std::string architecture_of(const RunManifest& manifest) {
  const std::string file = beside(manifest, "provenance.json");
  std::error_code error;
  if (!std::filesystem::exists(file, error)) return {};
  const Json json = parse_json(read_input(file), file);
  if (!json.is_object() || !json.contains("host")) return {};
  const Place root{printable(file, 200), {}};
  return text_of(json["host"], root.at("host"), "machine", "the host's architecture");
}

}  // namespace

CheckedRun read_checked_run(const RunManifest& manifest) {
  const Json json = parse_json(read_input(manifest.file), manifest.file);
  const Place root{printable(manifest.file, 200), {}};
  CheckedRun run;
  run.directory = manifest.directory;
  run.model_version = manifest.model_version;
  const Member tool = member(json, root, "tool", "what made the run");
  run.tool_version = text_of(tool.value, tool.place, "version", "of the tool");
  if (text_of(json, root, "status", "complete or partial") != "complete") {
    run.stopped_by = text_of(json, root, "stopped_by", "what stopped the run");
  }
  const Member input = member(json, root, "input", "what was simulated");
  const Member kernel = member(json, root, "kernel", "kernel profile");
  run.input = {
      .scenario = text_of(json, root, "scenario", "name of the scenario"),
      .hash = text_of(input.value, input.place, "hash", "of the input"),
      .sets = value_of<std::vector<std::string>>(input.value, input.place, "set", "values of --set"),
      .device = text_of(json, root, "device", "device profile"),
      .kernel = kernel.value.is_null() ? std::string{} : text_of(json, root, "kernel", "kernel profile"),
      .seed = manifest.seed,
      .replications = value_of<std::vector<std::uint32_t>>(json, root, "replications", "their numbers"),
      .horizon_ns = manifest.horizon_ns,
      .measure_from_ns = value_of<std::int64_t>(json, root, "measure_from_ns", "start of what is measured"),
      .policies = {}};
  for (const RunSide& side : manifest.sides) run.input.policies.push_back(side.key);
  for (const RunReplication& replication : manifest.replications) {
    run.digests.push_back({replication.key, replication.replication, replication.digest});
  }
  const std::string file = beside(manifest, "summary.csv");
  const std::string text = read_input(file);
  require_named_file(json, root, file, text);
  run.statistics = SummaryReader(file, text, run.input.replications).read();
  run.architecture = architecture_of(manifest);
  return run;
}

}  // namespace userqsim
