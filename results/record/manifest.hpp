// The two JSON files of a run: manifest.json, which says what was simulated and what files came out and is the same
// for every repetition, and provenance.json, which says who, where and when, and never is.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "results/record/csv.hpp"

namespace userqsim {

// The digest of one replication under one policy.
struct RunDigest {
  std::string policy;
  std::uint32_t replication = 0;
  std::string variant;
  std::uint64_t digest = 0;
  std::uint64_t events = 0;
};

// One of the sides of a comparison.
struct ManifestSide {
  std::string key;  // what the column `policy` says of it
  std::string kernel;
  std::string policy;
  std::string scenario;  // the file with every value in place; the policy counts, not the file's
};

// When to stop adding replications, and whether it was reached.
struct ManifestStopping {
  std::string metric;
  std::string role;
  double half_width = 0.0;  // relative
  std::uint32_t round = 0;
  std::uint32_t most = 0;
  bool reached = false;
};

struct Manifest {
  std::string tool_version;
  std::string model_version;
  std::string command;  // run, compare
  std::string scenario;
  std::string question;
  std::string device;
  std::string kernel;               // empty when it is what is varied
  std::string varied;               // of a comparison: policy, kernel
  std::vector<ManifestSide> sides;  // of a comparison, the baseline first
  std::string input_file;           // its name without the directory, which depends on who looks
  std::string input_hash;
  std::vector<std::string> policies;
  std::vector<std::string> sets;
  std::uint64_t seed = 0;
  std::vector<std::uint32_t> replications;  // those that are whole
  std::uint32_t replications_asked = 0;
  std::int64_t horizon_ns = 0;
  std::int64_t measure_from_ns = 0;
  std::string analysis;  // terminating, steady_state
  std::string warm_up;   // none, mser5
  std::optional<ManifestStopping> stopping;
  std::vector<std::string> assumptions;
  std::vector<RunDigest> digests;
  bool complete = true;
  std::string stopped_by;  // when not complete: interrupt, timeout, max_events
  std::vector<FileSummary> files;
};

void write_manifest(const std::filesystem::path& path, const Manifest& manifest);

struct Provenance {
  std::vector<std::string> argv;
  std::string tool_version;
  std::string build_type;
  std::string commit;  // empty: not known
  std::string started_utc;
};

// Adds the host, the compiler and the present time.
void write_provenance(const std::filesystem::path& path, const Provenance& provenance);

// "2026-01-31T12:00:00Z", from the wall clock: for provenance alone.
std::string utc_now();

// Writes `text` as it is, for files that others have composed (scenario.resolved.json).
FileSummary write_text(const std::filesystem::path& path, const std::string& text);

}  // namespace userqsim
