#define XXH_INLINE_ALL
#include "sim/core/digest.hpp"

#include <xxhash.h>

namespace userqsim {

std::uint64_t Digest::hash_of(std::span<const std::uint64_t> words) {
  return XXH3_64bits(words.data(), words.size_bytes());
}

std::uint64_t Digest::value() const {
  const std::span<const std::uint64_t> rest(block_.data(), filled_);
  if (words_ == nullptr) return hash_of(rest);
  const std::size_t before = words_->size();
  words_->insert(words_->end(), rest.begin(), rest.end());
  const std::uint64_t hash = hash_of(*words_);
  words_->resize(before);
  return hash;
}

void Digest::close_blocks() {
  if (words_ != nullptr) {
    words_->insert(words_->end(), block_.begin(), block_.begin() + filled_);
    filled_ = 0;
    return;
  }
  while (filled_ >= block_words) {
    block_[0] = little_endian(hash_of(std::span(block_).first<block_words>()));
    std::copy(block_.begin() + block_words, block_.begin() + filled_, block_.begin() + 1);
    filled_ -= block_words - 1;
  }
}

}  // namespace userqsim
