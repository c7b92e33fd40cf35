// A study file, read strictly: which scenarios it runs, under what, how often.
//
// A run is (point, side, replication), numbered in this order from 0; a side is a policy, or a kernel with a
// policy. All points, sides and replications have the study's seed: what two of them have in common, they draw
// alike.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "scenarios/load/scenario.hpp"

namespace userqsim {

// What the column `policy` says, and what it stands for.
struct StudySide {
  std::string key;
  std::optional<std::string> kernel;  // none: the scenario's
  std::optional<std::string> policy;  // none: the scenario's, or what is native to the kernel
};

struct StudyRun {
  std::uint64_t point = 0;
  std::size_t side = 0;
  std::uint32_t replication = 0;
};

class Study {
 public:
  Study(Study&&) noexcept;
  ~Study();

  std::string file;  // as given
  std::string name;
  std::string question;
  std::string design;
  std::uint32_t replications = 1;
  std::vector<std::string> metrics;  // that are kept; none: all
  std::vector<StudySide> sides;      // by key
  LoadedScenario base;        // the scenario with `set` and the seed, before any factor, under the first side
  std::string resolved_json;  // the study with every default in place
  std::string input_hash;     // of everything that was read

  std::uint64_t points() const;
  std::uint64_t runs() const { return points() * sides.size() * replications; }
  StudyRun run_at(std::uint64_t run) const;

  // Columns of points.csv, one a factor, and their values at a point.
  const std::vector<std::string>& columns() const;
  std::vector<std::string> values(std::uint64_t point) const;
  // "point 3 (drain_ns=1000, width=4)".
  std::string point_text(std::uint64_t point) const;

  // The scenario at a point under a side. Throws InputError that names the point.
  LoadedScenario load(std::uint64_t point, std::size_t side) const;

 private:
  friend Study load_study(const std::string& path, const std::string& profiles_dir);
  Study();

  struct Parts;
  std::unique_ptr<Parts> parts_;
};

// Reads `path` ("-": standard input). Throws InputError. The scenario itself is checked; its points are not.
Study load_study(const std::string& path, const std::string& profiles_dir);

// The JSON Schema (draft-07) of a study file, generated from the same field lists.
std::string study_schema();

}  // namespace userqsim
