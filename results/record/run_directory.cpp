#include "results/record/run_directory.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>
#include <system_error>

#include "results/record/output_error.hpp"
#include "sim/core/ensure.hpp"

namespace userqsim {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void fail(const std::string& what, const fs::path& path, const std::error_code& error) {
  throw output_error(what, path.string(), error.value());
}

fs::path with_suffix(const fs::path& path, std::string_view suffix) {
  fs::path result = path;
  result += suffix;
  return result;
}

// "a/b/" and "a/b/." name a/b, so that a suffix lands beside the directory and not in it. A symbolic link names
// what it points to.
fs::path normal(const fs::path& path) {
  std::error_code error;
  fs::path whole = fs::absolute(path, error).lexically_normal();
  if (error) fail("find", path, error);
  if (!whole.has_filename()) whole = whole.parent_path();
  if (!fs::is_symlink(fs::symlink_status(whole, error))) return whole;
  fs::path target = fs::canonical(whole, error);
  if (error) fail("follow the symbolic link", path, error);
  return target;
}

bool is_free(const fs::path& path) {
  std::error_code error;
  const fs::file_status status = fs::symlink_status(path, error);
  if (status.type() == fs::file_type::not_found) return true;
  if (error) fail("read", path, error);
  if (!fs::is_directory(fs::status(path, error))) {
    throw OutputError(OutputFault::path, fmt::format("{} exists and is not a directory", path.string()));
  }
  const bool empty = fs::is_empty(path, error);
  if (error) fail("read", path, error);
  return empty;
}

// Replacing a directory that holds the working directory would take everything in it along.
void refuse_to_replace_ancestors(const fs::path& out) {
  std::error_code error;
  const fs::path inside = fs::current_path(error).lexically_relative(out);
  if (error || inside.empty() || *inside.begin() == "..") return;
  throw OutputError(OutputFault::path,
                    fmt::format("{} holds the working directory; results must not replace it", out.string()));
}

// REQUIRES: nobody writes there. Who finds a directory that no run of ours has made leaves it alone.
void require_ours(const fs::path& partial) {
  std::error_code error;
  const fs::file_status status = fs::symlink_status(partial, error);
  if (status.type() == fs::file_type::not_found) return;
  const bool ours = fs::is_directory(status) && (fs::exists(partial / DirectoryLock::marker, error) ||
                                                 fs::exists(partial / "manifest.json", error));
  if (ours || (fs::is_directory(status) && is_free(partial))) return;
  throw OutputError(OutputFault::path,
                    fmt::format("{} exists and was not left by an earlier run; remove it", partial.string()));
}

// What a run left that could not end.
void remove_left_over(const fs::path& partial) {
  std::error_code error;
  for (fs::directory_iterator entry(partial, error); !error && entry != fs::directory_iterator{};
       entry.increment(error)) {
    if (entry->path().filename() == DirectoryLock::marker) continue;
    fs::remove_all(entry->path(), error);
    if (error) break;
  }
  if (error) fail("remove what is in", partial, error);
}

void move_directory(const fs::path& from, const fs::path& to) {
  std::error_code error;
  fs::rename(from, to, error);
  if (error) fail(fmt::format("rename {} to", from.string()), to, error);
}

}  // namespace

RunDirectory::RunDirectory(const fs::path& out, bool force)
    : out_(normal(out)), partial_(with_suffix(out_, ".partial")), force_(force) {
  if (!is_free(out_)) {
    if (!force) {
      throw OutputError(OutputFault::path,
                        fmt::format("{} is not empty; give --force to replace it, or another --out", out.string()));
    }
    refuse_to_replace_ancestors(out_);
  }
  require_ours(partial_);
  lock_ = std::make_unique<DirectoryLock>(partial_);
  remove_left_over(partial_);
}

RunDirectory::~RunDirectory() {
  if (published_ || !lock_->holds(partial_)) return;
  std::error_code ignored;  // nothing is left to be told to
  // Under another name first: whoever comes next must not begin in a directory that is being removed.
  const fs::path away = with_suffix(partial_, fmt::format(".{}", ::getpid()));
  fs::rename(partial_, away, ignored);
  fs::remove_all(ignored ? partial_ : away, ignored);
}

void RunDirectory::publish() {
  ensure(!published_, "a run directory is published once");
  if (!lock_->holds(partial_)) {
    throw OutputError(OutputFault::path,
                      fmt::format("{} was removed by somebody else meanwhile", partial_.string()));
  }
  std::error_code error;
  if (is_free(out_)) {
    fs::remove(out_, error);  // an empty directory, or nothing
    move_directory(partial_, out_);
    end_publishing();
    return;
  }
  if (!force_) {
    throw OutputError(OutputFault::path, fmt::format("{} was filled by somebody else meanwhile", out_.string()));
  }
  const fs::path old = with_suffix(out_, fmt::format(".old-{}", ::getpid()));
  move_directory(out_, old);
  try {
    move_directory(partial_, out_);
  } catch (const OutputError&) {
    fs::rename(old, out_, error);  // the old results are worth more than an empty place
    throw;
  }
  end_publishing();
  fs::remove_all(old, error);
  if (error) fail("remove", old, error);
}

// The marker goes last: while it was in OUT.partial, nobody could begin there.
void RunDirectory::end_publishing() {
  published_ = true;
  std::error_code error;
  fs::remove(out_ / DirectoryLock::marker, error);
  if (error) fail("remove", out_ / DirectoryLock::marker, error);
}

}  // namespace userqsim
