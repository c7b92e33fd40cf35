// The numbers that a policy itself brings. None is known: nobody has built one of these.
#pragma once

#include "sim/config/describe.hpp"
#include "sim/core/time.hpp"

namespace userqsim {

struct PolicySpec {
  // `hybrid`: a queue whose last fence signals within this is unmapped, any other preempted. Assumed: the proposal
  // (Liang, 15 May 2026) names no figure. Zero asks without waiting.
  Duration hybrid_wait = std::chrono::milliseconds{10};
};

template <class V>
void describe(V& v, PolicySpec& p) {
  v.optional("hybrid_wait", p.hybrid_wait,
             "hybrid: longest wait for one queue's last fence before it is preempted");
}

}  // namespace userqsim
