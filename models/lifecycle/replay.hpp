// The tables on their own: queues of any processes, one operation after the other, no time. Every packet is
// answered at once and succeeds unless it was told to fail; every fence has signalled; what a failure schedules (a
// hang detection, a reset of the GPU) is done before the next operation.
//
// REQUIRES: names from lifecycles() and policies(). ENSURES: the simulation's own code and tables (operation.hpp).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "models/lifecycle/operation.hpp"

namespace userqsim {

enum class ReplayOpKind : std::uint8_t {
  create,
  destroy,
  evict,
  restore,
  suspend,
  resume,
  isolation_stop,
  isolation_start,
  hang,
  pre_reset,
  post_reset,
  va_gone,
  exit,  // of the process: every queue of it is destroyed
  fail,
};

struct ReplayOp {
  ReplayOpKind kind = ReplayOpKind::create;
  ProcessId process;                    // create, evict, restore, exit
  QueueType type = QueueType::compute;  // create
  QueueId queue;                        // destroy, hang, va_gone
  bool s0ix = false;                    // suspend
  bool vram_lost = false;               // post_reset
  std::uint64_t nth_mes_call = 1;       // fail: counted from the next call on, from 1
};

struct ReplayAnswer {
  struct Call {
    Opcode opcode = Opcode::misc;
    QueueId queue;                  // none: of all gangs, or a hang detection
    std::optional<QueueType> type;  // of a hang detection
    bool ok = true;
  };
  bool error = false;        // what the path returns to its caller
  std::uint32_t resets = 0;  // of the whole GPU, that the operation set off
  std::vector<Call> calls;
  // Every change of a queue's state on the way, and by which operation.
  std::vector<std::pair<Operation, Moved>> moves;
};

struct ReplaySetup {
  std::string kernel = "6.18";
  std::string policy;  // empty: the release's own helpers
  Recovery recovery;
  bool vram_lost = true;  // by a reset that an operation sets off
};

class Replay {
 public:
  static constexpr std::size_t queues_max = 1'000'000;

  explicit Replay(const ReplaySetup& setup);

  // What keeps the operation from being done: a queue that was never created, too many queues. Nothing when it can.
  std::optional<std::string> problem(const ReplayOp& op) const;
  // REQUIRES: problem(op) is nothing.
  ReplayAnswer apply(const ReplayOp& op);
  // Every queue ever created, in order of creation.
  const std::vector<QueueLife>& queues() const { return book_.queues; }

 private:
  void run(Operation operation, const Plan& plan, ProcessId process, ReplayAnswer& answer);
  void run_reset(ReplayAnswer& answer);
  MesAnswer call(const CallMes& packet, ReplayAnswer& answer);
  std::uint32_t opened(ProcessId process);
  std::optional<Operation> device_operation(const ReplayOp& op);
  QueueViews view_of(ProcessId process) const;
  Plan stop_plan(ProcessId process) const;
  Plan restart_plan(ProcessId process) const;

  const Lifecycle* release_;
  const Policy* policy_;
  Recovery recovery_;
  bool vram_lost_;
  QueueBook book_;
  std::vector<ProcessId> processes_;     // in the order in which they opened the device
  bool in_s0ix_ = false;                 // how the system was suspended last
  std::vector<std::uint64_t> failures_;  // MES calls still to come before each failure
  QueueId hanging_;                      // that the next detection finds
  std::vector<ProcessId> evicted_;       // and not restored since
  bool gangs_held_ = false;              // a SUSPEND for all gangs is in force
};

template <>
struct EnumNames<ReplayOpKind> {
  static constexpr std::array entries{std::pair{ReplayOpKind::create, std::string_view{"create"}},
                                      std::pair{ReplayOpKind::destroy, std::string_view{"destroy"}},
                                      std::pair{ReplayOpKind::evict, std::string_view{"evict"}},
                                      std::pair{ReplayOpKind::restore, std::string_view{"restore"}},
                                      std::pair{ReplayOpKind::suspend, std::string_view{"suspend"}},
                                      std::pair{ReplayOpKind::resume, std::string_view{"resume"}},
                                      std::pair{ReplayOpKind::isolation_stop, std::string_view{"isolation_stop"}},
                                      std::pair{ReplayOpKind::isolation_start, std::string_view{"isolation_start"}},
                                      std::pair{ReplayOpKind::hang, std::string_view{"hang"}},
                                      std::pair{ReplayOpKind::pre_reset, std::string_view{"pre_reset"}},
                                      std::pair{ReplayOpKind::post_reset, std::string_view{"post_reset"}},
                                      std::pair{ReplayOpKind::va_gone, std::string_view{"va_gone"}},
                                      std::pair{ReplayOpKind::exit, std::string_view{"exit"}},
                                      std::pair{ReplayOpKind::fail, std::string_view{"fail"}}};
};

}  // namespace userqsim
