// The scenarios of the library as they were at build time; `run NAME` finds them from anywhere.
#pragma once

#include <span>

#include "models/profiles/embedded.hpp"

namespace userqsim {

// Sorted by name; the kind is "library".
std::span<const EmbeddedFile> embedded_scenarios();

}  // namespace userqsim
