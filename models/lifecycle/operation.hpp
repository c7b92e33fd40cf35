// One operation of the driver on user queues, free of time: what it does next, and next after that. Whoever runs it
// sends the packets, waits the waits and tells what came of them; the simulated driver does so in simulated time,
// the replay at once. Both run this code on the same tables.
//
// An operation is a short program, written when it begins (plan_operation, begin) and added to when something
// fails. The program is plain data: a machine can be copied in the middle of it.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <tuple>
#include <variant>
#include <vector>

#include "models/firmware/messages.hpp"
#include "models/lifecycle/lifecycle.hpp"
#include "models/policy/policies.hpp"
#include "models/workload/ids.hpp"

namespace userqsim {

// What the tables need to know of one queue.
struct QueueLife {
  ProcessId process;
  QueueType type = QueueType::compute;
  UserqState state = UserqState::unmapped;
  bool created = false;      // not before its create operation began
  bool counted = false;      // in its process's userq_count
  bool vas_gone = false;     // the user unmapped its ring, rptr, wptr and context buffers
  std::uint32_t order = 0;   // of creation, over all processes
  std::uint32_t id = 0;      // in its process: the lowest that was free
  std::uint32_t opened = 0;  // order in which its process opened the device
  bool exists() const { return created && state != UserqState::gone; }
  auto fields() const { return std::tie(process, type, state, created, counted, vas_gone, order, id, opened); }
};

struct QueueBook {
  std::vector<QueueLife> queues;                             // by QueueId
  std::map<std::uint32_t, std::vector<QueueId>> created_by;  // by process, in order of creation, gone ones too
  bool halted = false;                                       // for enforced isolation
  bool hws_hang = false;        // Lifecycle::stops_calling: until the next reset is over
  std::uint32_t created = 0;    // queues ever
  std::set<ProcessId> evicted;  // Lifecycle::counts_evictions: stopped by an eviction, and not restored
  QueueLife& at(QueueId id) { return queues[id.index()]; }
  const QueueLife& at(QueueId id) const { return queues[id.index()]; }
  const std::vector<QueueId>& of(ProcessId process) const {
    static const std::vector<QueueId> none;
    const auto it = created_by.find(process.value);
    return it == created_by.end() ? none : it->second;
  }
  auto fields() const { return std::tie(queues, halted, hws_hang, created, evicted); }
};

// Whether failures are recovered from at all.
struct Recovery {
  bool enabled = true;          // amdgpu.gpu_recovery is not 0
  bool per_queue_reset = true;  // the device's user queues can be reset one by one
  auto fields() const { return std::tie(enabled, per_queue_reset); }
};

// What an operation wants done.
struct CallMes {
  Opcode opcode = Opcode::misc;
  ProcessId process;
  QueueId queue;                        // none: about all gangs, or a hang detection
  QueueType type = QueueType::compute;  // of a hang detection
  bool after_reset = false;             // REMOVE_QUEUE of a queue that was reset
  std::uint32_t hub = 0;                // of a TLB flush
};
struct WaitLastFence {
  QueueId queue;
  bool limited = false;
};
struct CompleteFences {
  QueueId queue;
};
struct ResetGpu {
  bool wait = false;  // the operation goes on when the reset is over
};
// The next queue is this process's: its userq_mutex is needed from here on, and the last one's no more.
struct EnterProcess {
  ProcessId process;
};
// A queue's state has changed. Nothing to do but to note it. A helper decides by what it saw when it was called,
// which is no longer `from` where somebody else has moved the queue meanwhile.
struct Moved {
  QueueId queue;
  UserqState from = UserqState::unmapped;
  UserqState to = UserqState::unmapped;
  std::optional<Opcode> call;
  PacketResult result = PacketResult::ok;
  Primitive helper = Primitive::nothing;  // none: found hanging, without buffers, or freed
  UserqState seen = from;                 // by the helper: the row's state
};
struct Finished {
  bool error = false;
};
using Action = std::variant<CallMes, WaitLastFence, CompleteFences, ResetGpu, EnterProcess, Moved, Finished>;

// What came of a CallMes.
struct MesAnswer {
  PacketResult result = PacketResult::ok;
  HungQueues hung;  // that a hang detection found, and reset
};

// What the release's path does on `queues`, which are given in order; nothing when it has no such path.
Plan plan_operation(const Lifecycle& release, Operation operation, const QueueList& queues);
// The queues that an operation of the whole device walks, in the release's order.
QueueList walk_device(const Lifecycle& release, Operation operation, const QueueBook& book);
// The queues that an operation of one process walks, in the release's order.
QueueList walk_process(const Lifecycle& release, const QueueBook& book, ProcessId process);
// The queue comes into being, of a process that opened the device as the n-th. True when it must be mapped now, by
// the operation `create`; false when its creation leaves it UNMAPPED: scheduling is halted for enforced isolation.
bool enter_queue(QueueBook& book, QueueId queue, std::uint32_t opened);

class OperationRun {
 public:
  // `process`: whose operation it is; none for one of the whole device. REQUIRES: over().
  void begin(const Lifecycle& release, Operation operation, const Plan& plan, ProcessId process,
             const QueueBook& book, Recovery recovery);
  // What must be done now. After CallMes, answer() before the next call.
  Action next(const Lifecycle& release, QueueBook& book);
  void answer(const MesAnswer& answer) { answer_ = answer; }

  bool over() const { return over_; }
  Operation operation() const { return operation_; }
  auto fields() const {
    return std::tie(operation_, process_, subject_, entered_, recovery_, asks_regardless_, steps_, cursor_, over_,
                    called_, seen_, acted_, error_, reset_, escalated_, answer_.result, answer_.hung, hits_);
  }

 private:
  enum class Kind : std::uint8_t { detect, wait, check_va, apply, complete, free, free_if_failed, mark_hung };
  struct Step {
    Kind kind = Kind::apply;
    Primitive primitive = Primitive::unmap;
    QueueId queue;
    QueueType type = QueueType::compute;
    ProcessId process;
    std::optional<Opcode> call;  // mark_hung: which failed, and how
    PacketResult result = PacketResult::ok;
    auto fields() const { return std::tie(kind, primitive, queue, type, process, call, result); }
  };

  void add(const PathRow& path, const PlanStep& step, ProcessId owner, bool first, bool last,
           const QueueBook& book);
  std::optional<Action> run_step(const Lifecycle& release, const PathRow& path, QueueBook& book);
  std::optional<Action> apply(const Lifecycle& release, const PathRow& path, QueueBook& book);
  bool can_call(const PrimitiveRow& row, const QueueBook& book) const;
  std::optional<Action> apply_to_all(const Lifecycle& release, const PathRow& path, QueueBook& book);
  std::optional<Action> detect(QueueBook& book);
  std::optional<Action> check_va(QueueBook& book);
  std::optional<Action> free(QueueBook& book);
  void note_result(const PathRow& path, const PrimitiveRow& row, PacketResult result, ProcessId process,
                   const Lifecycle& release, QueueBook& book);
  void escalate(Escalation escalation, ProcessId process, const QueueBook& book);
  void insert_detection(ProcessId process, std::size_t at, const QueueBook& book);

  Operation operation_ = Operation::create;
  ProcessId process_;
  QueueId subject_;    // that is being created or destroyed
  ProcessId entered_;  // of an operation of the whole device: whose queues it is at
  Recovery recovery_;
  bool asks_regardless_ = false;  // Lifecycle::asks_regardless
  std::vector<Step> steps_;
  std::uint32_t cursor_ = 0;
  bool over_ = true;
  bool called_ = false;                     // the step's packet is out
  UserqState seen_ = UserqState::unmapped;  // what the helper under way saw before it called
  bool acted_ = false;                      // the last helper made its call
  bool error_ = false;
  Escalation reset_ = Escalation::nothing;  // asked for and not yet stated
  bool escalated_ = false;                  // the path's own escalation
  MesAnswer answer_;
  std::uint32_t hits_ = 0;  // how far through the queues that an answer is about
};

}  // namespace userqsim
