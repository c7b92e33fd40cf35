// Random draws by name. A draw is a function of (seed, replication, purpose, entity, ordinal): nothing else enters
// it, so two policies meet the same arrivals and the same costs as long as the entity exists, in any order.
//
// The engine is Philox (Random123); the few distributions are ours because libm's and the standard library's differ
// between machines in the last bit (docs/adr/0006-portable-numbers.md).
#pragma once

#include <cstdint>

#include "sim/core/distribution.hpp"
#include "sim/core/time.hpp"

namespace userqsim {

// What is drawn: `purpose` is an enumeration of the model, `ordinal` the entity's own count (its n-th job, its n-th
// eviction), never "draws so far".
struct DrawPoint {
  std::uint32_t purpose = 0;
  std::uint32_t entity = 0;
  std::uint64_t ordinal = 0;
};

class Draws {
 public:
  Draws(std::uint64_t seed, std::uint32_t replication) : seed_(seed), replication_(replication) {}

  // Uniform in (0, 1): an odd multiple of 2^-53, so never 0 or 1 and symmetric about 1/2.
  double uniform(DrawPoint point) const;
  // A draw from `distribution`, rounded to the nearest nanosecond; never negative, at most `never`.
  // A constant draws nothing.
  // REQUIRES: means and values not negative, an empirical one not empty, and a result below 2^62 ns.
  Duration sample(const Distribution& distribution, DrawPoint point) const;

 private:
  std::uint64_t seed_;
  std::uint32_t replication_;
};

}  // namespace userqsim
