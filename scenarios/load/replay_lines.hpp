// The replay's language: one JSON object a line in, one a line out.
#pragma once

#include <string>
#include <string_view>

#include "models/lifecycle/replay.hpp"
#include "scenarios/load/place.hpp"

namespace userqsim {

// One operation. Throws InputError: "FILE: line 3: ...", with what was found and what is allowed.
ReplayOp read_replay_line(std::string_view line, const std::string& file, std::size_t number);

// The answer, without a newline: {"op":"evict","error":false,"mes":[...],"states":[...]}.
std::string write_replay_line(const ReplayOp& op, const ReplayAnswer& answer, const Replay& replay);

}  // namespace userqsim
