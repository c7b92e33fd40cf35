// Entities are dense 32-bit indices with a tag, so that a queue's index is never used as a process's.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <limits>

namespace userqsim {

template <class Tag>
struct Id {
  static constexpr std::uint32_t none_value = std::numeric_limits<std::uint32_t>::max();
  std::uint32_t value = none_value;

  static constexpr Id none() { return Id{}; }
  static constexpr Id of(std::size_t index) { return Id{static_cast<std::uint32_t>(index)}; }
  constexpr bool exists() const { return value != none_value; }
  constexpr std::size_t index() const { return value; }
  constexpr auto operator<=>(const Id&) const = default;
};

}  // namespace userqsim
