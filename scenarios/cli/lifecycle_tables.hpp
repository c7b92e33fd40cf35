// A release's lifecycle tables as Markdown, as docs/lifecycle.md shows them.
#pragma once

#include <string>

#include "models/lifecycle/lifecycle.hpp"

namespace userqsim {

// Its helpers, its operations, how it walks the device, and its sinks.
std::string lifecycle_tables(const Lifecycle& release);

}  // namespace userqsim
