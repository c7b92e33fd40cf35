#include "results/record/durable.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include "results/record/output_error.hpp"

namespace userqsim {

namespace fs = std::filesystem;

void sync_to_disk(const fs::path& path) {
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) throw output_error("open", path.string(), errno);
  int result = 0;
  do {
    result = ::fsync(file);
  } while (result != 0 && errno == EINTR);
  const int reason = errno;
  ::close(file);
  if (result != 0 && (reason == EIO || reason == ENOSPC || reason == EDQUOT)) {
    throw output_error("write", path.string(), reason);
  }
}

void sync_tree_to_disk(const fs::path& directory) {
  std::error_code error;
  for (fs::recursive_directory_iterator entry(directory, error);
       !error && entry != fs::recursive_directory_iterator{}; entry.increment(error)) {
    std::error_code ignored;
    if (entry->is_symlink(ignored)) continue;
    if (entry->is_regular_file(ignored) || entry->is_directory(ignored)) sync_to_disk(entry->path());
  }
  if (error) throw output_error("read", directory.string(), error.value());
  sync_to_disk(directory);
}

void rename_durably(const fs::path& from, const fs::path& to) {
  sync_to_disk(from);
  std::error_code error;
  fs::rename(from, to, error);
  if (error) throw output_error("rename", from.string(), error.value());
  sync_to_disk(to.parent_path());
}

}  // namespace userqsim
