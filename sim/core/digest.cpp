#define XXH_INLINE_ALL
#include "sim/core/digest.hpp"

#include <xxhash.h>

#include <array>

namespace userqsim {

void Digest::fold_word(std::uint64_t word) {
  // Little-endian by construction, so the digest is the same on any byte order.
  std::array<unsigned char, 8> bytes{};
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<unsigned char>(word >> (8 * i));
  value_ = XXH64(bytes.data(), bytes.size(), value_);
}

}  // namespace userqsim
