// Invariants that stay on in every build. A failed ensure() throws InvariantError; who runs the simulation adds
// when it happened and how to repeat it.
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>

#include "sim/core/source_location.hpp"

namespace userqsim {

// The model contradicted itself: a bug in the simulator, never in the user's input.
class InvariantError : public std::logic_error {
 public:
  using std::logic_error::logic_error;
};

[[noreturn]] void fail_invariant(std::string_view what, const SourceLocation& where);

constexpr void ensure(bool holds, std::string_view what, const SourceLocation& where = SourceLocation::current()) {
  if (!holds) [[unlikely]]
    fail_invariant(what, where);
}

}  // namespace userqsim
