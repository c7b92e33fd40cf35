// The names of an enumeration, stated once: what a scenario may say, what a CSV prints, what an error lists.
//
//   template <> struct EnumNames<Color> {
//     static constexpr std::array entries{std::pair{Color::red, std::string_view{"red"}}, ...};
//   };
#pragma once

#include <array>
#include <string_view>
#include <utility>

#include "sim/core/ensure.hpp"

namespace userqsim {

template <class E>
struct EnumNames;  // specialise with a static constexpr std::array<std::pair<E, std::string_view>, N> entries

template <class E>
concept NamedEnum = requires {
  EnumNames<E>::entries;
};

template <NamedEnum E>
constexpr std::string_view name_of(E value) {
  for (const auto& [candidate, name] : EnumNames<E>::entries) {
    if (candidate == value) return name;
  }
  fail_invariant("an enumerator without a name", SourceLocation::current());
}

}  // namespace userqsim
