#include "results/record/whole_file.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <system_error>

#include "results/record/output_error.hpp"

namespace userqsim {
namespace {

namespace fs = std::filesystem;

fs::path target_of(const fs::path& path) {
  std::error_code error;
  if (!fs::is_symlink(fs::symlink_status(path, error))) return path;
  fs::path target = fs::canonical(path, error);
  if (error) throw output_error("follow the symbolic link", path.string(), error.value());
  return target;
}

// To rename a file over a device or a pipe would take that away.
void require_free(const fs::path& path, bool force) {
  std::error_code error;
  const fs::file_status status = fs::status(path, error);
  if (status.type() == fs::file_type::not_found) return;
  if (status.type() != fs::file_type::regular) {
    throw OutputError(OutputFault::path, fmt::format("{} exists and is not a file", path.string()));
  }
  if (force) return;
  throw OutputError(OutputFault::path,
                    fmt::format("{} exists; give --force to replace it, or another name", path.string()));
}

fs::path partial_of(const fs::path& path, bool force) {
  require_free(path, force);
  fs::path partial = path;
  partial += fmt::format(".partial-{}", ::getpid());
  return partial;
}

}  // namespace

WholeFile::WholeFile(const fs::path& path, bool force)
    : path_(target_of(path)), partial_(partial_of(path_, force)), force_(force), file_(partial_) {}

WholeFile::~WholeFile() {
  if (published_) return;
  std::error_code ignored;  // nothing is left to be told to
  fs::remove(partial_, ignored);
}

void WholeFile::publish() {
  file_.close();
  require_free(path_, force_);
  std::error_code error;
  fs::rename(partial_, path_, error);
  if (error) throw output_error(fmt::format("rename {} to", partial_.string()), path_.string(), error.value());
  published_ = true;
}

}  // namespace userqsim
