// What a random draw is for. With the entity and its own ordinal it names the draw; the numbers are part of every
// result (sim/core/draw.hpp), so they are never reused and never reordered.
#pragma once

#include <cstdint>

#include "sim/core/draw.hpp"

namespace userqsim {

enum class Purpose : std::uint32_t {
  arrival = 1,            // entity: stream, ordinal: arrival
  work = 2,               // entity: stream's node (see node_entity), ordinal: arrival
  think = 3,              // entity: stream, ordinal: client and its own count
  pressure_interval = 4,  // entity: pressure entry, ordinal: occurrence
  pressure_hold = 5,      // entity: pressure entry, ordinal: occurrence
  fault = 6,              // entity: queue (or the GPU), ordinal: fault entry, and eviction or reset
  cost = 64,              // plus the cost's index in CostName (profiles/cost_draws.hpp)
};

constexpr DrawPoint draw_point(Purpose purpose, std::uint32_t entity, std::uint64_t ordinal) {
  return {static_cast<std::uint32_t>(purpose), entity, ordinal};
}

// A graph has at most this many jobs, so that node_entity names one node.
constexpr std::uint32_t nodes_max = 1024;
constexpr std::uint32_t node_entity(std::uint32_t stream, std::uint32_t node) { return stream * nodes_max + node; }

}  // namespace userqsim
