// JSON text, read strictly: one document, UTF-8, no duplicate keys, no comments, bounded size and depth.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

namespace userqsim {

// Keeps the order of keys as written, so that the first error reported is the first in the file.
using Json = nlohmann::ordered_json;

inline constexpr std::size_t json_size_max = 64U << 20U;
inline constexpr std::size_t json_depth_max = 64;

// All bytes of a file, or of standard input for "-". Throws InputError when it cannot be read, is a directory, or
// is larger than json_size_max.
std::string read_input(const std::string& path);

// How a message says where: in a line of some file the line's number has been said.
enum class Positions : std::uint8_t { in_a_file, in_a_line };

// `file` is only for messages. Throws InputError.
Json parse_json(std::string_view text, const std::string& file, Positions positions = Positions::in_a_file);

// "line 3, column 7" of a byte offset, both from 1; columns count bytes. In a line "column 7".
std::string position_of(std::string_view text, std::size_t offset, Positions positions);

// What stands there, for people: `the text "5"`, `the number 5`, `an object`.
std::string shown(const Json& value);

}  // namespace userqsim
