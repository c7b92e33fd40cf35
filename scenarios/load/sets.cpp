#include "scenarios/load/sets.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <vector>

#include "scenarios/load/place.hpp"
#include "scenarios/load/scenario.hpp"

namespace userqsim {
namespace {

// "/a~1b/0" as {"a/b", "0"}.
std::vector<std::string> keys_of(std::string_view pointer, const Place& place) {
  std::vector<std::string> keys;
  for (std::size_t i = 0; i < pointer.size(); ++i) {
    if (pointer[i] == '/') {
      keys.emplace_back();
    } else if (pointer[i] != '~') {
      keys.back() += pointer[i];
    } else if (i + 1 < pointer.size() && (pointer[i + 1] == '0' || pointer[i + 1] == '1')) {
      keys.back() += pointer[++i] == '0' ? '~' : '/';
    } else {
      place.fail(R"(in a JSON pointer "~" is written "~0", and "/" in a key "~1")");
    }
  }
  return keys;
}

Json& element(Json& array, const std::string& key, const Place& place) {
  std::size_t index = 0;
  const auto [end, error] = std::from_chars(key.data(), key.data() + key.size(), index);
  const bool canonical = key == "0" || (!key.empty() && key.front() != '0');
  if (error != std::errc{} || end != key.data() + key.size() || !canonical) {
    place.fail(fmt::format("{} is not an index of an array", in_quotes(key, 80)));
  }
  if (index >= array.size()) place.fail(fmt::format("the array has {} elements, counted from 0", array.size()));
  return array[index];
}

// JSON where it parses, text otherwise. What is text stays text: a kernel named 6.18 is not a number.
Json value_of(const std::string& text, const Json& before) {
  try {
    Json value = parse_json(text, "--set");
    const bool scalar = value.is_number() || value.is_boolean() || value.is_null();
    return before.is_string() && scalar ? Json(text) : value;
  } catch (const InputError&) {
    return text;
  }
}

// Where `pointer` leads in the document; what is missing of objects on the way is created.
Json& node_at(Json& document, std::string_view pointer, const Place& whole) {
  Json* node = &document;
  Place place = whole;
  const std::vector<std::string> keys = keys_of(pointer, whole);
  if (keys.size() > json_depth_max) whole.fail(fmt::format("nested deeper than {} levels", json_depth_max));
  for (const std::string& key : keys) {
    place = place.at(key);
    if (node->is_array()) {
      node = &element(*node, key, place);
    } else if (node->is_object() || node->is_null()) {
      node = &(*node)[key];  // created when absent, as null until it gets a key or the value
    } else {
      place.fail(fmt::format("there is {} here, which has no members", shown(*node)));
    }
  }
  return *node;
}

}  // namespace

void apply_set(Json& document, const std::string& set) {
  const std::size_t equals = set.find('=');
  const Place whole{"--set " + in_quotes(set, 120), {}};
  if (equals == std::string::npos || equals < 2 || set.front() != '/') {
    whole.fail(R"(expected /json/pointer=value, such as /horizon=5s)");
  }
  Json& node = node_at(document, std::string_view(set).substr(0, equals), whole);
  node = value_of(set.substr(equals + 1), node);
}

void apply_change(Json& document, const Change& change) {
  const Place whole{change.where, {}};
  if (change.pointer.size() < 2 || change.pointer.front() != '/') {
    whole.fail(fmt::format("expected a JSON pointer such as /horizon, found {}", in_quotes(change.pointer, 120)));
  }
  node_at(document, change.pointer, whole) = parse_json(change.json, change.where);
}

}  // namespace userqsim
