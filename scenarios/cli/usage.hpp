// What may stand on the command line, and how it is said when something else does: one line that tells what was
// found, what is allowed and the nearest name.
#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace userqsim {

// "a,b" as a and b.
std::vector<std::string> split_at_commas(std::string_view text);

// A value that is one of `allowed`; `noun` is what it is called: "format".
CLI::Validator one_of(const std::string& noun, std::vector<std::string> allowed);

// A whole number in decimal digits, from `least` to `most`.
CLI::Validator whole_number(std::uint64_t least, std::uint64_t most);

// A value that is not empty; `what` it is: "the name of a directory".
CLI::Validator not_empty(const std::string& what);

// The error in one line, after a parse() of `app` that threw it.
std::string usage_message(const CLI::App& app, const CLI::ParseError& error);

}  // namespace userqsim
