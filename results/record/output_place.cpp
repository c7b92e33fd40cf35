#include "results/record/output_place.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <string>
#include <system_error>

#include "results/record/directory_lock.hpp"
#include "results/record/output_error.hpp"

namespace userqsim {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void fail(const std::string& what, const fs::path& path, const std::error_code& error) {
  throw output_error(what, path.string(), error.value());
}

void move_directory(const fs::path& from, const fs::path& to) {
  std::error_code error;
  fs::rename(from, to, error);
  if (error) fail(fmt::format("rename {} to", from.string()), to, error);
}

}  // namespace

fs::path with_suffix(const fs::path& path, std::string_view suffix) {
  fs::path result = path;
  result += suffix;
  return result;
}

fs::path normal_output_path(const fs::path& path) {
  std::error_code error;
  fs::path whole = fs::absolute(path, error).lexically_normal();
  if (error) fail("find", path, error);
  if (!whole.has_filename()) whole = whole.parent_path();
  if (!fs::is_symlink(fs::symlink_status(whole, error))) return whole;
  fs::path target = fs::canonical(whole, error);
  if (error) fail("follow the symbolic link", path, error);
  return target;
}

bool is_free_output(const fs::path& path) {
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

void refuse_to_replace_ancestors(const fs::path& out) {
  std::error_code error;
  const fs::path inside = fs::current_path(error).lexically_relative(out);
  if (error || inside.empty() || *inside.begin() == "..") return;
  throw OutputError(OutputFault::path,
                    fmt::format("{} holds the working directory; results must not replace it", out.string()));
}

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

void require_left_over(const fs::path& partial) {
  std::error_code error;
  const fs::file_status status = fs::symlink_status(partial, error);
  if (status.type() == fs::file_type::not_found) return;
  const bool ours = fs::is_directory(status) && (fs::exists(partial / DirectoryLock::marker, error) ||
                                                 fs::exists(partial / "manifest.json", error));
  if (ours || (fs::is_directory(status) && is_free_output(partial))) return;
  throw OutputError(OutputFault::path,
                    fmt::format("{} exists and was not left by an earlier run; remove it", partial.string()));
}

fs::path put_in_place(const fs::path& from, const fs::path& out, bool force) {
  std::error_code error;
  if (is_free_output(out)) {
    fs::remove(out, error);  // an empty directory, or nothing
    move_directory(from, out);
    return {};
  }
  if (!force) {
    throw OutputError(OutputFault::path, fmt::format("{} was filled by somebody else meanwhile", out.string()));
  }
  const fs::path old = with_suffix(out, fmt::format(".old-{}", ::getpid()));
  move_directory(out, old);
  try {
    move_directory(from, out);
  } catch (const OutputError&) {
    fs::rename(old, out, error);  // the old results are worth more than an empty place
    throw;
  }
  return old;
}

void remove_replaced(const fs::path& old) {
  if (old.empty()) return;
  std::error_code error;
  fs::remove_all(old, error);
  if (error) fail("remove", old, error);
}

}  // namespace userqsim
