#include "scenarios/experiment/prepared_files.hpp"

#include <functional>
#include <system_error>

#include "results/record/csv.hpp"
#include "results/record/file_hash.hpp"
#include "scenarios/experiment/sweep_rows.hpp"

namespace userqsim {
namespace {

namespace fs = std::filesystem;

using Writer = std::function<void(std::string_view)>;

// There may be many points: they are given one by one.
void give(const Study& study, std::string_view name, const Writer& write) {
  if (name == resolved_study_file) return write(study.resolved_json);
  if (name == resolved_scenario_file) return write(study.base.resolved_json);
  write(points_header(study));
  for (std::uint64_t point = 0; point < study.points(); ++point) write(points_row(study, point));
}

std::string& hash_in(SweepRecord& record, std::string_view name) {
  if (name == resolved_study_file) return record.study_hash;
  return name == resolved_scenario_file ? record.scenario_hash : record.points_hash;
}

}  // namespace

void add_prepared_hashes(const Study& study, SweepRecord& record) {
  for (const char* name : prepared_files) {
    FileHash hash;
    give(study, name, [&hash](std::string_view text) { hash.add(text); });
    hash_in(record, name) = hash.hexadecimal();
  }
}

void write_prepared(const Study& study, std::string_view name, const fs::path& directory) {
  std::error_code ignored;  // nothing was there, or creating it fails
  fs::remove(directory / name, ignored);
  OutputFile file(directory / name);
  give(study, name, [&file](std::string_view text) { file.write(text); });
  file.close();
}

std::vector<std::string> damaged_prepared(const fs::path& directory, const SweepRecord& record) {
  SweepRecord asked = record;
  std::vector<std::string> damaged;
  for (const char* name : prepared_files) {
    const auto found = content_of(directory / name);
    if (!found || found->xxh3_128 != hash_in(asked, name)) damaged.emplace_back(name);
  }
  return damaged;
}

}  // namespace userqsim
