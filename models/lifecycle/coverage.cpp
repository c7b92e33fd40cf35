#include "models/lifecycle/coverage.hpp"

#include <algorithm>
#include <utility>

namespace userqsim {
namespace {

using enum UserqState;

// Every helper that a policy may name, asked with a queue in each condition that a plan may rest on.
std::vector<Primitive> helpers_of(const Policy& policy, Operation operation) {
  std::vector<Primitive> helpers;
  const auto add = [&](const Plan& plan) {
    for (PlanStep step : plan) {
      // One packet for all gangs; each queue is then marked as by the helper for one.
      if (step.primitive == Primitive::preempt_all) step.primitive = Primitive::preempt;
      if (step.primitive == Primitive::restore_all) step.primitive = Primitive::restore;
      if (std::find(helpers.begin(), helpers.end(), step.primitive) == helpers.end())
        helpers.push_back(step.primitive);
    }
  };
  for (const UserqState state : {mapped, preempted, unmapped}) {
    for (const bool yes : {false, true}) {
      const QueueViews queue{{QueueId::of(0), QueueType::compute, state, yes}};
      if (operation == Operation::evict) add(policy.plan_stop({queue}));
      if (operation != Operation::restore) continue;
      for (const bool held : {false, true}) {
        add(policy.plan_restart({queue, yes, held}));
        add(policy.plan_exit({{}, yes, held}));
      }
    }
  }
  return helpers;
}

class Rows {
 public:
  Rows(const Lifecycle& release, const Policy& policy) : release_(release), policy_(policy) {
    for (const PathRow& path : release.paths) {
      for (const Primitive helper : helpers(path)) is_foreign_ = is_foreign_ || has_foreign_rows_alone(helper);
    }
    for (const PathRow& path : release.paths) add(path);
  }

  std::vector<TableRow> take() && { return std::move(rows_); }

 private:
  std::vector<Primitive> helpers(const PathRow& path) const {
    if (path.operation != Operation::evict && path.operation != Operation::restore) return {path.primitive};
    return helpers_of(policy_, path.operation);
  }

  bool has_foreign_rows_alone(Primitive helper) const {
    const auto own = [&](const PrimitiveRow& row) { return row.primitive == helper && !row.by_policy; };
    const auto any = [&](const PrimitiveRow& row) { return row.primitive == helper; };
    return std::none_of(release_.primitives.begin(), release_.primitives.end(), own) &&
           std::any_of(release_.primitives.begin(), release_.primitives.end(), any);
  }

  void add(const PathRow& path) {
    bool detects = path.detect != Detect::no;
    for (const Primitive helper : helpers(path)) {
      for (const PrimitiveRow& row : release_.primitives) {
        if (row.primitive != helper || (row.by_policy && !is_foreign_)) continue;
        push({path.operation, helper, row.from, row.ok, true});
        if (row.call) push({path.operation, helper, row.from, row.failed, false});
        detects = detects || row.on_failure == Escalation::detect;
      }
    }
    if (path.check_va) {
      for (const UserqState from : {unmapped, mapped, preempted, hung}) without_helper(path, from, invalid_va);
    }
    if (detects) {
      for (const UserqState from : {unmapped, mapped, preempted}) without_helper(path, from, hung);
    }
    if (path.operation == Operation::create) without_helper(path, hung, gone);
    if (path.operation != Operation::destroy && path.operation != Operation::process_exit) return;
    for (const UserqState from : {unmapped, hung, invalid_va}) without_helper(path, from, gone);
  }

  // Of the states that the release has: PREEMPTED and INVALID_VA are not known to all.
  void without_helper(const PathRow& path, UserqState from, UserqState to) {
    const auto has = [&](const PrimitiveRow& row) {
      return (!row.by_policy || is_foreign_) && (row.from == from || row.ok == from);
    };
    const bool checks_va = std::any_of(release_.paths.begin(), release_.paths.end(),
                                       [](const PathRow& each) { return each.check_va; });
    const bool is_known = from == hung || (from == invalid_va && checks_va) ||
                          std::any_of(release_.primitives.begin(), release_.primitives.end(), has);
    if (is_known) push({path.operation, Primitive::nothing, from, to, true});
  }

  void push(const TableRow& row) {
    if (std::none_of(rows_.begin(), rows_.end(), [&](const TableRow& each) { return each.is_for(row); }))
      rows_.push_back(row);
  }

  const Lifecycle& release_;
  const Policy& policy_;
  bool is_foreign_ = false;  // the policy brings its own helpers along
  std::vector<TableRow> rows_;
};

}  // namespace

std::string_view helper_of(const TableRow& row) {
  if (row.helper != Primitive::nothing) return name_of(row.helper);
  if (row.to == gone) return "freed";
  return row.to == invalid_va ? "buffers_gone" : "found_hanging";
}

Coverage::Coverage(const Lifecycle& release, const Policy& policy) : rows_(Rows(release, policy).take()) {}

void Coverage::note(Operation operation, const Moved& moved) {
  const UserqState from = moved.helper == Primitive::nothing ? moved.from : moved.seen;
  TableRow row{operation, moved.helper, from, moved.to, moved.result == PacketResult::ok, 1};
  const auto found =
      std::find_if(rows_.begin(), rows_.end(), [&](const TableRow& each) { return each.is_for(row); });
  if (found == rows_.end()) {
    rows_.push_back(row);
  } else {
    ++found->taken;
  }
}

}  // namespace userqsim
