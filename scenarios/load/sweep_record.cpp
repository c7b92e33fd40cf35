#include "scenarios/load/sweep_record.hpp"

#include <fmt/format.h>

#include <system_error>

#include "results/record/output_place.hpp"
#include "scenarios/load/input_hash.hpp"
#include "scenarios/load/json_text.hpp"
#include "scenarios/load/reader.hpp"
#include "scenarios/load/writer.hpp"

namespace userqsim {

std::string sweep_key(const SweepRecord& record) {
  InputHash hash;
  for (const std::string& part : {record.input, record.tool_version, record.model_version, record.program,
                                  fmt::format("{} {}", record.runs, record.max_events)}) {
    hash.add(part);
  }
  return hash.hexadecimal();
}

std::string difference(const SweepRecord& one, const SweepRecord& other) {
  if (one.input != other.input || one.file != other.file || one.runs != other.runs)
    return "another study, or of one with other inputs";
  if (one.model_version != other.model_version) {
    return fmt::format("model version {}, and this is {}", other.model_version, one.model_version);
  }
  if (one.tool_version != other.tool_version) {
    return fmt::format("version {}, and this is {}", other.tool_version, one.tool_version);
  }
  if (one.program != other.program) return "another build of the program";
  if (one.max_events != other.max_events) {
    return fmt::format("--max-events {}, and this has {}", other.max_events, one.max_events);
  }
  return {};
}

std::string text_of(SweepRecord record) { return json_of_value(record).dump(2) + "\n"; }

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
  return record;
}

void write_sweep_manifest(const std::filesystem::path& path, const SweepRecord& record, std::uint64_t failed,
                          const std::vector<FileSummary>& files) {
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
  OutputFile file(path);
  file.write(json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n");
  file.close();
}

bool is_result_of(const std::filesystem::path& directory, const SweepRecord& record) {
  const std::filesystem::path file = directory / "manifest.json";
  std::error_code error;
  if (!std::filesystem::exists(file, error)) return false;
  const Json json = parse_json(read_input(file.string()), file.string());
  const auto says = [&](const char* pointer, const Json& value) {
    const Json::json_pointer at(pointer);
    return json.contains(at) && json[at] == value;
  };
  return says("/command", "sweep") && says("/input/hash", record.input) &&
         says("/tool/version", record.tool_version) && says("/model_version", record.model_version) &&
         says("/max_events", record.max_events) && says("/runs", record.runs);
}

}  // namespace userqsim
