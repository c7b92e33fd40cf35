#include "results/check/baseline.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>

#include "results/report/table.hpp"

namespace userqsim {
namespace {

template <class T, class Text>
std::string array_of(const std::vector<T>& values, Text&& text) {
  std::string out = "[";
  for (std::size_t i = 0; i < values.size(); ++i) out += (i > 0 ? ", " : "") + text(values[i]);
  return out + "]";
}

std::string texts(const std::vector<std::string>& values) {
  return array_of(values, [](const std::string& value) { return json_string(value); });
}

// One element a line.
template <class T, class Text>
std::string lines_of(const std::vector<T>& values, Text&& text) {
  std::string out = "[";
  for (std::size_t i = 0; i < values.size(); ++i) out += (i > 0 ? ",\n    " : "\n    ") + text(values[i]);
  return out + (values.empty() ? "]" : "\n  ]");
}

std::string input_text(const CheckInput& input) {
  return fmt::format(R"({{"scenario": {}, "hash": {}, "set": {}, "device": {}, "kernel": {}, "seed": {}, )"
                     R"("replications": {}, "horizon_ns": {}, "measure_from_ns": {}, "policies": {}}})",
                     json_string(input.scenario), json_string(input.hash), texts(input.sets),
                     json_string(input.device), json_string(input.kernel), input.seed,
                     array_of(input.replications, [](std::uint32_t rep) { return fmt::format("{}", rep); }),
                     input.horizon_ns, input.measure_from_ns, texts(input.policies));
}

std::string digest_line(const BaselineDigest& entry) {
  return fmt::format(R"({{"policy": {}, "rep": {}, "digest": "{:016x}", "facts": {}, "trail": {}}})",
                     json_string(entry.policy), entry.replication, entry.digest, entry.facts,
                     json_string(entry.trail));
}

std::string metric_line(const BaselineMetric& metric) {
  return fmt::format(
      R"({{"metric": {}, "role": {}, "stat": {}, "policy": {}, "value": {}, "unit": {}, "abs_tol": {}, )"
      R"("rel_tol": {}, "margin": {}, "direction": "{}", "by_replication": {}}})",
      json_string(metric.name.metric), json_string(metric.name.role), json_string(metric.name.stat),
      json_string(metric.name.policy), metric.value, json_string(metric.unit), metric.abs_tol, metric.rel_tol,
      metric.margin, name_of(metric.direction), array_of(metric.by_replication, [](const MaybeNumber& number) {
        return number.value ? fmt::format("{}", *number.value) : std::string{"null"};
      }));
}

}  // namespace

std::string text_of(const StatisticName& name) {
  std::string text = name.metric;
  for (const std::string* part : {&name.role, &name.stat, &name.policy}) {
    if (!part->empty()) text += "/" + *part;
  }
  return text;
}

std::string baseline_text(Baseline baseline) {
  std::sort(baseline.digests.begin(), baseline.digests.end(), [](const auto& a, const auto& b) {
    return std::tie(a.policy, a.replication) < std::tie(b.policy, b.replication);
  });
  std::sort(baseline.metrics.begin(), baseline.metrics.end(),
            [](const auto& a, const auto& b) { return a.name < b.name; });
  return fmt::format(
      "{{\n  \"format\": \"{}\",\n  \"tool_version\": {},\n  \"model_version\": {},\n  \"architecture\": {},\n"
      "  \"moved\": {},\n  \"input\": {},\n  \"exact_facts\": {},\n  \"digests\": {},\n  \"metrics\": {}\n}}\n",
      baseline_format, json_string(baseline.tool_version), json_string(baseline.model_version),
      json_string(baseline.architecture), baseline.moved, input_text(baseline.input), baseline.exact_facts,
      lines_of(baseline.digests, digest_line), lines_of(baseline.metrics, metric_line));
}

}  // namespace userqsim
