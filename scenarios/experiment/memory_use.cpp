#include "scenarios/experiment/memory_use.hpp"

#include <sys/resource.h>

#include <cstdint>

namespace userqsim {

Bytes most_memory_in_use() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return Bytes{std::int64_t{usage.ru_maxrss} * 1024};
}

}  // namespace userqsim
