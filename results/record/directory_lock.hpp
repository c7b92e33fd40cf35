// Who may write into a directory: a marker file in it that its writer keeps locked. The lock ends with the process,
// however it ends, so a marker that nobody holds tells a left-over.
#pragma once

#include <filesystem>

namespace userqsim {

class DirectoryLock {
 public:
  // The marker's name within the directory.
  static constexpr const char* marker = ".userqsim-partial";

  // Makes the directory and its marker where they are missing, and locks the marker. Throws OutputError when
  // another holds it, or they cannot be made.
  explicit DirectoryLock(const std::filesystem::path& directory);
  ~DirectoryLock();
  DirectoryLock(const DirectoryLock&) = delete;
  DirectoryLock& operator=(const DirectoryLock&) = delete;

  // Whether the marker in `directory` is still the one that is held: false when somebody removed or replaced it.
  bool holds(const std::filesystem::path& directory) const;

 private:
  int file_ = -1;
};

}  // namespace userqsim
