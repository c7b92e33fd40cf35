// Probes: how a model states a fact. A sink subscribes and cannot steer; without subscribers a fact costs one
// comparison.
#pragma once

#include <functional>
#include <utility>
#include <vector>

namespace userqsim {

template <class Fact>
class Probe {
 public:
  using Sink = std::function<void(const Fact&)>;

  // Sinks hear facts in order of subscription, for as long as the probe lives.
  void subscribe(Sink sink) { sinks_.push_back(std::move(sink)); }

  void state(const Fact& fact) const {
    for (const Sink& sink : sinks_) sink(fact);
  }

 private:
  std::vector<Sink> sinks_;
};

}  // namespace userqsim
