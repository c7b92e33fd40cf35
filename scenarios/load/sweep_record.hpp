// What a sweep says of itself in its directory (sweep.json): enough to go on with it, to merge it with its other
// shards, and to write the manifest of the whole, without its study and its scenario at hand.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "results/record/csv.hpp"
#include "scenarios/load/study.hpp"
#include "sim/config/describe.hpp"

namespace userqsim {

inline constexpr std::string_view sweep_format = "userqsim-sweep/1";

struct SweepRecord {
  std::string format{sweep_format};
  std::string study;
  std::string question;
  std::string file;   // of the study, without its directory
  std::string input;  // hash of everything that was read
  std::string scenario;
  std::string device;
  std::string kernel;
  std::vector<std::string> policies;  // as the column says
  std::string design;
  std::uint64_t seed = 0;
  std::uint64_t points = 0;
  std::uint32_t replications = 0;
  std::uint64_t runs = 0;
  std::uint64_t max_events = 0;  // of each run; 0: no limit
  std::vector<std::string> assumptions;
  std::string tool_version;
  std::string model_version;
  std::string program;        // hash of the program's file: another build is another program
  std::string study_hash;     // XXH3-128 of study.resolved.json, which every shard has and a merge copies
  std::string scenario_hash;  // of scenario.resolved.json
  std::string points_hash;    // of points.csv
  std::uint64_t shard = 0;
  std::uint64_t shards = 1;
  std::string hash;  // of all above: a merge believes this file, so a change of it has to show
};

template <class V>
void describe(V& v, SweepRecord& s) {
  v.required("format", s.format, "Version of this file");
  v.required("study", s.study, "Name of the study");
  v.required("question", s.question, "What it is meant to answer");
  v.required("file", s.file, "File of the study");
  v.required("input", s.input, "Hash of everything that was read");
  v.required("scenario", s.scenario, "Name of the scenario");
  v.required("device", s.device, "Its device profile");
  v.required("kernel", s.kernel, "Its kernel profile");
  v.required("policies", s.policies, "What is compared");
  v.required("design", s.design, "How points were chosen");
  v.required("seed", s.seed, "Of every random draw");
  v.required("points", s.points, "Points");
  v.required("replications", s.replications, "Replications of each point under each policy", positive());
  v.required("runs", s.runs, "Runs in all");
  v.required("max_events", s.max_events, "Limit of each run; 0: none");
  v.required("assumptions", s.assumptions, "What the scenario rests on");
  v.required("tool_version", s.tool_version, "Version of the program");
  v.required("model_version", s.model_version, "Version of the numbers");
  v.required("program", s.program, "Hash of the program's file");
  v.required("study_resolved", s.study_hash, "Hash of study.resolved.json");
  v.required("scenario_resolved", s.scenario_hash, "Hash of scenario.resolved.json");
  v.required("points_csv", s.points_hash, "Hash of points.csv");
  v.required("shard", s.shard, "Which shard this is");
  v.required("shards", s.shards, "Of how many", positive());
  v.required("hash", s.hash, "Hash of all this");
}

// Names the sweep in its pieces: a hash of all that its record says but for the shard. So the same for all shards,
// another for another study, limit, model or program, and for a record that was changed and given a new hash.
std::string sweep_key(SweepRecord record);

// What the other has that this one has not ("another study, or other inputs"); empty when they are of one sweep.
// Which shard does not count.
std::string difference(const SweepRecord& one, const SweepRecord& other);

// With its hash.
std::string text_of(SweepRecord record);
// The record in a directory; nothing where there is none. Throws InputError where it cannot be read, or does not
// fit its own hash.
std::optional<SweepRecord> read_sweep_record(const std::filesystem::path& directory);

// The text of manifest.json of a whole sweep.
std::string sweep_manifest(const SweepRecord& record, std::uint64_t failed, const std::vector<FileSummary>& files);

// Whether the directory's manifest is that of this sweep, whole. One that cannot be read is not.
bool is_result_of(const std::filesystem::path& directory, const SweepRecord& record);

// What a manifest says that is_result_of(); nothing where it was changed since it was written.
struct SweepManifest {
  std::uint64_t failed = 0;
  std::vector<FileSummary> files;
};
std::optional<SweepManifest> read_sweep_manifest(const std::filesystem::path& directory, const SweepRecord& record);

}  // namespace userqsim
