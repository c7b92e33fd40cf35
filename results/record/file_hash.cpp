#include "results/record/file_hash.hpp"

#include <fmt/format.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <cerrno>
#include <fstream>
#include <system_error>

#include "results/record/output_error.hpp"
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

std::optional<FileContent> content_of(const std::filesystem::path& path) {
  std::error_code error;
  if (!std::filesystem::is_regular_file(path, error)) return std::nullopt;
  errno = 0;
  std::ifstream in(path, std::ios::binary);
  if (!in) throw output_error("read", path.string(), errno == 0 ? EIO : errno);
  FileHash hash;
  FileContent content;
  std::string block(std::size_t{1} << 16U, '\0');
  while (in.read(block.data(), static_cast<std::streamsize>(block.size())), in.gcount() > 0) {
    const auto count = static_cast<std::size_t>(in.gcount());
    hash.add(std::string_view(block).substr(0, count));
    content.bytes += count;
  }
  if (in.bad()) throw output_error("read", path.string(), EIO);
  content.xxh3_128 = hash.hexadecimal();
  return content;
}

}  // namespace userqsim
