#include "results/record/directory_lock.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include "results/record/output_error.hpp"

namespace userqsim {
namespace {

// False when another holds the lock. A file system that knows no locks grants it.
bool lock(int file) {
  while (::flock(file, LOCK_EX | LOCK_NB) != 0) {
    if (errno == EWOULDBLOCK) return false;
    if (errno != EINTR) return true;
  }
  return true;
}

}  // namespace

DirectoryLock::DirectoryLock(const std::filesystem::path& directory) {
  const std::filesystem::path path = directory / marker;
  // Between opening and locking, the holder may rename the directory away or remove it. Then begin again.
  for (int attempt = 0; attempt < 100; ++attempt) {
    std::error_code error;
    std::filesystem::create_directories(directory, error);
    if (error) throw output_error("create", directory.string(), error.value());
    file_ = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0666);
    if (file_ < 0 && errno == ENOENT) continue;
    if (file_ < 0) throw output_error("create", path.string(), errno);
    const bool locked = lock(file_);
    if (locked && holds(directory)) return;
    ::close(file_);
    file_ = -1;
    if (!locked) break;
  }
  throw OutputError(
      OutputFault::path,
      fmt::format("{} is in use by another run; wait for it to end, or give another --out", directory.string()));
}

DirectoryLock::~DirectoryLock() {
  if (file_ >= 0) ::close(file_);
}

bool DirectoryLock::holds(const std::filesystem::path& directory) const {
  struct stat mine {};
  struct stat there {};
  return ::fstat(file_, &mine) == 0 && ::lstat((directory / marker).c_str(), &there) == 0 &&
         mine.st_dev == there.st_dev && mine.st_ino == there.st_ino;
}

}  // namespace userqsim
