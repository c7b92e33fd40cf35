#include "tests/support/memory_specs.hpp"

namespace userqsim::test {

BufferSpec vram(std::int64_t size, std::uint32_t count) { return {"buffer", mib(size), count, Domain::vram}; }

BufferSpec gtt(std::int64_t size) { return {"buffer", mib(size), 1, Domain::gtt}; }

MachineSpec memory_machine(const std::vector<std::vector<BufferSpec>>& processes) {
  MachineSpec spec = ideal_machine();
  spec.device.vram = mib(100);
  spec.device.gtt = mib(1000);
  for (const std::vector<BufferSpec>& buffers : processes) {
    ProcessSpec p = process(std::string(1, static_cast<char>('a' + std::ssize(spec.processes))), {});
    p.vram = buffers;
    spec.processes.push_back(p);
  }
  return spec;
}

PressureSpec allocation(std::string process, BufferSpec buffer) {
  PressureSpec e = event_at(0ns, PressureKind::allocate, std::move(process));
  e.buffer = std::move(buffer);
  return e;
}

void allocate_all(MemoryBench& bench) {
  for (std::size_t p = 0; p < bench.layout.processes.size(); ++p) {
    bench.allocate(ProcessId::of(p));
    bench.run_for(1ms);
  }
}

std::vector<std::uint32_t> moved(const MemoryBench& bench) {
  std::vector<std::uint32_t> ids;
  for (const BufferMoved& m : bench.all<BufferMoved>()) ids.push_back(m.buffer.value);
  return ids;
}

}  // namespace userqsim::test
