#include "scenarios/load/sweep_record.hpp"

#include <fmt/format.h>

#include <system_error>
#include <utility>

#include "results/record/output_place.hpp"
#include "scenarios/load/input_hash.hpp"
#include "scenarios/load/json_text.hpp"
#include "scenarios/load/reader.hpp"
#include "scenarios/load/writer.hpp"

namespace userqsim {

namespace {

std::string hash_of(SweepRecord record) {
  record.hash.clear();
  InputHash hash;
  hash.add(json_of_value(record).dump());
  return hash.hexadecimal();
}

std::string limit_text(std::uint64_t max_events) {
  return max_events == 0 ? "no --max-events" : fmt::format("--max-events {}", max_events);
}

}  // namespace

std::string sweep_key(SweepRecord record) {
  record.shard = 0;
  record.shards = 1;
  return hash_of(std::move(record));
}

std::string difference(const SweepRecord& one, const SweepRecord& other) {
  if (one.input != other.input || one.file != other.file || one.runs != other.runs)
    return "another study, or other inputs";
  if (one.model_version != other.model_version) {
    return fmt::format("model version {} in place of {}", other.model_version, one.model_version);
  }
  if (one.tool_version != other.tool_version) {
    return fmt::format("version {} in place of {}", other.tool_version, one.tool_version);
  }
  if (one.program != other.program) return "another build of the program";
  if (one.max_events != other.max_events) {
    return fmt::format("{} in place of {}", limit_text(other.max_events), limit_text(one.max_events));
  }
  return sweep_key(one) == sweep_key(other) ? "" : fmt::format("another {}", sweep_record_file);
}

std::string text_of(SweepRecord record) {
  record.hash = hash_of(record);
  return json_of_value(record).dump(2) + "\n";
}

std::optional<SweepRecord> read_sweep_record(const std::filesystem::path& directory) {
  const std::filesystem::path file = directory / sweep_record_file;
  std::error_code error;
  if (!std::filesystem::exists(file, error)) return std::nullopt;
  const Json json = parse_json(read_input(file.string()), file.string());
  SweepRecord record;
  read_document(json, Place{file.string(), {}}, record);
  if (record.format != sweep_format) {
    Place{file.string(), "/format"}.fail(
        fmt::format("expected {}, found {}", in_quotes(sweep_format), in_quotes(record.format, 80)));
  }
  if (record.hash != hash_of(record)) {
    throw InputError(
        fmt::format("{}: was changed since the sweep wrote it: its hash is of other contents", file.string()));
  }
  return record;
}

std::string sweep_manifest(const SweepRecord& record, std::uint64_t failed, const std::vector<FileSummary>& files) {
  Json json{{"format", "userqsim-manifest/1"},
            {"tool", {{"name", "userqsim"}, {"version", record.tool_version}}},
            {"model_version", record.model_version},
            {"command", "sweep"},
            {"status", "complete"},
            {"study", record.study},
            {"question", record.question},
            {"scenario", record.scenario},
            {"device", record.device},
            {"kernel", record.kernel},
            {"policies", record.policies},
            {"input", {{"file", record.file}, {"hash", record.input}}},
            {"seed", record.seed},
            {"design", record.design},
            {"points", record.points},
            {"replications_asked", record.replications},
            {"runs", record.runs},
            {"failed", failed},
            {"max_events", record.max_events},
            {"assumptions", record.assumptions}};
  Json list = Json::array();
  for (const FileSummary& file : files) {
    list.push_back({{"name", file.name},
                    {"format", fmt::format("userqsim-{}/1", file.name.substr(0, file.name.find('.')))},
                    {"rows", file.rows},
                    {"bytes", file.bytes},
                    {"xxh3_128", file.xxh3_128}});
  }
  json["files"] = std::move(list);
  json["not_reproducible"] = {"provenance.json", "timing.csv"};
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

namespace {

// Empty where there is none, or it cannot be read.
std::string manifest_text(const std::filesystem::path& directory) {
  std::error_code error;
  const std::filesystem::path file = directory / "manifest.json";
  if (!std::filesystem::exists(file, error)) return {};
  try {
    std::string text = read_input(file.string());
    parse_json(text, file.string());
    return text;
  } catch (const InputError&) {
    return {};
  }
}

}  // namespace

bool is_result_of(const std::filesystem::path& directory, const SweepRecord& record) {
  const std::string text = manifest_text(directory);
  if (text.empty()) return false;
  const Json json = Json::parse(text);
  const auto says = [&](const char* pointer, const Json& value) {
    const Json::json_pointer at(pointer);
    return json.contains(at) && json[at] == value;
  };
  return says("/command", "sweep") && says("/input/hash", record.input) &&
         says("/tool/version", record.tool_version) && says("/model_version", record.model_version) &&
         says("/max_events", record.max_events) && says("/runs", record.runs);
}

std::optional<SweepManifest> read_sweep_manifest(const std::filesystem::path& directory,
                                                 const SweepRecord& record) {
  const std::string text = manifest_text(directory);
  if (text.empty()) return std::nullopt;
  SweepManifest manifest;
  try {
    const Json json = Json::parse(text);
    manifest.failed = json.at("failed").get<std::uint64_t>();
    for (const Json& file : json.at("files")) {
      manifest.files.push_back({.name = file.at("name").get<std::string>(),
                                .bytes = file.at("bytes").get<std::uint64_t>(),
                                .rows = file.at("rows").get<std::uint64_t>(),
                                .xxh3_128 = file.at("xxh3_128").get<std::string>()});
    }
  } catch (const Json::exception&) {
    return std::nullopt;
  }
  // Everything else in it is the sweep's, and would be written so again.
  if (sweep_manifest(record, manifest.failed, manifest.files) != text) return std::nullopt;
  return manifest;
}

}  // namespace userqsim
