// What the lines of a trace depend on beside the facts: the entities of the run, and whose tracepoints it has.
#pragma once

#include <memory>

#include "models/machine/spec.hpp"
#include "models/workload/layout.hpp"

namespace userqsim {

struct FtraceSetting {
  std::shared_ptr<const MachineSpec> spec;  // the layout refers to it
  Layout layout;

  const KernelSpec& kernel() const { return spec->kernel; }
  // KFD's queues do not go through amdgpu_userq, and it says in SMI events what it does.
  bool kfd() const { return kernel().lifecycle == "kfd"; }
  // HWS's runlists have no message of their own.
  bool mes() const { return spec->firmware.scheduler == Scheduler::mes; }
};

}  // namespace userqsim
