#include "scenarios/load/input_hash.hpp"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <fmt/format.h>

namespace userqsim {

struct InputHash::State {
  XXH3_state_t xxh;
};

InputHash::InputHash() : state_(std::make_unique<State>()) { XXH3_128bits_reset(&state_->xxh); }
InputHash::~InputHash() = default;

void InputHash::add(std::string_view part) {
  // The length first, so that ("ab", "c") and ("a", "bc") differ.
  const std::string length = fmt::format("{}:", part.size());
  XXH3_128bits_update(&state_->xxh, length.data(), length.size());
  XXH3_128bits_update(&state_->xxh, part.data(), part.size());
}

std::string InputHash::hex() const {
  const XXH128_hash_t hash = XXH3_128bits_digest(&state_->xxh);
  return fmt::format("{:016x}{:016x}", hash.high64, hash.low64);
}

}  // namespace userqsim
