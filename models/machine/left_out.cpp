#include "models/machine/left_out.hpp"

#include "models/machine/parts.hpp"
#include "models/machine/untimed.hpp"

namespace userqsim {

bool EventsLeftOut::takes(const Event& event, const Workload& workload) {
  if (static_cast<Part>(event.part) != Part::workload || pace_of(event) != Pace::outside) return false;
  const WorkloadEvent message = event.payload.as<WorkloadEvent>();
  const auto note_jobs = [&](StreamId id) {
    const StreamLayout& stream = layout_->streams[id.index()];
    if (doorbells_restore_ || has_fences(stream)) is_restored_[stream.process.index()] = true;
  };
  if (const auto* arrive = std::get_if<Arrive>(&message)) {
    note_jobs(arrive->stream);
  } else if (const auto* client = std::get_if<ThinkOver>(&message)) {
    note_jobs(client->stream);
  } else if (std::holds_alternative<ProcessStarts>(message)) {
    any_load_ = true;
  } else if (const auto* timer = std::get_if<PressureTimer>(&message)) {
    const ProcessId process = workload.pressure_process(timer->pressure);
    const PressureKind kind = workload.pressure_spec(timer->pressure).kind;
    if (process.exists() && kind != PressureKind::destroy_queue) {
      any_load_ = true;
      if (kind == PressureKind::restore) is_restored_[process.index()] = true;
    } else {
      may_end_all_ = true;
    }
  } else {
    may_end_all_ = true;
  }
  return true;
}

std::vector<Standing> EventsLeftOut::apart_from(std::vector<Standing> found) const {
  if (may_end_all_) return {};
  std::erase_if(found, [&](const Standing& one) {
    if (one.kind == HazardKind::never_mapped) return any_load_;
    return one.kind == HazardKind::stopped_for_ever && is_restored_[one.process.index()];
  });
  return found;
}

}  // namespace userqsim
