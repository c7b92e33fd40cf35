// The files of a sweep that hold from its beginning: every shard has them, and a merge copies them from one.
#pragma once

#include <array>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "scenarios/load/study.hpp"
#include "scenarios/load/sweep_record.hpp"

namespace userqsim {

inline constexpr const char* points_file = "points.csv";
inline constexpr const char* resolved_study_file = "study.resolved.json";
inline constexpr const char* resolved_scenario_file = "scenario.resolved.json";
inline constexpr std::array prepared_files{resolved_study_file, resolved_scenario_file, points_file};

// Puts their hashes into the record.
void add_prepared_hashes(const Study& study, SweepRecord& record);

// Writes the one of that name, over what is there. Throws OutputError.
void write_prepared(const Study& study, std::string_view name, const std::filesystem::path& directory);

// The names of those that are lost from the directory, or not as the record has them.
std::vector<std::string> damaged_prepared(const std::filesystem::path& directory, const SweepRecord& record);

}  // namespace userqsim
