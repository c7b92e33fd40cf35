// Machines of which only the memory matters: 100 MiB of VRAM, 1000 MiB of GTT, nothing costs anything. Processes
// are named a, b, c and so on, each with the buffers that it is given.
#pragma once

#include <initializer_list>
#include <string>
#include <utility>
#include <vector>

#include "tests/support/part_bench.hpp"

namespace userqsim::test {

constexpr ProcessId a{0}, b{1}, c{2};

constexpr Bytes mib(std::int64_t n) { return {n << 20}; }

// The link takes 1 us for 2 MiB.
constexpr Bandwidth mib_link{(std::int64_t{2} << 20) * 1'000'000};
constexpr Duration link_time(std::int64_t mebibytes) { return 1us * mebibytes / 2; }

inline BufferSpec vram(std::int64_t size, std::uint32_t count = 1) {
  return {"buffer", mib(size), count, Domain::vram};
}
inline BufferSpec gtt(std::int64_t size) { return {"buffer", mib(size), 1, Domain::gtt}; }

inline MachineSpec memory_machine(const std::vector<std::vector<BufferSpec>>& processes) {
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

// An event of the scenario that allocates; the bench lets it happen.
inline PressureSpec allocation(std::string process, BufferSpec buffer) {
  PressureSpec e = event_at(0ns, PressureKind::allocate, std::move(process));
  e.buffer = std::move(buffer);
  return e;
}

// One process after the other allocates what it does at its start, a millisecond each.
inline void allocate_all(MemoryBench& bench) {
  for (std::size_t p = 0; p < bench.layout.processes.size(); ++p) {
    bench.allocate(ProcessId::of(p));
    bench.run_for(1ms);
  }
}

// The buffers that were moved so far, by number, in the order in which they arrived.
inline std::vector<std::uint32_t> moved(const MemoryBench& bench) {
  std::vector<std::uint32_t> ids;
  for (const BufferMoved& m : bench.all<BufferMoved>()) ids.push_back(m.buffer.value);
  return ids;
}

inline auto fence_of(ProcessId process) {
  return [=](const FenceNeeded& f) { return f.process == process; };
}

}  // namespace userqsim::test
