// Members of JSON objects that others wrote and that may hold more than is asked for. Throws InputError where one
// is missing or of another type.
#pragma once

#include <string>
#include <string_view>

#include "scenarios/load/json_text.hpp"
#include "scenarios/load/place.hpp"

namespace userqsim {

struct Member {
  const Json& value;
  Place place;
};

// The member `key` of an object; `doc` says what it is, should it be missing.
Member member(const Json& object, const Place& place, const char* key, std::string_view doc);
// The same, which is a text.
std::string text_of(const Json& object, const Place& place, const char* key, std::string_view doc);
// A text of 16 hexadecimal digits.
std::uint64_t digest_of(const Json& object, const Place& place);

}  // namespace userqsim
