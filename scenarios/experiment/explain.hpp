// Runs one replication again to tell the story of one of its evictions, and from copies of the machine just before
// the eviction what it would have been under other policies.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "models/machine/spec.hpp"
#include "results/explain/story.hpp"
#include "results/record/rows.hpp"

namespace userqsim {

// One replication, run to its horizon.
struct Replayed {
  RunRecord record;
  std::uint64_t digest = 0;
  std::vector<std::uint64_t> events_before;  // of each eviction: executed before the event in which it starts
};

// Nothing when `interrupt` became true.
std::optional<Replayed> replay(const std::shared_ptr<const MachineSpec>& spec, std::uint32_t replication,
                               const std::atomic<bool>* interrupt);

struct StoryRequest {
  std::size_t number = 0;            // of the eviction among the record's
  std::vector<std::string> against;  // other policies
};

// REQUIRES: `replayed` is of this spec and replication and has such an eviction; the policies exist. Nothing when
// `interrupt` became true. Throws InvariantError when the parts do not account for every nanosecond.
std::optional<Story> explain(const std::shared_ptr<const MachineSpec>& spec, std::uint32_t replication,
                             const Replayed& replayed, const StoryRequest& request,
                             const std::atomic<bool>* interrupt);

// The policy that is told beside `policy` unless another is asked for: of preempt_restore and unmap_map the other
// one, of any other the kernel's own.
std::string counterpart_of(const MachineSpec& spec);

}  // namespace userqsim
