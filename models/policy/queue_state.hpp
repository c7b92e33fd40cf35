// The driver's words for a user queue: its state, and the helpers that change it.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <utility>

#include "sim/core/enum_names.hpp"

namespace userqsim {

// enum amdgpu_userq_state, and GONE once the queue is freed.
enum class UserqState : std::uint8_t { unmapped, mapped, preempted, hung, gone };

// amdgpu_userq_{map,unmap,preempt,restore}_helper. In which states each acts is the release's matter
// (driver/lifecycle.hpp).
enum class Primitive : std::uint8_t { map, unmap, preempt, restore };

template <>
struct EnumNames<UserqState> {
  static constexpr std::array entries{std::pair{UserqState::unmapped, std::string_view{"UNMAPPED"}},
                                      std::pair{UserqState::mapped, std::string_view{"MAPPED"}},
                                      std::pair{UserqState::preempted, std::string_view{"PREEMPTED"}},
                                      std::pair{UserqState::hung, std::string_view{"HUNG"}},
                                      std::pair{UserqState::gone, std::string_view{"GONE"}}};
};
template <>
struct EnumNames<Primitive> {
  static constexpr std::array entries{std::pair{Primitive::map, std::string_view{"map"}},
                                      std::pair{Primitive::unmap, std::string_view{"unmap"}},
                                      std::pair{Primitive::preempt, std::string_view{"preempt"}},
                                      std::pair{Primitive::restore, std::string_view{"restore"}}};
};

}  // namespace userqsim
