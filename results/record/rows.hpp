// The rows that a run leaves, as plain data: what recorder.hpp fills, tables.hpp writes and comparisons read. Times
// are nanoseconds from the start of the run, sizes bytes. docs/outputs.md says what each column means.
//
// Processes and queues are indices into the record's name lists; the names of states and outcomes are static text.
#pragma once

#include <boost/container/deque.hpp>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "sim/stats/estimate.hpp"

namespace userqsim {

constexpr std::uint32_t no_index = std::numeric_limits<std::uint32_t>::max();

// Where rows are many: in blocks, so that none is copied, nor fresh memory asked for twice, when more come.
template <class Row>
using RowBlocks =
    boost::container::deque<Row, void, boost::container::deque_options_t<boost::container::block_size<512>>>;

using OptionalNs = std::optional<std::int64_t>;

// How an eviction ended. Only `restored` is a complete observation; of the others is known that they took longer.
namespace eviction_outcome {
constexpr std::string_view restored = "restored";
constexpr std::string_view re_evicted = "re_evicted";  // evicted again before it was restored
constexpr std::string_view hung = "hung";              // a queue of it went HUNG
constexpr std::string_view aborted = "aborted";        // the suspend worker gave up; the fence never signals
constexpr std::string_view exited = "exited";          // its process exited first
constexpr std::string_view open = "open";              // under way when the run ended
}  // namespace eviction_outcome

struct EvictionRow {
  std::uint32_t eviction = 0;  // n-th of its process, from 0
  std::uint32_t process = no_index;
  std::string_view trigger;
  std::uint32_t queues = 0;
  std::uint32_t queues_running = 0;
  std::int64_t start_ns = 0;
  OptionalNs signaled_ns;
  OptionalNs restored_ns;
  OptionalNs resumed_ack_ns;
  OptionalNs evict_latency_ns;
  OptionalNs restore_latency_ns;
  OptionalNs downtime_ns;
  std::int64_t fence_wait_ns = 0;
  std::int64_t lock_wait_ns = 0;
  OptionalNs requester_stall_ns;
  std::int64_t mes_packets = 0;
  std::int64_t mes_busy_ns = 0;
  std::int64_t mes_lock_hold_ns = 0;
  std::int64_t cpu_poll_ns = 0;
  std::int64_t cu_lost_ns = 0;
  std::int64_t context_bytes = 0;
  std::int64_t moved_bytes = 0;
  std::string_view outcome = eviction_outcome::open;
  OptionalNs first_stop_ns;                // when the first packet that stops a queue was issued
  std::int64_t ended_ns = 0;               // restored, or until when it was observed
  std::optional<std::uint32_t> request{};  // on whose behalf, if a request's
};

struct PartRow {
  std::uint32_t eviction = 0;
  std::uint32_t process = no_index;
  std::uint32_t queue = no_index;  // none where the part is the whole process's
  std::string_view part;
  std::string_view waits_for;
  std::int64_t start_ns = 0;
  std::int64_t end_ns = 0;
  bool critical = false;  // on the chain that tiles [start, restored]
};

struct TransitionRow {
  std::int64_t time_ns = 0;
  std::uint32_t process = no_index;
  std::uint32_t queue = no_index;
  std::string_view operation;
  std::string_view from;
  std::string_view to;
  std::string_view mes_call;  // empty: none
  std::string_view result;
  std::optional<std::uint32_t> eviction;
  std::int64_t began_ns = 0;  // the helper was called
};

struct MesOpRow {
  std::string_view opcode;
  std::uint32_t process = no_index;
  std::uint32_t queue = no_index;
  std::int64_t issued_ns = 0;
  OptionalNs started_ns;
  OptionalNs acked_ns;
  OptionalNs done_ns;
  std::string_view result;
  std::int64_t busy_ns = 0;
  std::optional<std::uint32_t> eviction;
};

struct JobRow {
  std::uint32_t job = 0;
  std::uint32_t process = no_index;
  std::uint32_t queue = no_index;
  std::int64_t submitted_ns = 0;
  OptionalNs started_ns;
  OptionalNs finished_ns;
  std::uint32_t preemptions = 0;
  std::string_view outcome;
  std::int64_t observed_until_ns = 0;  // finished, or when its process exited or the run ended
};

// An arrival of several jobs.
struct GraphRow {
  std::uint32_t process = no_index;
  std::uint32_t queue = no_index;  // whose stream it is
  std::uint32_t first_job = 0;
  std::uint32_t jobs = 0;
  std::int64_t submitted_ns = 0;
  OptionalNs finished_ns;  // when every job had
  std::int64_t critical_path_ns = 0;
  std::int64_t work_bound_ns = 0;
  std::string_view outcome;
  std::int64_t observed_until_ns = 0;
};

// A wait for a slot.
struct SlotWaitRow {
  std::uint32_t process = no_index;
  std::uint32_t queue = no_index;
  std::int64_t since_ns = 0;
  std::int64_t until_ns = 0;
  bool mapped = false;  // else it was cut off
};

// What became of a queue over the whole run.
struct QueueRow {
  std::uint32_t process = no_index;
  std::string_view type;
  std::string_view priority;
  std::int64_t jobs = 0;        // finished
  std::int64_t slot_ns = 0;     // in a slot
  std::int64_t running_ns = 0;  // of that, with waves running
  std::int64_t waits = 0;       // for a slot, with work
  std::int64_t slot_wait_ns = 0;
  std::int64_t longest_wait_ns = 0;
  bool waits_still = false;  // at the end of the run
};

struct HazardRow {
  std::int64_t time_ns = 0;
  std::string_view kind;
  std::uint32_t process = no_index;
  std::uint32_t queue = no_index;
};

// A fault that took effect.
struct FaultRow {
  std::int64_t time_ns = 0;
  std::uint32_t fault = 0;  // index in the scenario's list
  std::string_view kind;
  std::uint32_t process = no_index;
  std::uint32_t queue = no_index;
  std::optional<std::uint32_t> eviction;
};

struct ResetRow {
  std::int64_t began_ns = 0;
  std::int64_t ended_ns = 0;
  std::string_view method;
  std::string_view result;
};

struct RequestRow {
  std::uint32_t request = 0;
  std::uint32_t process = no_index;
  std::string_view kind;
  std::int64_t bytes = 0;
  std::int64_t requested_ns = 0;
  OptionalNs ended_ns;  // nothing when it was still waiting, or its process exited
  OptionalNs stall_ns;
  std::string_view outcome;
  std::uint32_t evictions = 0;         // evictions it set off
  bool waited = false;                 // somebody had to leave for it
  OptionalNs episode_ns{};             // until the last of those evictions was restored; nothing when one was not
  std::int64_t observed_until_ns = 0;  // ended, or when its process exited or the run ended
};

// One process over the whole run, and its memory.
struct ProcessRow {
  std::uint32_t process = no_index;
  std::int64_t began_ns = 0;
  OptionalNs ended_ns;  // its exit
  std::int64_t evictions = 0;
  std::int64_t stopped_ns = 0;  // from an eviction fence's signal to the queues' restart
  std::int64_t longest_stop_ns = 0;
  bool stopped_still = false;                // at the end of the run
  std::int64_t short_runs = 0;               // between two stops, shorter than the first
  std::int64_t out_bytes = 0, in_bytes = 0;  // of VRAM
  std::int64_t swapped_out_bytes = 0, swapped_in_bytes = 0;
  std::int64_t vram_mean_bytes = 0, gtt_mean_bytes = 0, away_mean_bytes = 0;
  std::int64_t displaced_mean_bytes = 0, displaced_most_bytes = 0;  // belong in VRAM and lie elsewhere
  std::int64_t displaced_ns = 0;                                    // for so long some did
  std::int64_t jobs = 0;                                            // finished
  std::int64_t work_ns = 0;                                         // of those
};

// Everything one replication leaves.
struct RunRecord {
  std::vector<std::string> process_names;
  std::vector<std::string> queue_names;
  std::vector<std::string> slot_names;
  std::int64_t end_ns = 0;
  std::int64_t slot_used_ns = 0;       // summed over slots: a queue was in the slot
  std::int64_t slot_running_ns = 0;    // and its waves ran
  std::vector<EvictionRow> evictions;  // by start
  std::vector<PartRow> parts;          // eviction by eviction, by start
  std::vector<TransitionRow> transitions;
  std::vector<MesOpRow> mes_ops;
  RowBlocks<JobRow> jobs;        // by number
  RowBlocks<GraphRow> graphs;    // by first job
  std::vector<QueueRow> queues;  // by queue
  std::vector<ProcessRow> processes;
  std::vector<SlotWaitRow> slot_waits;
  std::vector<HazardRow> hazards;
  std::vector<FaultRow> faults;
  std::vector<ResetRow> resets;
  std::vector<RequestRow> requests;
};

// Nothing, a count, or a mean.
using Value = std::variant<std::monostate, std::int64_t, double>;

struct SummaryRow {
  std::string_view metric;  // this and all names: of the catalogue (metrics.hpp), which has them for good
  std::string_view role;
  std::string_view stat;
  Value value;
  std::string_view unit;
  std::int64_t count = 0;     // complete observations
  std::int64_t censored = 0;  // known only to exceed what was seen
  std::optional<double> ci_low{};
  std::optional<double> ci_high{};
  std::vector<Cluster> batches{};  // of the mean of one replication in a steady state: its windows of time
};

// The statistics of one replication.
struct ReplicationSummary {
  std::string policy;
  std::uint32_t replication = 0;
  std::vector<SummaryRow> rows;
};

struct ComparisonRow {
  std::string metric;
  std::string role;
  std::string stat;
  std::string policy_a;
  std::string policy_b;
  double value_a = 0.0;  // mean over replications of the replication's statistic
  double value_b = 0.0;
  double difference = 0.0;  // b - a
  std::optional<double> ci_low;
  std::optional<double> ci_high;
  std::size_t replications = 0;  // in which both have the statistic
  std::string unit;
  std::string variant;
  Estimate estimate{};             // the difference
  std::string_view basis{};        // over what its samples are: estimate_basis
  std::optional<double> p{};       // that a difference is so far from zero by chance
  std::optional<double> p_holm{};  // the same, corrected for the metrics that are read together
  std::optional<double> band{};    // what differs by less than this does not matter
  std::string_view answer{};       // comparison_answer; empty without an interval
};

// Over what the interval of a difference was taken.
namespace estimate_basis {
constexpr std::string_view replications = "replications";
constexpr std::string_view batches = "batches";  // windows of one long replication
}  // namespace estimate_basis

namespace comparison_answer {
constexpr std::string_view same = "same";              // every replication gave both the same
constexpr std::string_view difference = "difference";  // shown, and not shown to lie within the band
constexpr std::string_view difference_within_band = "difference_within_band";
constexpr std::string_view no_difference_that_matters = "no_difference_that_matters";
constexpr std::string_view undecided = "undecided";
}  // namespace comparison_answer

}  // namespace userqsim
