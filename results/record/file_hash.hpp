// XXH3-128 over bytes, the hash that manifests give for each file.
#pragma once

#include <memory>
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

}  // namespace userqsim
