// Which rows of a release's tables were taken, and how often: one for each operation, helper, state and outcome.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "models/lifecycle/operation.hpp"
#include "models/policy/policies.hpp"

namespace userqsim {

// What may become of a queue by a helper that an operation calls; or without one, where the operation finds the
// queue hanging or without its buffers, or frees it.
struct TableRow {
  Operation operation = Operation::create;
  Primitive helper = Primitive::nothing;
  UserqState from = UserqState::unmapped;
  UserqState to = UserqState::unmapped;
  bool ok = true;
  std::uint64_t taken = 0;
  bool is_for(const TableRow& other) const {
    return operation == other.operation && helper == other.helper && from == other.from && to == other.to &&
           ok == other.ok;
  }
};

// "preempt"; without a helper what is done instead: found_hanging, buffers_gone, freed.
std::string_view helper_of(const TableRow& row);

class Coverage {
 public:
  // The release's rows, with the policy's helpers in evict and restore. Those that the release has for a foreign
  // policy alone are there when the policy is such a one.
  Coverage(const Lifecycle& release, const Policy& policy);

  // What is in no row (a reset moved the queue between two steps of an operation) is one from here on.
  void note(Operation operation, const Moved& moved);
  // In the order of the release's operations, and within one of its helpers.
  const std::vector<TableRow>& rows() const { return rows_; }

 private:
  std::vector<TableRow> rows_;
};

}  // namespace userqsim
