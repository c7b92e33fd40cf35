// A directory of results that appears whole or not at all: everything is written below OUT.partial, which is
// renamed to OUT once. Errors throw OutputError.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "results/record/directory_lock.hpp"

namespace userqsim {

class RunDirectory {
 public:
  // Makes OUT.partial and holds it locked: a second run with the same OUT is refused, a left-over that nobody holds
  // is removed. A non-empty OUT is an error unless `force`; it stays as it is until publish(). Where OUT is a
  // symbolic link, its target is meant, which must exist.
  RunDirectory(const std::filesystem::path& out, bool force);
  // Removes what was not published, if it is still this run's own.
  ~RunDirectory();
  RunDirectory(const RunDirectory&) = delete;
  RunDirectory& operator=(const RunDirectory&) = delete;

  const std::filesystem::path& partial() const { return partial_; }

  // Renames OUT.partial to OUT; an old OUT is renamed away first and deleted after. Call once, when every file is
  // closed.
  void publish();

 private:
  void end_publishing();

  std::filesystem::path out_;
  std::filesystem::path partial_;
  std::unique_ptr<DirectoryLock> lock_;
  bool force_;
  bool published_ = false;
};

}  // namespace userqsim
