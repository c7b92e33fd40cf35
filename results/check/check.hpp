// A run against a baseline: the inputs, then the digests exactly, then the named statistics within their
// tolerances; or, of a trajectory that was moved on purpose, the statistics alone, over replications and within a
// margin. Reads numbers, never models.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "results/check/baseline.hpp"

namespace userqsim {

// One statistic of the run.
struct RunStatistic {
  StatisticName name;
  std::string unit;
  std::optional<double> value;  // over all replications pooled
  std::vector<MaybeNumber> by_replication;
};

struct CheckedDigest {
  std::string policy;
  std::uint32_t replication = 0;
  std::uint64_t digest = 0;
};

// What a run's directory says.
struct CheckedRun {
  std::string directory;
  std::string tool_version;
  std::string model_version;
  std::string architecture;  // empty: its provenance does not say
  std::string stopped_by;    // empty: complete
  CheckInput input;
  std::vector<CheckedDigest> digests;
  std::vector<RunStatistic> statistics;
};

enum class Outcome : std::uint8_t {
  passed,
  improved,   // past the tolerance, for the better
  failed,     // past the tolerance
  undecided,  // moved: neither inside the margin for sure nor outside
  missing,    // the run has no such statistic, or no value of it
};
template <>
struct EnumNames<Outcome> {
  static constexpr std::array entries{std::pair{Outcome::passed, std::string_view{"passed"}},
                                      std::pair{Outcome::improved, std::string_view{"improved"}},
                                      std::pair{Outcome::failed, std::string_view{"failed"}},
                                      std::pair{Outcome::undecided, std::string_view{"undecided"}},
                                      std::pair{Outcome::missing, std::string_view{"missing"}}};
};

// Something to be said of the whole.
struct CheckNote {
  std::string kind;  // inputs_changed, partial, model_version, architecture, moved, ...
  std::string text;
};

// A fact that a run stated.
struct StatedFact {
  std::int64_t time_ns = 0;
  std::string kind;
  std::string text;  // in words
};

// Where two runs part.
struct Divergence {
  std::uint32_t replication = 0;
  std::uint64_t after = 0;        // facts that are equal
  std::uint64_t upto = 0;         // the first that is known to differ; after + 1: it is the first that does
  std::vector<StatedFact> facts;  // of this run behind `after`, the first few; none: it has ended
};

struct CheckItem {
  StatisticName name;  // of a digest: metric "digest", role and stat empty
  std::string unit;
  std::optional<double> expected;
  std::optional<double> value;
  std::optional<double> allowed;    // the tolerance or the margin, in the unit
  std::optional<double> low, high;  // of the value's mean over replications, 95 %
  Better direction = Better::lower;
  Outcome outcome = Outcome::passed;
  std::string text;        // why
  double severity = 0.0;   // of what does not pass, to tell the worst: the difference over what is allowed
  std::size_t number = 0;  // of a statistic, among the baseline's, from 0
  std::optional<Divergence> divergence;
};

struct CheckReport {
  std::string run;
  std::string baseline;
  std::string scenario;
  bool moved = false;
  bool strict = false;              // improvements fail too
  std::vector<CheckNote> problems;  // why the two cannot be compared
  std::vector<CheckNote> notes;
  std::vector<CheckItem> items;  // digests first

  bool comparable() const { return problems.empty(); }
};

bool is_digest(const CheckItem& item);
bool fails(const CheckReport& report, const CheckItem& item);
bool passed(const CheckReport& report);
// "passed", "failed", "not_comparable".
std::string verdict_of(const CheckReport& report);
// "failed: digests of 1 of 2 policies differ; 2 of 14 statistics fail".
std::string summary_of(const CheckReport& report);

// `moved`: the command line says that the trajectory was moved on purpose; the baseline may say so too.
CheckReport check_run(const Baseline& baseline, const CheckedRun& run, bool moved);

// The first replication under the policy whose digest differs; nothing when all are equal.
struct DigestMismatch {
  const BaselineDigest* expected = nullptr;
  const CheckedDigest* found = nullptr;
};
std::optional<DigestMismatch> first_mismatch(const Baseline& baseline, const CheckedRun& run,
                                             const std::string& policy);

}  // namespace userqsim
