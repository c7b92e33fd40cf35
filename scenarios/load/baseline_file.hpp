// Reads a baseline of `check`, strictly.
#pragma once

#include <string>
#include <string_view>

#include "results/check/baseline.hpp"

namespace userqsim {

// `file` is for messages. Throws InputError.
Baseline parse_baseline(std::string_view text, const std::string& file);

}  // namespace userqsim
