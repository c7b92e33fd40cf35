#include "scenarios/load/input_hash.hpp"

#include <fmt/format.h>

namespace userqsim {

void InputHash::add(std::string_view part) {
  // The length first, so that ("ab", "c") and ("a", "bc") differ.
  hash_.add(fmt::format("{}:", part.size()));
  hash_.add(part);
}

}  // namespace userqsim
