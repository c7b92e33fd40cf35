// A file that appears whole or not at all: it is written beside its place under a temporary name and renamed once.
// Errors throw OutputError.
#pragma once

#include <filesystem>
#include <string_view>

#include "results/record/csv.hpp"

namespace userqsim {

class WholeFile {
 public:
  // Begins the temporary file, so that a path nobody can write to is told of before a long run. A file that is
  // there is an error unless `force`, and anything else but a file always; both stay as they are until publish().
  // Where the path is a symbolic link, its target is meant.
  WholeFile(const std::filesystem::path& path, bool force);
  // Removes what was not published.
  ~WholeFile();
  WholeFile(const WholeFile&) = delete;
  WholeFile& operator=(const WholeFile&) = delete;

  void write(std::string_view text) { file_.write(text); }
  // Call once, when everything is written.
  void publish();

 private:
  std::filesystem::path path_;
  std::filesystem::path partial_;
  bool force_;
  OutputFile file_;
  bool published_ = false;
};

}  // namespace userqsim
