#include "scenarios/load/json_member.hpp"

#include <charconv>

#include "scenarios/load/reader.hpp"

namespace userqsim {

Member member(const Json& object, const Place& place, const char* key, std::string_view doc) {
  if (!object.is_object()) place.fail("expected an object, found " + shown(object));
  const auto found = object.find(key);
  if (found == object.end()) fail_missing(place, key, doc);
  return {*found, place.at(key)};
}

std::string text_of(const Json& object, const Place& place, const char* key, std::string_view doc) {
  const Member found = member(object, place, key, doc);
  std::string text;
  read_leaf(found.value, found.place, {}, text);
  return text;
}

std::uint64_t digest_of(const Json& object, const Place& place) {
  const std::string text = text_of(object, place, "digest", "of the facts of the run");
  std::uint64_t digest = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), digest, 16);
  if (text.size() != 16 || error != std::errc{} || end != text.data() + text.size()) {
    place.at("digest").fail("expected 16 hexadecimal digits, found " + in_quotes(text, 80));
  }
  return digest;
}

}  // namespace userqsim
