#include "scenarios/load/baseline_file.hpp"

#include <fmt/format.h>

#include <cmath>
#include <set>
#include <tuple>

#include "results/check/trail.hpp"
#include "scenarios/load/json_member.hpp"
#include "scenarios/load/reader.hpp"
#include "scenarios/load/scenario.hpp"

namespace userqsim {

// What JSON has in other forms than the data. In the project's namespace, where the reader finds them.
struct DigestEntry {
  BaselineDigest entry;
  std::string digest;
};

struct BaselineDocument {
  std::string format;
  Baseline baseline;
  std::vector<DigestEntry> digests;
};

void read_leaf(const Json& value, const Place& place, const Limits& limits, MaybeNumber& out) {
  if (value.is_null()) return;
  read_leaf(value, place, limits, out.value.emplace());
}

template <class V>
void describe(V& v, CheckInput& input) {
  v.required("scenario", input.scenario, "Name of the scenario");
  v.required("hash", input.hash, "Of the scenario's and the profiles' bytes and of all changes");
  v.required("set", input.sets, "Values of --set");
  v.required("device", input.device, "Device profile");
  v.required("kernel", input.kernel, "Kernel profile; empty where kernels were compared");
  v.required("seed", input.seed, "Of every random draw");
  v.required("replications", input.replications, "Their numbers");
  v.required("horizon_ns", input.horizon_ns, "Simulated time", positive());
  v.required("measure_from_ns", input.measure_from_ns, "What begins before it is left out");
  v.required("policies", input.policies, "As in the column policy");
}

template <class V>
void describe(V& v, DigestEntry& digest) {
  v.required("policy", digest.entry.policy, "As in the column policy");
  v.required("rep", digest.entry.replication, "Number of the replication");
  v.required("digest", digest.digest, "Of all facts, 16 hexadecimal digits");
  v.required("facts", digest.entry.facts, "Their number");
  v.required("trail", digest.entry.trail, "Marks on the way to the digest, two hexadecimal digits each");
}

template <class V>
void describe(V& v, BaselineMetric& metric) {
  v.required("metric", metric.name.metric, "As in summary.csv");
  v.required("role", metric.name.role, "As in summary.csv");
  v.required("stat", metric.name.stat, "As in summary.csv");
  v.required("policy", metric.name.policy, "As in the column policy");
  v.required("value", metric.value, "Over all replications pooled");
  v.required("unit", metric.unit, "As in summary.csv");
  v.optional("abs_tol", metric.abs_tol, "Allowed difference, in the unit");
  v.optional("rel_tol", metric.rel_tol, "Allowed difference, as a share of the value");
  v.optional("margin", metric.margin, "Of a moved trajectory: allowed difference, as a share of the mean");
  v.optional("direction", metric.direction, "Which way is better");
  v.optional("by_replication", metric.by_replication, "Its value in each replication, or null");
}

template <class V>
void describe(V& v, BaselineDocument& document) {
  Baseline& baseline = document.baseline;
  v.required("format", document.format, "Version of this format");
  v.required("tool_version", baseline.tool_version, "Version that made it");
  v.required("model_version", baseline.model_version, "Of the numbers");
  v.required("architecture", baseline.architecture, "On which it was made");
  v.optional("moved", baseline.moved, "The trajectory may differ: statistics alone are compared");
  v.required("input", baseline.input, "What was simulated");
  v.required("exact_facts", baseline.exact_facts, "Facts that have a mark each",
             within(static_cast<std::int64_t>(least_exact_facts), largest_of<std::int64_t>));
  v.required("digests", document.digests, "One for each policy and replication");
  v.required("metrics", baseline.metrics, "The statistics that are checked");
}

namespace {

std::uint64_t digest_in(const DigestEntry& digest, const Place& place) {
  const Json json{{"digest", digest.digest}};
  return digest_of(json, place);
}

// As long as its facts and marks say.
void check_trail(const BaselineDigest& entry, std::uint64_t exact, const Place& place) {
  const std::string& trail = entry.trail;
  if (trail.find_first_not_of("0123456789abcdef") != std::string::npos ||
      trail.size() != trail_length(entry.facts, exact)) {
    place.at("trail").fail(fmt::format("expected {} hexadecimal digits for {} facts, found {} characters",
                                       trail_length(entry.facts, exact), entry.facts, trail.size()));
  }
}

void check_metric(const Baseline& baseline, const BaselineMetric& metric, const Place& place) {
  const auto share = [&](const char* key, double value) {
    if (std::isfinite(value) && value >= 0.0) return;
    place.at(key).fail(fmt::format("expected a number of at least 0, found {}", value));
  };
  share("abs_tol", metric.abs_tol);
  share("rel_tol", metric.rel_tol);
  share("margin", metric.margin);
  const std::size_t replications = baseline.input.replications.size();
  if (!metric.by_replication.empty() && metric.by_replication.size() != replications) {
    place.at("by_replication")
        .fail(fmt::format("expected {} values, one for each of the input's replications, found {}", replications,
                          metric.by_replication.size()));
  }
}

}  // namespace

Baseline parse_baseline(std::string_view text, const std::string& file) {
  const Json json = parse_json(text, file);
  const Place root{printable(file, 200), {}};
  const std::string format = text_of(json, root, "format", "version of a baseline");
  if (format != baseline_format) {
    root.at("format").fail(fmt::format("expected {}, found {}", in_quotes(baseline_format), in_quotes(format, 80)));
  }
  BaselineDocument document;
  read_document(json, root, document);
  Baseline& baseline = document.baseline;
  const Place input = root.at("input");  // a check of nothing would always pass
  if (baseline.input.policies.empty()) input.at("policies").fail("names no policy");
  if (baseline.input.replications.empty()) input.at("replications").fail("names no replication");
  std::set<std::pair<std::string, std::uint32_t>> runs;
  for (std::size_t i = 0; i < document.digests.size(); ++i) {
    const Place place = root.at("digests").at(i);
    BaselineDigest entry = document.digests[i].entry;
    entry.digest = digest_in(document.digests[i], place);
    check_trail(entry, baseline.exact_facts, place);
    if (!runs.insert({entry.policy, entry.replication}).second)
      place.fail("a second digest of the same replication");
    baseline.digests.push_back(std::move(entry));
  }
  for (const std::string& policy : baseline.input.policies) {
    for (const std::uint32_t replication : baseline.input.replications) {
      if (runs.contains({policy, replication})) continue;
      root.at("digests").fail(
          fmt::format("no digest of replication {} under {}", replication, in_quotes(policy, 80)));
    }
  }
  std::set<StatisticName> names;
  for (std::size_t i = 0; i < baseline.metrics.size(); ++i) {
    const Place place = root.at("metrics").at(i);
    check_metric(baseline, baseline.metrics[i], place);
    if (!names.insert(baseline.metrics[i].name).second) place.fail("the statistic stands here a second time");
  }
  return std::move(baseline);
}

}  // namespace userqsim
