// A directory of results that appears whole or not at all: everything is written below OUT.partial, which is
// renamed to OUT once. Errors throw OutputError.
#pragma once

#include <filesystem>
#include <string>

namespace userqsim {

class RunDirectory {
 public:
  // Makes OUT.partial (a left-over of an earlier run of ours is removed). A non-empty OUT is an error unless
  // `force`; it stays as it is until publish().
  RunDirectory(const std::filesystem::path& out, bool force);
  // Removes what was not published.
  ~RunDirectory();
  RunDirectory(const RunDirectory&) = delete;
  RunDirectory& operator=(const RunDirectory&) = delete;

  const std::filesystem::path& partial() const { return partial_; }

  // Renames OUT.partial to OUT; an old OUT is renamed away first and deleted after. Call once, when every file is
  // closed.
  void publish();

 private:
  std::filesystem::path out_;
  std::filesystem::path partial_;
  bool force_;
  bool published_ = false;
};

}  // namespace userqsim
