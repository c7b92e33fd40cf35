#include "scenarios/cli/statistics_options.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <utility>
#include <vector>

#include "results/record/metrics.hpp"
#include "scenarios/cli/experiment.hpp"
#include "scenarios/cli/quantity_option.hpp"
#include "scenarios/cli/signals.hpp"
#include "scenarios/load/place.hpp"
#include "sim/config/units.hpp"

namespace userqsim {
namespace {

// A decimal number without sign, exponent or anything behind it.
std::optional<double> decimal(std::string_view text) {
  if (text.empty() || text.find_first_not_of("0123456789.") != std::string_view::npos) return std::nullopt;
  double value = 0.0;
  const auto [end, error] =
      std::from_chars(text.data(), text.data() + text.size(), value, std::chars_format::fixed);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

// "5%" as 0.05.
std::optional<double> share(std::string_view text) {
  if (text.empty() || text.back() != '%') return std::nullopt;
  const std::optional<double> percent = decimal(text.substr(0, text.size() - 1));
  return percent ? std::optional{*percent / 100.0} : std::nullopt;
}

const MetricInfo& metric_named(const std::string& option, const std::string& name) {
  std::vector<std::string> names;
  for (const MetricInfo& metric : metric_catalogue()) {
    if (metric.name == name) return metric;
    names.emplace_back(metric.name);
  }
  throw InputError(fmt::format("{}: {}", option, unknown_name("metric", name, names)));
}

// A size in the metric's own unit, as people write it.
Band size_of(const MetricInfo& metric, const std::string& text) {
  const auto refuse = [&](const std::string& allowed) -> Band {
    throw InputError(fmt::format("--equivalence: {}: found {}; allowed: {}, or a share such as 5%", metric.name,
                                 in_quotes(text, 40), allowed));
  };
  if (metric.unit == "ns") {
    const Parsed<Duration> parsed = parse_duration(text);
    const auto* time = std::get_if<Duration>(&parsed);
    return time != nullptr ? Band{static_cast<double>(time->count()), false} : refuse("a time such as 100us");
  }
  if (metric.unit == "bytes") {
    const Parsed<Bytes> parsed = parse_bytes(text);
    const auto* bytes = std::get_if<Bytes>(&parsed);
    return bytes != nullptr ? Band{static_cast<double>(bytes->value), false} : refuse("a size such as 4KiB");
  }
  const std::optional<double> number = decimal(text);
  return number ? Band{*number, false} : refuse("a number such as 0.5");
}

// "downtime_ns", "job_latency_ns:bystander".
void set_metric(const std::string& text, PrecisionRule& rule) {
  const std::size_t colon = text.find(':');
  const MetricInfo& metric = metric_named("--metric", text.substr(0, colon));
  rule.metric = metric.name;
  if (metric.kind == MetricKind::count) {
    throw InputError(
        fmt::format("--metric: {} is a count and has no mean; allowed: a metric that has one", metric.name));
  }
  const std::vector<std::string> roles(metric.roles.begin(), metric.roles.end());
  if (colon == std::string::npos && roles.size() > 1) {
    throw InputError(fmt::format("--metric: {} is measured for {}; allowed: one of them, such as {}:{}",
                                 metric.name, joined(roles), metric.name, roles.back()));
  }
  rule.role = colon == std::string::npos ? roles.front() : text.substr(colon + 1);
  if (std::find(roles.begin(), roles.end(), rule.role) == roles.end()) {
    throw InputError(fmt::format("--metric: {}", unknown_name("role of " + rule.metric, rule.role, roles)));
  }
}

}  // namespace

Bands equivalence_bands(const ExperimentOptions& options) {
  Bands bands;
  bool told_all = false;
  for (const std::string& text : options.equivalence) {
    const std::size_t equals = text.find('=');
    if (equals == std::string::npos) {
      const std::optional<double> part = share(text);
      if (!part) {
        throw InputError(
            fmt::format("--equivalence: found {}; allowed: a share of what the first policy has, such "
                        "as 5%, or METRIC=5%, or METRIC=100us",
                        in_quotes(text, 40)));
      }
      if (std::exchange(told_all, true))
        throw InputError("--equivalence: found two shares for all metrics; allowed: one");
      bands.all = Band{*part, true};
      continue;
    }
    const MetricInfo& metric = metric_named("--equivalence", text.substr(0, equals));
    const std::string size = text.substr(equals + 1);
    const std::optional<double> part = share(size);
    const Band band = part ? Band{*part, true} : size_of(metric, size);
    if (!bands.named.try_emplace(std::string{metric.name}, band).second)
      throw InputError(fmt::format("--equivalence: found {} more than once; allowed: once", metric.name));
  }
  return bands;
}

std::optional<PrecisionRule> precision_rule(const ExperimentOptions& options) {
  if (!options.until_half_width) {
    if (options.metric) throw InputError("--metric: found without --until-half-width; allowed: beside it");
    return std::nullopt;
  }
  PrecisionRule rule;
  const std::optional<double> part = share(*options.until_half_width);
  if (!part || *part <= 0.0 || *part >= 1.0) {
    throw InputError(
        fmt::format("--until-half-width: found {}; allowed: more than 0% and less than 100%, such as 5%",
                    in_quotes(*options.until_half_width, 40)));
  }
  rule.half_width = *part;
  rule.round = options.reps > 1 ? options.reps : 10;
  rule.most = options.max_reps;
  if (rule.most < rule.round) {
    throw InputError(fmt::format("--max-reps: {} is less than a round of {} (--reps)", rule.most, rule.round));
  }
  set_metric(options.metric.value_or("downtime_ns"), rule);
  return rule;
}

std::optional<ForkRequest> fork_request(const ExperimentOptions& options, const std::vector<CompareSide>& sides,
                                        Duration measure_from) {
  if (!options.fork) return std::nullopt;
  if (options.vary == Vary::kernel) {
    throw InputError(
        "--fork: found with --vary kernel; a machine cannot change its kernel while it runs; allowed: with "
        "policies");
  }
  std::size_t evictions = 0;
  if (options.fork_sample != "all") {
    const std::string& text = options.fork_sample;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), evictions);
    if (error != std::errc{} || end != text.data() + text.size() || evictions == 0) {
      throw InputError(
          fmt::format("--fork-sample: found {}; allowed: a whole number from 1, or all", in_quotes(text, 40)));
    }
  }
  return ForkRequest{sides, evictions, quantity_of("--fork-window", parse_duration(options.fork_window)),
                     measure_from, interrupt_flag()};
}

}  // namespace userqsim
