// The story of one eviction, as data: what asked for it, each part of its time and what that waited for, its
// packets, its moves, the restart of its queues, who else waited, and what it would have been under other policies.
// tell.hpp makes it, story_text.hpp prints it. Times are nanoseconds from the start of the run, sizes bytes.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "results/record/rows.hpp"

namespace userqsim {

struct StoryPart {
  PartRow row;  // as in eviction_parts.csv
  std::string queue;
  std::string told;  // what it waited for, in words
};

struct StoryPacket {
  MesOpRow row;  // as in mes_ops.csv
  std::string queue;
};

// Buffers that went the same way.
struct StoryMoves {
  std::string owner;
  std::string_view from, to;
  std::int64_t buffers = 0;
  std::int64_t bytes = 0;
  std::int64_t copying_ns = 0;  // the copies' times together
  std::int64_t first_ns = 0;    // the first began
  std::int64_t last_ns = 0;     // the last was done
};

// The way of one queue that the eviction stopped.
struct StoryQueue {
  std::string queue;
  bool had_work = false;
  OptionalNs stopped_ns;   // it had left the hardware
  OptionalNs ready_ns;     // MES may run it again
  OptionalNs mapped_ns;    // it has a slot
  OptionalNs ran_ns;       // its first wave
  OptionalNs restored_ns;  // as evictions.csv counts it
};

// Somebody else who waited while the eviction lasted. Times are cut to the eviction's.
struct StoryWait {
  std::string who;
  std::string waited_for;
  std::int64_t start_ns = 0;
  std::int64_t end_ns = 0;
};

// All critical parts of one kind.
struct StoryAccount {
  std::string_view part;
  std::string_view waits_for;
  std::int64_t times = 0;
  std::int64_t ns = 0;           // of the eviction's length
  std::int64_t downtime_ns = 0;  // of its downtime
};

// The same eviction under another policy.
struct StoryOther {
  std::string policy;
  EvictionRow row;
  std::vector<StoryAccount> accounts;
};

struct Story {
  std::string process;
  std::size_t number = 0;        // of its row in evictions.csv, from 0, within policy and replication
  std::size_t evictions = 0;     // such rows
  std::size_t of_process = 0;    // of them, the process's
  std::int64_t from_ns = 0;      // when it was asked for: the request, or its start
  std::string asked;             // what asked, in sentences
  std::string chosen;            // why this process, in sentences
  EvictionRow row;               // as in evictions.csv
  std::vector<StoryPart> parts;  // by start
  std::vector<StoryPacket> packets;
  std::vector<StoryMoves> moves;
  std::vector<StoryQueue> queues;
  std::vector<StoryWait> waits;
  std::vector<StoryAccount> accounts;  // by their first time
  std::vector<StoryOther> others;
};

// What the page says above the story.
struct StoryHead {
  std::string scenario;
  std::string device;
  std::string kernel;
  std::string policy;  // the machine's
  std::string label;   // what the column `policy` says
  std::uint32_t replication = 0;
  std::uint64_t seed = 0;
};

}  // namespace userqsim
