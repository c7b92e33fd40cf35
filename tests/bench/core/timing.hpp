// What every benchmark of an event core shares, ours and the peers': the clock, the increments, the form of a
// result. Needs nothing of this project, so that a peer's program can be built without it.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <ctime>
#include <vector>

namespace bench {

// Time on the processor, which others who use the machine do not lengthen.
inline double cpu_ns() {
  std::timespec t{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return static_cast<double>(t.tv_sec) * 1e9 + static_cast<double>(t.tv_nsec);
}

// Exponential increments with a mean of a millisecond, drawn beforehand: what is measured is not the logarithm.
class Increments {
 public:
  static constexpr double mean_ns = 1e6;

  Increments() : values_(std::size_t{mask} + 1) {
    std::uint64_t state = 88172645463325252U;
    for (std::int64_t& value : values_) {
      state ^= state << 13;
      state ^= state >> 7;
      state ^= state << 17;
      const double uniform = (static_cast<double>(state >> 11) + 0.5) * 0x1p-53;
      value = static_cast<std::int64_t>(-std::log(uniform) * mean_ns) + 1;
    }
  }
  std::int64_t next() { return values_[at_++ & mask]; }

 private:
  static constexpr std::uint32_t mask = 4095;
  std::vector<std::int64_t> values_;
  std::uint32_t at_ = 0;
};

// Which of n, without a division.
class Choice {
 public:
  std::uint32_t below(std::uint32_t n) {
    state_ = state_ * 6364136223846793005U + 1442695040888963407U;
    return static_cast<std::uint32_t>((state_ >> 32) * n >> 32);
  }

 private:
  std::uint64_t state_ = 12345;
};

// As many events as take long enough to time and no longer, for one that takes about `ns_each`.
inline std::uint64_t events_for(double ns_each, std::uint64_t n) {
  return std::max<std::uint64_t>(static_cast<std::uint64_t>(6e7 / ns_each), 2 * n);
}

// CPU nanoseconds for each of `count` events of run(count), after as long a run that is not measured.
template <class Run>
double ns_each(std::uint64_t count, Run&& run) {
  run(count / 2);
  const double before = cpu_ns();
  run(count);
  return (cpu_ns() - before) / static_cast<double>(count);
}

inline void print(const char* name, std::uint64_t n, double ns) {
  std::printf("%s %llu %.2f\n", name, static_cast<unsigned long long>(n), ns);
  std::fflush(stdout);
}

}  // namespace bench
