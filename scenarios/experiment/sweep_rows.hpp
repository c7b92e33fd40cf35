// The CSV files of a sweep: their columns, and the rows that one run has in each.
#pragma once

#include <array>
#include <string>
#include <string_view>

#include "results/record/pieces.hpp"
#include "scenarios/experiment/replicate.hpp"
#include "scenarios/load/study.hpp"

namespace userqsim {

inline constexpr std::string_view runs_header = "scenario,point,policy,rep,status,events,digest,waits,message\n";
inline constexpr std::string_view sweep_summary_header =
    "scenario,point,policy,rep,metric,role,stat,value,unit,count,censored,ci_low,ci_high\n";
inline constexpr std::string_view sweep_timing_header = "scenario,point,policy,rep,wall_s,events,events_per_s\n";

// What the column `status` of runs.csv says.
inline constexpr std::string_view run_ok = "ok";
inline constexpr std::string_view run_limited = "max_events";
inline constexpr std::string_view run_failed = "failed";

// Of a run that reached the horizon, or its limit.
RunRows rows_of(const Study& study, std::uint64_t run, const CellResult& result);
// Of a run that broke an invariant.
RunRows rows_of_failure(const Study& study, std::uint64_t run, const std::string& message);

// points.csv, whole.
std::string points_header(const Study& study);
std::string points_row(const Study& study, std::uint64_t point);

}  // namespace userqsim
