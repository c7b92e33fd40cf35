#include "scenarios/load/schema.hpp"

#include "models/policy/policies.hpp"
#include "models/profiles/cost_limits.hpp"
#include "scenarios/load/document.hpp"
#include "scenarios/load/scenario.hpp"

namespace userqsim {
namespace {

Json text_pattern(const char* pattern, const char* description) {
  return {{"type", "string"}, {"pattern", pattern}, {"description", description}};
}

Json closed_object(Json&& properties, Json&& required) {
  properties["$schema"] = Json::object();
  return {{"type", "object"},
          {"properties", std::move(properties)},
          {"patternProperties", {{"^x-", Json::object()}}},
          {"additionalProperties", false},
          {"required", std::move(required)}};
}

}  // namespace

Json reference_to(std::string_view name) { return {{"$ref", "#/definitions/" + std::string(name)}}; }

Json schema_of_whole_number(std::int64_t least, std::int64_t most) {
  return {{"type", "integer"}, {"minimum", least}, {"maximum", most}};
}

Json leaf_definitions() {
  const Json time = reference_to("time");
  const Json values = {{"type", "array"}, {"items", time}, {"minItems", 1}};
  const Json sigma = {{"type", "number"}, {"minimum", 0}, {"maximum", sigma_most}};
  const Json share = {{"type", "number"}, {"minimum", 0}, {"maximum", 1}};
  const auto dist = [](const char* name) { return Json{{"const", name}}; };
  const Json choices = Json::array(
      {time, closed_object({{"dist", dist("exponential")}, {"mean", time}}, {"dist", "mean"}),
       closed_object({{"dist", dist("lognormal")}, {"mean", time}, {"sigma", sigma}}, {"dist", "mean", "sigma"}),
       closed_object({{"dist", dist("empirical")}, {"values", values}}, {"dist", "values"}),
       closed_object(
           {{"dist", dist("hyperexponential")}, {"shorter", time}, {"longer", time}, {"longer_share", share}},
           {"dist", "shorter", "longer", "longer_share"})});
  return {
      {"time", text_pattern(R"(^[0-9]+(\.[0-9]+)?(ns|us|ms|s|min|h)$)", "A time with its unit, such as 16.667ms")},
      {"size",
       text_pattern(R"(^[0-9]+(\.[0-9]+)?(B|KiB|MiB|GiB|TiB|kB|MB|GB|TB)$)", "A size with its unit, such as 9GiB")},
      {"rate", text_pattern(R"(^[0-9]+(\.[0-9]+)?(B|KiB|MiB|GiB|TiB|kB|MB|GB|TB)/s$)",
                            "A size a second, such as 28.41GB/s")},
      {"distribution", {{"description", "A constant time, or a distribution of times"}, {"oneOf", choices}}}};
}

void SchemaWriter::graph_or_single_job(std::string_view key, std::vector<JobSpec>& jobs, std::string_view doc) {
  Json& graph = add(key, schema_of(Fill::complete, {}, jobs), doc);
  graph["minItems"] = 1;
  JobSpec job;
  SchemaWriter body(Fill::complete);
  describe_job_body(body, job);
  Json no_body = Json::array();
  for (const auto& [field, schema] : body.properties_.items()) {
    properties_[field] = schema;
    no_body.push_back({{"required", Json::array({field})}});
  }
  const Json graph_key = Json::array({std::string(key)});
  choices_.push_back({{"required", graph_key}, {"not", {{"anyOf", std::move(no_body)}}}});
  choices_.push_back({{"required", body.required_}, {"not", {{"required", graph_key}}}});
}

Json& SchemaWriter::add(std::string_view key, Json&& schema, std::string_view doc) {
  // Beside "$ref" a draft-07 validator ignores everything, so a reference is wrapped.
  Json field = {{"description", std::string(doc)}};
  if (schema.contains("$ref")) {
    field["allOf"] = Json::array({std::move(schema)});
  } else {
    for (auto& [name, value] : schema.items()) {
      if (name != "description") field[name] = std::move(value);
    }
  }
  return properties_[std::string(key)] = std::move(field);
}

Json SchemaWriter::take() && {
  if (!whole_.is_null()) return std::move(whole_);
  Json object = closed_object(std::move(properties_), std::move(required_));
  if (object["required"].empty()) object.erase("required");
  if (!choices_.empty()) object["oneOf"] = std::move(choices_);
  return object;
}

std::string scenario_schema() {
  ScenarioDocument document;
  Json body = schema_of(Fill::complete, {}, document);
  Json& properties = body["properties"];
  properties["format"]["const"] = std::string(scenario_format);
  properties["name"]["pattern"] = std::string(scenario_name_pattern);
  properties["policy"]["enum"] = policy_names();
  Json schema = {{"$schema", "http://json-schema.org/draft-07/schema#"}, {"title", std::string(scenario_format)}};
  schema.update(body);
  schema["definitions"] = leaf_definitions();
  return schema.dump(2) + "\n";
}

}  // namespace userqsim
