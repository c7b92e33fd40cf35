// XXH3-128 over bytes, the hash that manifests give for each file.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace userqsim {

class FileHash {
 public:
  FileHash();
  ~FileHash();
  FileHash(const FileHash&) = delete;
  FileHash& operator=(const FileHash&) = delete;

  void add(std::string_view bytes);
  // The canonical text, 32 hexadecimal digits, as `xxhsum -H2` prints it.
  std::string hexadecimal() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

struct FileContent {
  std::uint64_t bytes = 0;
  std::string xxh3_128;
};

// What a file holds now; nothing where there is no file of this name. Throws OutputError where it cannot be read.
std::optional<FileContent> content_of(const std::filesystem::path& path);

}  // namespace userqsim
