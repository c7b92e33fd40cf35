// Counts the allocations of a program that is linked with it: it replaces operator new.
#pragma once

#include <cstdint>

namespace userqsim {

// Since the program began, of all threads.
std::uint64_t allocations();
// What of them is held now, as the allocator rounds it.
std::int64_t live_bytes();

}  // namespace userqsim
