#include "results/record/file_hash.hpp"

#include <fmt/format.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "sim/core/ensure.hpp"

namespace userqsim {

struct FileHash::State {
  XXH3_state_t xxh;
};

FileHash::FileHash() : state_(std::make_unique<State>()) {
  ensure(XXH3_128bits_reset(&state_->xxh) == XXH_OK, "the hash starts");
}

FileHash::~FileHash() = default;

void FileHash::add(std::string_view bytes) {
  ensure(XXH3_128bits_update(&state_->xxh, bytes.data(), bytes.size()) == XXH_OK, "the hash takes bytes");
}

std::string FileHash::hexadecimal() const {
  const XXH128_hash_t digest = XXH3_128bits_digest(&state_->xxh);
  return fmt::format("{:016x}{:016x}", digest.high64, digest.low64);
}

}  // namespace userqsim
