#include "results/record/output_error.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <system_error>

namespace userqsim {
namespace {

bool is_about_the_path(int errno_value) {
  switch (errno_value) {
    case EACCES:
    case EEXIST:
    case EISDIR:
    case ELOOP:
    case ENAMETOOLONG:
    case ENOENT:
    case ENOTDIR:
    case EPERM:
    case EROFS:
      return true;
    default:
      return false;
  }
}

}  // namespace

OutputError output_error(const std::string& what, const std::string& path, int errno_value) {
  return {is_about_the_path(errno_value) ? OutputFault::path : OutputFault::system,
          fmt::format("cannot {} {}: {}", what, path, std::generic_category().message(errno_value))};
}

}  // namespace userqsim
