// The driver's words for a user queue: its state, and the helpers that change it.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <utility>

#include "sim/core/enum_names.hpp"

namespace userqsim {

// enum amdgpu_userq_state, and GONE once the queue is freed.
enum class UserqState : std::uint8_t { unmapped, mapped, preempted, hung, invalid_va, gone };

// What is done to one queue. In which states each acts is the release's matter (lifecycle/lifecycle.hpp).
enum class Primitive : std::uint8_t {
  nothing,
  map,  // amdgpu_userq_{map,unmap,preempt,restore}_helper
  unmap,
  preempt,
  restore,
  preempt_all,         // as preempt, with one packet that suspends every gang of the device
  restore_all,         // as restore, with one packet that resumes every gang of the device
  reset_unmap,         // amdgpu_userq_pre_reset on one queue
  reset_map,           // amdgpu_userq_post_reset on one queue
  reset,               // the per-queue reset's RESET
  remove_after_reset,  // and its REMOVE_QUEUE
};

template <>
struct EnumNames<UserqState> {
  static constexpr std::array entries{std::pair{UserqState::unmapped, std::string_view{"UNMAPPED"}},
                                      std::pair{UserqState::mapped, std::string_view{"MAPPED"}},
                                      std::pair{UserqState::preempted, std::string_view{"PREEMPTED"}},
                                      std::pair{UserqState::hung, std::string_view{"HUNG"}},
                                      std::pair{UserqState::invalid_va, std::string_view{"INVALID_VA"}},
                                      std::pair{UserqState::gone, std::string_view{"GONE"}}};
};
template <>
struct EnumNames<Primitive> {
  static constexpr std::array entries{
      std::pair{Primitive::nothing, std::string_view{"nothing"}},
      std::pair{Primitive::map, std::string_view{"map"}},
      std::pair{Primitive::unmap, std::string_view{"unmap"}},
      std::pair{Primitive::preempt, std::string_view{"preempt"}},
      std::pair{Primitive::restore, std::string_view{"restore"}},
      std::pair{Primitive::preempt_all, std::string_view{"preempt_all"}},
      std::pair{Primitive::restore_all, std::string_view{"restore_all"}},
      std::pair{Primitive::reset_unmap, std::string_view{"reset_unmap"}},
      std::pair{Primitive::reset_map, std::string_view{"reset_map"}},
      std::pair{Primitive::reset, std::string_view{"reset"}},
      std::pair{Primitive::remove_after_reset, std::string_view{"remove_after_reset"}}};
};

}  // namespace userqsim
