#include "results/record/manifest.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <sys/utsname.h>

#include <chrono>
#include <nlohmann/json.hpp>

namespace userqsim {
namespace {

using Json = nlohmann::ordered_json;  // keys stay in the order in which people read them

#ifdef __clang__
constexpr std::string_view compiler = __VERSION__;  // names itself
#else
constexpr std::string_view compiler = "g++ " __VERSION__;
#endif

constexpr std::string_view manifest_format = "userqsim-manifest/1";

// "evictions.csv" has the format "userqsim-evictions/1". A change of a column's meaning moves its number here.
std::string format_of(const std::string& file) {
  const std::string name = file.substr(0, file.find('.'));
  const bool second = name == "slices" || name == "counters";  // tracks are paths
  return fmt::format("userqsim-{}/{}", name, second ? 2 : 1);
}

void write_json(const std::filesystem::path& path, const Json& json) {
  OutputFile file(path);
  // Names come from the user and may hold any bytes; replacing broken UTF-8 keeps the file readable.
  file.write(json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n");
  file.close();
}

Json json_of(const std::vector<FileSummary>& files) {
  Json list = Json::array();
  for (const FileSummary& file : files) {
    list.push_back({{"name", file.name},
                    {"format", format_of(file.name)},
                    {"rows", file.rows},
                    {"bytes", file.bytes},
                    {"xxh3_128", file.xxh3_128}});
  }
  return list;
}

Json json_of(const std::vector<ManifestSide>& sides) {
  Json list = Json::array();
  for (const ManifestSide& side : sides) {
    list.push_back(
        {{"key", side.key}, {"kernel", side.kernel}, {"policy", side.policy}, {"scenario", side.scenario}});
  }
  return list;
}

Json json_of(const std::vector<RunDigest>& digests) {
  Json list = Json::array();
  for (const RunDigest& digest : digests) {
    list.push_back({{"policy", digest.policy},
                    {"rep", digest.replication},
                    {"variant", digest.variant},
                    {"digest", fmt::format("{:016x}", digest.digest)},
                    {"events", digest.events}});
  }
  return list;
}

Json json_of(const ManifestStopping& stopping) {
  return {{"metric", stopping.metric}, {"role", stopping.role},     {"half_width", stopping.half_width},
          {"round", stopping.round},   {"max_reps", stopping.most}, {"reached", stopping.reached}};
}

}  // namespace

void write_manifest(const std::filesystem::path& path, const Manifest& manifest) {
  Json json{{"format", manifest_format},
            {"tool", {{"name", "userqsim"}, {"version", manifest.tool_version}}},
            {"model_version", manifest.model_version},
            {"command", manifest.command},
            {"status", manifest.complete ? "complete" : "partial"}};
  if (!manifest.complete) json["stopped_by"] = manifest.stopped_by;
  json["scenario"] = manifest.scenario;
  json["question"] = manifest.question;
  json["device"] = manifest.device;
  json["kernel"] = manifest.kernel.empty() ? Json(nullptr) : Json(manifest.kernel);
  json["policies"] = manifest.policies;
  if (!manifest.varied.empty()) {
    json["varied"] = manifest.varied;
    json["sides"] = json_of(manifest.sides);
  }
  json["input"] = {{"file", manifest.input_file}, {"hash", manifest.input_hash}, {"set", manifest.sets}};
  json["seed"] = manifest.seed;
  json["replications"] = manifest.replications;
  json["replications_asked"] = manifest.replications_asked;
  json["horizon_ns"] = manifest.horizon_ns;
  json["measure_from_ns"] = manifest.measure_from_ns;
  json["analysis"] = manifest.analysis;
  json["warm_up"] = manifest.warm_up;
  if (manifest.stopping) json["stopping"] = json_of(*manifest.stopping);
  json["assumptions"] = manifest.assumptions;
  json["digests"] = json_of(manifest.digests);
  json["files"] = json_of(manifest.files);
  json["not_reproducible"] = {"provenance.json", "timing.csv"};
  write_json(path, json);
}

void write_provenance(const std::filesystem::path& path, const Provenance& provenance) {
  Json json{{"format", "userqsim-provenance/1"},
            {"argv", provenance.argv},
            {"tool", {{"name", "userqsim"}, {"version", provenance.tool_version}}},
            {"compiler", compiler},
            {"build_type", provenance.build_type}};
  if (!provenance.commit.empty()) json["commit"] = provenance.commit;
  utsname host{};
  if (uname(&host) == 0) {
    json["host"] = {{"name", host.nodename},
                    {"system", fmt::format("{} {}", host.sysname, host.release)},
                    {"machine", host.machine}};
  }
  json["started"] = provenance.started_utc;
  json["finished"] = utc_now();
  write_json(path, json);
}

std::string utc_now() {
  const auto now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
  return fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(std::chrono::system_clock::to_time_t(now)));
}

FileSummary write_text(const std::filesystem::path& path, const std::string& text) {
  OutputFile file(path);
  file.write(text);
  return file.close();
}

}  // namespace userqsim
