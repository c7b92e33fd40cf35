// A place in the user's input, for error messages: which file, and the JSON pointer of the value in it.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace userqsim {

struct Place {
  std::string file;     // as the user knows it
  std::string pointer;  // RFC 6901, control characters escaped and long keys cut; empty for the whole document

  Place at(std::string_view key) const;
  Place at(std::size_t index) const;
  // Throws InputError: "file: pointer: message".
  [[noreturn]] void fail(std::string_view message) const;
};

// `unknown key "priorty"; did you mean "priority"? allowed: name, type`, for any noun in place of "key".
std::string unknown_name(std::string_view noun, std::string_view found, const std::vector<std::string>& allowed);

// "a, b, c".
std::string joined(const std::vector<std::string>& words);

// `text` with control characters, quotes and backslashes as JSON writes them. Longer than `most` bytes: cut, with
// "..." at the end.
std::string printable(std::string_view text, std::size_t most = std::string_view::npos);

// `text` in double quotes as a JSON string, cut likewise.
std::string in_quotes(std::string_view text, std::size_t most = std::string_view::npos);

}  // namespace userqsim
