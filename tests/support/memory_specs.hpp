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

BufferSpec vram(std::int64_t size, std::uint32_t count = 1);
BufferSpec gtt(std::int64_t size);

MachineSpec memory_machine(const std::vector<std::vector<BufferSpec>>& processes);

// An event of the scenario that allocates; the bench lets it happen.
PressureSpec allocation(std::string process, BufferSpec buffer);

// One process after the other allocates what it does at its start, a millisecond each.
void allocate_all(MemoryBench& bench);

// The buffers that were moved so far, by number, in the order in which they arrived.
std::vector<std::uint32_t> moved(const MemoryBench& bench);

inline auto fence_of(ProcessId process) {
  return [=](const FenceNeeded& f) { return f.process == process; };
}

}  // namespace userqsim::test
