#include "results/record/run_directory.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>
#include <system_error>

#include "results/record/csv.hpp"
#include "results/record/output_error.hpp"
#include "sim/core/ensure.hpp"

namespace userqsim {
namespace {

namespace fs = std::filesystem;

// In every OUT.partial from its first moment to the last: a directory without it is not ours to remove.
constexpr std::string_view marker = ".userqsim-partial";

[[noreturn]] void fail(const std::string& what, const fs::path& path, const std::error_code& error) {
  throw output_error(what, path.string(), error.value());
}

fs::path with_suffix(const fs::path& path, std::string_view suffix) {
  fs::path result = path;
  result += suffix;
  return result;
}

// "a/b/" and "a/b/." name a/b, so that a suffix lands beside the directory and not in it.
fs::path normal(const fs::path& path) {
  std::error_code error;
  fs::path whole = fs::absolute(path, error).lexically_normal();
  if (error) fail("find", path, error);
  if (!whole.has_filename()) whole = whole.parent_path();
  return whole;
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

void remove_stale(const fs::path& partial) {
  std::error_code error;
  if (!fs::exists(fs::symlink_status(partial, error))) return;
  const bool ours = fs::exists(partial / marker, error) || fs::exists(partial / "manifest.json", error);
  if (!ours && !is_free(partial)) {
    throw OutputError(OutputFault::path,
                      fmt::format("{} exists and was not left by an earlier run; remove it", partial.string()));
  }
  fs::remove_all(partial, error);
  if (error) fail("remove", partial, error);
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
  remove_stale(partial_);
  std::error_code error;
  fs::create_directories(partial_, error);
  if (error) fail("create", partial_, error);
  OutputFile mark(partial_ / marker);
  mark.close();
}

RunDirectory::~RunDirectory() {
  if (published_) return;
  std::error_code ignored;  // nothing is left to be told to
  fs::remove_all(partial_, ignored);
}

void RunDirectory::publish() {
  ensure(!published_, "a run directory is published once");
  std::error_code error;
  fs::remove(partial_ / marker, error);
  if (error) fail("remove", partial_ / marker, error);
  if (is_free(out_)) {
    fs::remove(out_, error);  // an empty directory, or nothing
    move_directory(partial_, out_);
    published_ = true;
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
  published_ = true;
  fs::remove_all(old, error);
  if (error) fail("remove", old, error);
}

}  // namespace userqsim
