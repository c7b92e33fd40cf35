#include "results/record/hazard_detail.hpp"

namespace userqsim {

std::string_view hazard_detail(std::string_view kind) {
  if (kind == "moved_while_running") return "a buffer was copied while waves of its process ran";
  if (kind == "fence_never_signals") return "the eviction was given up; who waits for its fence waits for ever";
  if (kind == "queue_lost") return "the queue went HUNG; nothing but a reset that keeps VRAM restarts it";
  if (kind == "queue_without_va") return "the queue went INVALID_VA: its buffers are unmapped; nothing restarts it";
  if (kind == "freed_under_queue") return "the queue's buffers were unmapped while it could run";
  if (kind == "job_timeout") return "a fence of the queue did not signal in time";
  if (kind == "late_fence_write") return "MES wrote a suspend fence that the driver had given up and freed";
  if (kind == "restore_cancelled") return "nobody restores the process until somebody needs a live fence";
  if (kind == "thrashing") return "the process ran for less time than it was stopped, three times in a row";
  if (kind == "restore_failed") return "a restore found no room for some buffer";
  if (kind == "restarted_while_evicted") return "queues restarted though their process had been evicted again";
  if (kind == "reset_deadlock") return "a reset waits for a restore work that waits for the reset";
  if (kind == "vram_lost") return "a reset lost what the process had in VRAM";
  if (kind == "submission_refused") return "no memory for a submission: its client gets -ENOMEM";
  if (kind == "suspend_aborted") return "no room for what lay in VRAM: the system did not sleep";
  if (kind == "gpu_wedged") return "a reset of the GPU failed";
  if (kind == "isolation_breach") return "waves of the queue ran while isolation had stopped everybody's";
  if (kind == "mapped_without_address")
    return "the queue was on the machine, and its buffers were not where it says";
  if (kind == "never_mapped") return "the queue is MAPPED and has work, and will never have a slot";
  if (kind == "driver_mes_disagree") return "the driver's state of the queue is not what MES's lists say";
  if (kind == "work_lost") return "jobs of the queue ended in a reset";
  if (kind == "mutex_held_long") return "a mutex was held for longer than mutex_held_limit";
  if (kind == "stopped_for_ever") return "nobody will restore the process";
  if (kind == "waits_for_ever") return "a thread waits for what will never be";
  return {};
}

}  // namespace userqsim
