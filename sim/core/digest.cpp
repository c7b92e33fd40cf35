#define XXH_INLINE_ALL
#include "sim/core/digest.hpp"

#include <xxhash.h>

namespace userqsim {

std::uint64_t Digest::hash_of(std::span<const std::uint64_t> words) {
  return XXH3_64bits(words.data(), words.size_bytes());
}

}  // namespace userqsim
