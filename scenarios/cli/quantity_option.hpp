// The value of an option that is a quantity with a unit.
#pragma once

#include <fmt/format.h>

#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "scenarios/load/scenario.hpp"
#include "sim/config/units.hpp"

namespace userqsim {

// Throws InputError, which names the option, when it is none.
template <class T>
T quantity_of(std::string_view option, Parsed<T> parsed) {
  if (const auto* problem = std::get_if<std::string>(&parsed)) {
    throw InputError(fmt::format("{}: {}", option, *problem));
  }
  return std::get<T>(std::move(parsed));
}

}  // namespace userqsim
