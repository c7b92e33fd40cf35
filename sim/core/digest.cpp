#define XXH_INLINE_ALL
#include "sim/core/digest.hpp"

#include <xxhash.h>

#include <bit>

namespace userqsim {

std::uint64_t Digest::hash_of(const std::vector<std::uint64_t>& words) {
  return XXH3_64bits(words.data(), words.size() * sizeof(std::uint64_t));
}

void Digest::mix(std::uint64_t word) {
  // As little-endian bytes, so that the digest is the same on any byte order. Written byte by byte g++ 12 stores
  // them one by one, and half of what a state's hash takes is waiting for them.
  if constexpr (std::endian::native == std::endian::big) word = __builtin_bswap64(word);
  value_ = XXH64(&word, sizeof word, value_);
}

}  // namespace userqsim
