#include "sim/core/ensure.hpp"

#include <fmt/format.h>

namespace userqsim {

void fail_invariant(std::string_view what, const SourceLocation& where) {
  throw InvariantError(
      fmt::format("{}:{}: {} (in {})", where.file_name(), where.line(), what, where.function_name()));
}

}  // namespace userqsim
