#include "tests/support/kernels.hpp"

namespace userqsim::test {

KernelSpec kernel_of(const std::string& name) {
  const ProfileStore profiles("");
  return read_kernel(profiles.find("kernels", name, Place{"test", {}}));
}

MachineSpec ideal_machine_with(const std::string& kernel) {
  MachineSpec spec = ideal_machine();
  spec.kernel = kernel_of(kernel);
  spec.policy = spec.kernel.native_policy;
  return spec;
}

FaultSpec fault(FaultKind kind, std::optional<std::string> of, std::optional<std::string> queue) {
  FaultSpec f;
  f.kind = kind;
  f.process = std::move(of);
  f.queue = std::move(queue);
  return f;
}

FaultSpec fault_at(Duration at, FaultKind kind, std::optional<std::string> of, std::optional<std::string> queue) {
  FaultSpec f = fault(kind, std::move(of), std::move(queue));
  f.at = at;
  return f;
}

FaultSpec fault_of_eviction(std::uint32_t eviction, FaultKind kind, std::string of, std::string queue) {
  FaultSpec f = fault(kind, std::move(of), std::move(queue));
  f.eviction = eviction;
  return f;
}

}  // namespace userqsim::test
