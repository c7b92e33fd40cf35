// The queue's life as the driver tells it: its states, the helpers that move it between them, and two tables for
// each kernel release. The tables are the code: driver/ looks every call up here and nowhere else.
//
// Primitives: in which state a helper acts, which MES call it makes, and where the queue is after success or
// failure. In every other state the helper does nothing and succeeds.
//
// Paths: which helper an operation uses. A policy replaces those of evict and restore, and nothing else.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "models/firmware/facts.hpp"
#include "models/policy/queue_state.hpp"
#include "sim/graph/labelled_graph.hpp"

namespace userqsim {

enum class Operation : std::uint8_t { create, evict, restore, destroy };

struct PrimitiveRow {
  Primitive primitive;
  UserqState from;
  Opcode call;
  UserqState ok;
  UserqState failed;
};

struct PathRow {
  Operation operation;
  Primitive primitive;
};

struct Lifecycle {
  std::string_view name;
  std::span<const PrimitiveRow> primitives;
  std::span<const PathRow> paths;
};

// The tables of a release. REQUIRES: lifecycles() has the name.
const Lifecycle& lifecycle(std::string_view name);
std::span<const Lifecycle> lifecycles();

// What `primitive` does to a queue in `from`; nothing when the helper ignores that state.
std::optional<PrimitiveRow> find_primitive(const Lifecycle& lifecycle, Primitive primitive, UserqState from);
// The helper of the release's own path. The driver takes those of evict and restore from the policy instead.
// REQUIRES: the table has the operation.
Primitive find_path(const Lifecycle& lifecycle, Operation operation);

// The state diagram of a release: states, and what each operation's helper does to them.
LabelledGraph lifecycle_graph(std::string_view name);

template <>
struct EnumNames<Operation> {
  static constexpr std::array entries{std::pair{Operation::create, std::string_view{"create"}},
                                      std::pair{Operation::evict, std::string_view{"evict"}},
                                      std::pair{Operation::restore, std::string_view{"restore"}},
                                      std::pair{Operation::destroy, std::string_view{"destroy"}}};
};

}  // namespace userqsim
