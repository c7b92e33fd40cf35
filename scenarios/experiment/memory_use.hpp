// How much memory the program has had at most.
#pragma once

#include "sim/core/bytes.hpp"

namespace userqsim {

// The peak of its resident set (getrusage), in steps of a page. Never falls.
Bytes most_memory_in_use();

}  // namespace userqsim
