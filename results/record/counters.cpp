// Memory over time: of the device by place, and of each process.
#include "results/record/recorder.hpp"

namespace userqsim {

void Recorder::subscribe_counters(Probes& probes) {
  const auto count = [this](std::string_view track, SimTime time, Bytes before, Bytes now, std::uint32_t process) {
    if (now == before) return;
    record_.counters.push_back({track, time.time_since_epoch().count(), now.value, process});
  };
  probes.memory_used.subscribe([this, count](const MemoryUsed& fact) {
    count("vram_used", fact.time, memory_.vram, fact.vram, no_index);
    count("gtt_used", fact.time, memory_.gtt, fact.gtt, no_index);
    count("system_used", fact.time, memory_.system, fact.system, no_index);
    count("swap_used", fact.time, memory_.swap, fact.swap, no_index);
    memory_ = fact;
  });
  residency_.resize(layout_.processes.size());
  probes.residency_changed.subscribe([this, count](const ResidencyChanged& fact) {
    ResidencyChanged& before = residency_[fact.process.index()];
    count("vram_used", fact.time, before.vram, fact.vram, fact.process.value);
    count("gtt_used", fact.time, before.gtt, fact.gtt, fact.process.value);
    count("away", fact.time, before.away, fact.away, fact.process.value);
    count("displaced", fact.time, before.displaced, fact.displaced, fact.process.value);
    before = fact;
  });
}

}  // namespace userqsim
