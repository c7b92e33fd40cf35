#include "scenarios/load/reader.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>
#include <variant>

#include "sim/config/units.hpp"

namespace userqsim {
namespace {

constexpr std::string_view time_form = R"(a time as text, such as "16.667ms" (units ns, us, ms, s, min, h))";
constexpr std::string_view size_form =
    R"(a size as text, such as "9GiB" (units B, KiB, MiB, GiB, TiB, kB, MB, GB, TB))";
constexpr std::string_view rate_form = R"(a rate as text, such as "28.41GB/s")";

[[noreturn]] void fail_type(const Json& value, const Place& place, std::string_view expected) {
  place.fail(fmt::format("expected {}, found {}", expected, shown(value)));
}

const std::string& require_text(const Json& value, const Place& place, std::string_view expected) {
  if (!value.is_string()) fail_type(value, place, expected);
  return value.get_ref<const std::string&>();
}

template <class T>
T require_parsed(Parsed<T> parsed, const Place& place) {
  if (const auto* problem = std::get_if<std::string>(&parsed)) place.fail(*problem);
  return std::get<T>(parsed);
}

// `text` turns a bound into what people write.
template <class Text>
void require_within(std::int64_t value, const Limits& limits, const Place& place, Text text) {
  if (value >= limits.least && value <= limits.most) return;
  const bool bounded = limits.most != Limits{}.most;
  place.fail(bounded ? fmt::format("{} is out of range; allowed: {} to {}", text(value), text(limits.least),
                                   text(limits.most))
                     : fmt::format("{} is too small; allowed: {} or more", text(value), text(limits.least)));
}

Duration read_time(const Json& value, const Place& place, const Limits& limits) {
  const Duration time = require_parsed(parse_duration(require_text(value, place, time_form)), place);
  require_within(time.count(), limits, place, [](std::int64_t ns) { return to_text(Duration{ns}); });
  return time;
}

// The value of `key` in a distribution's object.
const Json& required_value(const Json& object, const Place& place, const char* key, std::string_view doc) {
  const auto found = object.find(key);
  if (found == object.end()) fail_missing(place, key, doc);
  return *found;
}

Distribution read_distribution(const Json& value, const Place& place, const Limits& limits) {
  const std::vector<std::string> kinds{"exponential", "lognormal", "empirical", "hyperexponential"};
  const auto time = [&](const char* key, std::string_view doc) {
    return read_time(required_value(value, place, key, doc), place.at(key), limits);
  };
  switch (
      require_name(required_value(value, place, "dist", "exponential, lognormal, empirical or hyperexponential"),
                   place.at("dist"), kinds)) {
    case 0:
      require_keys(value, place, {"dist", "mean"});
      return ExponentialDuration{time("mean", "its mean")};
    case 1: {
      require_keys(value, place, {"dist", "mean", "sigma"});
      LognormalDuration lognormal{.mean = time("mean", "its own mean, not its logarithm's")};
      read_leaf(required_value(value, place, "sigma", "standard deviation of the logarithm"), place.at("sigma"), {},
                lognormal.sigma);
      return lognormal;
    }
    case 3: {
      require_keys(value, place, {"dist", "shorter", "longer", "longer_share"});
      HyperexponentialDuration hyper{.shorter = time("shorter", "one mean"), .longer = time("longer", "the other")};
      read_leaf(required_value(value, place, "longer_share", "share of those with the mean longer"),
                place.at("longer_share"), {}, hyper.longer_share);
      return hyper;
    }
    default: {
      require_keys(value, place, {"dist", "values"});
      EmpiricalDuration empirical;
      read_leaf(required_value(value, place, "values", "times, each equally likely"), place.at("values"), limits,
                empirical.values);
      return empirical;
    }
  }
}

}  // namespace

bool is_ignored_key(std::string_view key) { return key == "$schema" || key.substr(0, 2) == "x-"; }

void require_keys(const Json& value, const Place& place, const std::vector<std::string>& allowed) {
  if (!value.is_object()) fail_type(value, place, "an object");
  for (const auto& [key, ignored] : value.items()) {
    if (is_ignored_key(key) || std::find(allowed.begin(), allowed.end(), key) != allowed.end()) continue;
    place.at(key).fail(unknown_name("key", key, allowed));
  }
}

void require_array(const Json& value, const Place& place) {
  if (!value.is_array()) fail_type(value, place, "an array");
}

void fail_missing(const Place& place, std::string_view key, std::string_view doc) {
  place.fail(fmt::format("the key {} is missing ({})", in_quotes(key), doc));
}

std::string require_one_key(const Json& value, const Place& place, const std::vector<std::string>& allowed) {
  std::vector<std::string> held;
  for (const std::string& key : allowed) {
    if (value.contains(key)) held.push_back(key);
  }
  if (held.size() == 1) return held.front();
  place.fail(
      fmt::format("expected exactly one of {}; found {}", joined(allowed), held.empty() ? "none" : joined(held)));
}

std::size_t require_name(const Json& value, const Place& place, const std::vector<std::string>& names) {
  const std::string& text = require_text(value, place, "one of " + joined(names));
  const auto found = std::find(names.begin(), names.end(), text);
  if (found == names.end()) place.fail(unknown_name("value", text, names));
  return static_cast<std::size_t>(found - names.begin());
}

std::int64_t require_integer(const Json& value, const Place& place, const Limits& limits) {
  if (!value.is_number()) fail_type(value, place, "a whole number");
  std::int64_t integer = 0;
  constexpr double exact = 9007199254740992.0;  // every whole number up to 2^53 is a double
  if (value.is_number_unsigned() &&
      value.get<std::uint64_t>() > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) {
    place.fail(fmt::format("{} is out of range; allowed: {} to {}", value.dump(), limits.least, limits.most));
  } else if (value.is_number_integer()) {
    integer = value.get<std::int64_t>();
  } else if (const double number = value.get<double>(); std::abs(number) <= exact && std::trunc(number) == number) {
    integer = static_cast<std::int64_t>(number);  // 1e3 is a whole number too
  } else {
    fail_type(value, place, fmt::format("a whole number from {} to {}", limits.least, limits.most));
  }
  require_within(integer, limits, place, [](std::int64_t n) { return fmt::format("{}", n); });
  return integer;
}

void read_leaf(const Json& value, const Place& place, const Limits&, bool& out) {
  if (!value.is_boolean()) fail_type(value, place, "true or false");
  out = value.get<bool>();
}

void read_leaf(const Json& value, const Place& place, const Limits&, double& out) {
  if (!value.is_number()) fail_type(value, place, "a number");
  out = value.get<double>();
}

void read_leaf(const Json& value, const Place& place, const Limits&, std::string& out) {
  out = require_text(value, place, "text");
}

void read_leaf(const Json& value, const Place& place, const Limits& limits, Duration& out) {
  out = read_time(value, place, limits);
}

void read_leaf(const Json& value, const Place& place, const Limits& limits, Bytes& out) {
  out = require_parsed(parse_bytes(require_text(value, place, size_form)), place);
  require_within(out.value, limits, place, [](std::int64_t bytes) { return to_text(Bytes{bytes}); });
}

void read_leaf(const Json& value, const Place& place, const Limits& limits, Bandwidth& out) {
  out = require_parsed(parse_bandwidth(require_text(value, place, rate_form)), place);
  require_within(out.bytes_per_second, limits, place, [](std::int64_t rate) { return to_text(Bandwidth{rate}); });
}

void read_leaf(const Json& value, const Place& place, const Limits& limits, Distribution& out) {
  if (value.is_object()) {
    out = read_distribution(value, place, limits);
  } else if (value.is_string()) {
    out = constant(read_time(value, place, limits));
  } else {
    fail_type(value, place, fmt::format(R"({}, or a distribution {{"dist": ...}})", time_form));
  }
}

void ObjectReader::graph_or_single_job(std::string_view key, std::vector<JobSpec>& jobs, std::string_view) {
  KeyCollector body;
  JobSpec job;
  describe_job_body(body, job);
  const bool has_graph = object_.contains(std::string(key));
  for (const std::string& field : body.keys) {
    if (has_graph && object_.contains(field)) {
      place_.at(field).fail(fmt::format("{} beside {}: give either the fields of one job or a graph of jobs",
                                        in_quotes(field), in_quotes(key)));
    }
  }
  if (has_graph) {
    read(key, jobs, {}, fill_);
    if (jobs.empty()) place_.at(key).fail("expected at least one job, found an empty array");
    return;
  }
  if (!object_.contains("work"))
    fail_missing(place_, "work", fmt::format("or {}: jobs with dependencies", in_quotes(key)));
  describe_job_body(*this, job);
  jobs = {job};
}

}  // namespace userqsim
