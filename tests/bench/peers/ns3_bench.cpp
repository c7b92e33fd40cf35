// Hold and M/M/1 on ns-3, once with each of its schedulers. Lines as those of userqsim_bench.
//
// Usage: ns3_bench hold|mm1 N
#include <ns3/double.h>
#include <ns3/object-factory.h>
#include <ns3/random-variable-stream.h>
#include <ns3/scheduler.h>
#include <ns3/simulator.h>

#include <cstdlib>
#include <string>

#include "tests/bench/core/timing.hpp"

namespace {

using ns3::NanoSeconds;
using ns3::Simulator;

void use(const std::string& scheduler) {
  ns3::ObjectFactory factory;
  factory.SetTypeId(scheduler);
  Simulator::SetScheduler(factory);
}

class Hold {
 public:
  // CPU nanoseconds an event, with n of them pending.
  static double run(std::uint64_t n, double ns_guess) {
    Hold hold;
    hold.count_ = bench::events_for(ns_guess, n);
    for (std::uint64_t i = 0; i < n; ++i) hold.post();
    Simulator::Run();
    Simulator::Destroy();
    return hold.ns_ / static_cast<double>(hold.count_);
  }

 private:
  void post() { Simulator::Schedule(NanoSeconds(increments_.next()), &Hold::happen, this); }
  void happen() {
    ++done_;
    if (done_ == count_ / 2) ns_ = -bench::cpu_ns();
    if (done_ == count_ / 2 + count_) {
      ns_ += bench::cpu_ns();
      Simulator::Stop();
    }
    post();
  }

  bench::Increments increments_;
  std::uint64_t count_ = 0, done_ = 0;
  double ns_ = 0.0;
};

// At a load of 0.8.
class Queue {
 public:
  static double run() {
    Queue queue;
    queue.count_ = bench::events_for(150, 1);
    queue.arrive();
    Simulator::Run();
    Simulator::Destroy();
    return queue.ns_ / static_cast<double>(queue.count_);
  }

 private:
  Queue() {
    between_->SetAttribute("Mean", ns3::DoubleValue(1e6));
    service_->SetAttribute("Mean", ns3::DoubleValue(0.8e6));
  }
  void count() {
    ++done_;
    if (done_ == count_ / 2) ns_ = -bench::cpu_ns();
    if (done_ == count_ / 2 + count_) {
      ns_ += bench::cpu_ns();
      Simulator::Stop();
    }
  }
  void arrive() {
    Simulator::Schedule(NanoSeconds(static_cast<std::int64_t>(between_->GetValue())), &Queue::arrived, this);
  }
  void serve() {
    Simulator::Schedule(NanoSeconds(static_cast<std::int64_t>(service_->GetValue())), &Queue::departed, this);
  }
  void arrived() {
    count();
    if (++queued_ == 1) serve();
    arrive();
  }
  void departed() {
    count();
    if (--queued_ > 0) serve();
  }

  ns3::Ptr<ns3::ExponentialRandomVariable> between_ = ns3::CreateObject<ns3::ExponentialRandomVariable>();
  ns3::Ptr<ns3::ExponentialRandomVariable> service_ = ns3::CreateObject<ns3::ExponentialRandomVariable>();
  std::uint64_t count_ = 0, done_ = 0, queued_ = 0;
  double ns_ = 0.0;
};

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) return 2;
  const std::string workload = argv[1];
  const std::uint64_t n = std::strtoull(argv[2], nullptr, 10);
  for (const std::string name : {"PriorityQueue", "Map", "Heap", "Calendar"}) {
    if (name == "Calendar" && n > 100'000) continue;  // minutes
    use("ns3::" + name + "Scheduler");
    const double ns = workload == "mm1" ? Queue::run() : Hold::run(n, 250);
    bench::print((workload + "/ns3-" + name).c_str(), n, ns);
  }
  return 0;
}
