#include "results/record/run_directory.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <system_error>

#include "results/record/output_error.hpp"
#include "results/record/output_place.hpp"
#include "sim/core/ensure.hpp"

namespace userqsim {
namespace fs = std::filesystem;

RunDirectory::RunDirectory(const fs::path& out, bool force)
    : out_(normal_output_path(out)), partial_(with_suffix(out_, ".partial")), force_(force) {
  if (!is_free_output(out_)) {
    if (!force) {
      throw OutputError(OutputFault::path,
                        fmt::format("{} is not empty; give --force to replace it, or another --out", out.string()));
    }
    refuse_to_replace_ancestors(out_);
  }
  require_left_over(partial_);
  lock_ = std::make_unique<DirectoryLock>(partial_);
  std::error_code error;
  if (fs::exists(partial_ / sweep_record_file, error)) {
    throw OutputError(OutputFault::path,
                      fmt::format("{} holds an unfinished sweep; end it with sweep --resume, remove "
                                  "it, or give another --out",
                                  partial_.string()));
  }
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
  const fs::path old = put_in_place(partial_, out_, force_);
  end_publishing();
  remove_replaced(old);
}

// The marker goes last: while it was in OUT.partial, nobody could begin there.
void RunDirectory::end_publishing() {
  published_ = true;
  std::error_code error;
  fs::remove(out_ / DirectoryLock::marker, error);
  if (error) throw output_error("remove", (out_ / DirectoryLock::marker).string(), error.value());
}

}  // namespace userqsim
