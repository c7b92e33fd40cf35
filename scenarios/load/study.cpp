#include "scenarios/load/study.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <set>
#include <system_error>
#include <utility>

#include "models/policy/policies.hpp"
#include "results/record/metrics.hpp"
#include "scenarios/load/document.hpp"
#include "scenarios/load/input_hash.hpp"
#include "scenarios/load/profile_store.hpp"
#include "scenarios/load/reader.hpp"
#include "scenarios/load/schema.hpp"
#include "scenarios/load/study_points.hpp"
#include "scenarios/load/writer.hpp"

namespace userqsim {

struct Study::Parts {
  StudyDocument document;
  Place root;
  ScenarioSource source;
  std::string profiles_dir;
  std::vector<Change> fixed;  // `set` and the seed
  std::vector<std::string> places;
  std::unique_ptr<StudyPoints> points;
};

namespace {

void require_study_format(const Json& json, const Place& root) {
  if (!json.is_object()) root.fail("expected an object, found " + shown(json));
  const auto found = json.find("format");
  if (found == json.end()) {
    fail_missing(root, "format", fmt::format("version of this format: {}", in_quotes(study_format)));
  }
  std::string format;
  read_leaf(*found, root.at("format"), {}, format);
  if (format == study_format) return;
  root.at("format").fail(fmt::format("expected {}, found {}{}", in_quotes(study_format), in_quotes(format, 80),
                                     format == scenario_format ? "; a scenario is for run and compare" : ""));
}

void check_name(const std::string& name, const Place& place) {
  const auto allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' ||
           c == '-';
  };
  if (!name.empty() && name.front() != '.' && name.size() <= 100 &&
      std::all_of(name.begin(), name.end(), allowed)) {
    return;
  }
  place.fail(
      fmt::format("{} cannot name a directory; allowed: 1 to 100 of A-Z a-z 0-9 . _ -, not starting with \".\"",
                  in_quotes(name, 100)));
}

void check_metrics(const std::vector<std::string>& metrics, const Place& place) {
  std::vector<std::string> known;
  for (const MetricInfo& metric : metric_catalogue()) known.emplace_back(metric.name);
  for (std::size_t i = 0; i < metrics.size(); ++i) {
    if (std::find(known.begin(), known.end(), metrics[i]) != known.end()) continue;
    place.at(i).fail(unknown_name("metric", metrics[i], known));
  }
}

template <class Names>
void require_distinct(const Names& names, const Place& place) {
  std::set<std::string> told;
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (!told.insert(names[i]).second)
      place.at(i).fail(fmt::format("{} stands here twice", in_quotes(names[i], 80)));
  }
}

std::string native_policy(const std::string& kernel, const std::string& profiles_dir, const Place& place) {
  return read_kernel(ProfileStore(profiles_dir).find("kernels", kernel, place)).native_policy;
}

std::vector<StudySide> sides_of(const StudyDocument& study, const std::string& profiles_dir, const Place& root) {
  require_distinct(study.policies, root.at("policies"));
  require_distinct(study.kernels, root.at("kernels"));
  for (std::size_t i = 0; i < study.policies.size(); ++i) {
    if (find_policy(study.policies[i]) != nullptr) continue;
    root.at("policies").at(i).fail(unknown_name("policy", study.policies[i], policy_names()));
  }
  std::vector<StudySide> sides;
  for (const std::string& policy : study.policies) {
    if (study.kernels.empty()) sides.push_back({policy, std::nullopt, policy});
    for (const std::string& kernel : study.kernels) {
      sides.push_back({fmt::format("{}:{}", kernel, policy), kernel, policy});
    }
  }
  for (std::size_t i = 0; study.policies.empty() && i < study.kernels.size(); ++i) {
    const std::string native = native_policy(study.kernels[i], profiles_dir, root.at("kernels").at(i));
    sides.push_back({fmt::format("{}:{}", study.kernels[i], native), study.kernels[i], std::nullopt});
  }
  if (sides.empty()) sides.push_back({});
  std::sort(sides.begin(), sides.end(), [](const StudySide& a, const StudySide& b) { return a.key < b.key; });
  return sides;
}

// Every profile of a directory counts: a factor may name any of them. The embedded ones are the program's.
void add_profiles(const std::string& directory, InputHash& hash) {
  if (directory.empty()) return;
  const ProfileStore store(directory);
  for (const char* kind : {"devices", "kernels", "costs"}) {
    for (const ProfileFile& file : store.list(kind)) {
      hash.add(file.name);
      hash.add(file.text);
    }
  }
}

ScenarioSource scenario_of(const StudyDocument& study, const std::string& path, const Place& place) {
  if (study.scenario.empty() || study.scenario == "-" || study.scenario.find('\0') != std::string::npos) {
    place.fail("expected the name of a file or of a scenario in the library, found " +
               in_quotes(study.scenario, 80));
  }
  const std::filesystem::path folder =
      path == "-" ? std::filesystem::path{} : std::filesystem::path(path).parent_path();
  const std::filesystem::path file = folder / study.scenario;
  std::error_code error;
  return read_scenario(std::filesystem::exists(file, error) ? file.string() : study.scenario);
}

}  // namespace

Study::Study() : parts_(std::make_unique<Parts>()) {}
Study::Study(Study&&) noexcept = default;
Study::~Study() = default;

std::uint64_t Study::points() const { return parts_->points->size(); }
const std::vector<std::string>& Study::columns() const { return parts_->points->columns(); }

StudyRun Study::run_at(std::uint64_t run) const {
  const std::uint64_t of_point = sides.size() * replications;
  const std::uint64_t within = run % of_point;
  return {run / of_point, static_cast<std::size_t>(within / replications),
          static_cast<std::uint32_t>(within % replications)};
}

std::vector<std::string> Study::values(std::uint64_t point) const {
  std::vector<std::string> texts;
  for (const Level& level : parts_->points->at(point)) texts.push_back(level.csv());
  return texts;
}

std::string Study::point_text(std::uint64_t point) const {
  std::string text;
  const std::vector<std::string> texts = values(point);
  for (std::size_t f = 0; f < texts.size(); ++f) {
    text += fmt::format("{}{}={}", f == 0 ? "" : ", ", columns()[f], printable(texts[f], 80));
  }
  return fmt::format("point {} ({})", point, text);
}

LoadedScenario Study::load(std::uint64_t point, std::size_t side) const {
  const Parts& parts = *parts_;
  const StudySide& under = sides[side];
  LoadOptions options{.profiles_dir = parts.profiles_dir, .native_kernel = under.kernel, .changes = parts.fixed};
  const std::vector<Level> levels = parts.points->at(point);
  for (std::size_t f = 0; f < levels.size(); ++f) {
    options.changes.push_back({parts.places[f], parts.document.factors[f].pointer, levels[f].json.dump()});
  }
  if (under.policy) options.changes.push_back({parts.root.file, "/policy", Json(*under.policy).dump()});
  try {
    return load_scenario(parts.source, options);
  } catch (const InputError& error) {
    throw InputError(fmt::format("{}: {}: {}", parts.root.file, point_text(point), error.what()));
  }
}

Study load_study(const std::string& path, const std::string& profiles_dir) {
  Study study;
  Study::Parts& parts = *study.parts_;
  const std::string text = read_input(path);
  parts.root = Place{path == "-" ? "standard input" : path, {}};
  const Json json = parse_json(text, parts.root.file);
  require_study_format(json, parts.root);
  StudyDocument& document = parts.document;
  read_document(json, parts.root, document);
  check_name(document.name, parts.root.at("name"));
  check_metrics(document.metrics, parts.root.at("metrics"));
  require_distinct(document.metrics, parts.root.at("metrics"));
  parts.profiles_dir = profiles_dir;
  parts.source = scenario_of(document, path, parts.root.at("scenario"));
  for (auto& [pointer, value] : document.set) {
    parts.fixed.push_back(
        {fmt::format("{}: {}", parts.root.file, parts.root.at("set").pointer), pointer, value.json.dump()});
  }
  if (document.seed) parts.fixed.push_back({parts.root.file, "/seed", Json(*document.seed).dump()});
  for (std::size_t f = 0; f < document.factors.size(); ++f) {
    parts.places.push_back(fmt::format("/factors/{}", f));
  }
  study.file = path;
  study.name = document.name;
  study.question = document.question;
  study.design = name_of(document.design);
  study.replications = document.replications;
  study.metrics = document.metrics;
  study.sides = sides_of(document, profiles_dir, parts.root);

  InputHash hash;
  hash.add(text);
  add_profiles(profiles_dir, hash);
  for (std::size_t side = study.sides.size(); side-- > 0;) {  // the first remains
    const StudySide& under = study.sides[side];
    LoadOptions options{.profiles_dir = profiles_dir, .native_kernel = under.kernel, .changes = parts.fixed};
    if (under.policy) options.changes.push_back({parts.root.file, "/policy", Json(*under.policy).dump()});
    study.base = load_scenario(parts.source, options);
    hash.add(study.base.input_hash);
    if (under.kernel && study.base.machine->kernel.name != *under.kernel) {
      throw InputError(
          fmt::format("{}: the overrides name the kernel, so that kernels cannot be compared; take "
                      "/overrides/kernel/name out",
                      parts.source.file));
    }
  }
  if (study.base.scenario.order) {
    Place{parts.source.file, {}}.at("order").fail(
        "an order has no times, and a run by the clock does not follow it; take it out");
  }
  if (study.base.scenario.warm_up != WarmUp::none) {
    Place{parts.source.file, {}}.at("warm_up").fail(fmt::format(
        "found {}: a study measures from one time at all points; allowed: measure_from in its place (run "
        "finds one: measure_from_ns in its manifest)",
        name_of(study.base.scenario.warm_up)));
  }
  if (study.sides.front().key.empty()) study.sides.front().key = study.base.machine->policy;
  study.input_hash = hash.hexadecimal();
  parts.points = std::make_unique<StudyPoints>(document, study.base.machine->seed, parts.root);
  study.resolved_json = json_of_value(document).dump(2) + "\n";
  return study;
}

std::string study_schema() {
  StudyDocument document;
  Json body = schema_of(Fill::complete, {}, document);
  Json& properties = body["properties"];
  properties["format"]["const"] = std::string(study_format);
  properties["name"]["pattern"] = std::string(scenario_name_pattern);
  properties["policies"]["items"]["enum"] = policy_names();
  const auto one_of = [](const std::vector<std::string>& keys) {
    Json choices = Json::array();
    for (const std::string& key : keys) choices.push_back({{"required", Json::array({key})}});
    return choices;
  };
  Json& factor = properties["factors"]["items"];
  factor["properties"]["name"]["pattern"] = std::string(factor_name_pattern);
  factor["oneOf"] = one_of({"values", "range", "log_range"});
  properties["constraints"]["items"]["oneOf"] = one_of({"other", "value"});
  properties["factors"]["minItems"] = 1;
  for (const MetricInfo& metric : metric_catalogue()) {
    properties["metrics"]["items"]["enum"].push_back(std::string(metric.name));
  }
  Json schema = {{"$schema", "http://json-schema.org/draft-07/schema#"}, {"title", std::string(study_format)}};
  schema.update(body);
  return schema.dump(2) + "\n";
}

}  // namespace userqsim
