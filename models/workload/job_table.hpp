// The jobs that are not over yet, by id. Ids are dense and grow; finished jobs at the old end are forgotten, so a
// long run holds only what is live.
#pragma once

#include <cstdint>
#include <tuple>

#include "models/workload/ids.hpp"
#include "sim/core/containers.hpp"
#include "sim/core/ensure.hpp"
#include "sim/core/time.hpp"

namespace userqsim {

struct Job {
  StreamId stream;
  std::uint32_t node = 0;
  JobId first;                     // the first job of its arrival; the arrival's nodes have consecutive ids
  std::uint32_t client = 0;        // of a closed loop
  std::uint64_t draw_ordinal = 0;  // of its stream, or of its client in a closed loop
  Duration work{0};
  SimTime submitted;            // when its client wanted it
  std::uint32_t waits_for = 0;  // jobs of its arrival that must still finish
  bool over = false;
  auto fields() const {
    return std::tie(stream, node, first, client, draw_ordinal, work, submitted, waits_for, over);
  }
};

class JobTable {
 public:
  JobId append(const Job& job) {
    jobs_.push_back(job);
    return JobId::of(first_ + jobs_.size() - 1);
  }
  bool is_over(JobId id) const { return id.index() < first_ || jobs_[place(id)].over; }
  JobId next_id() const { return JobId::of(first_ + jobs_.size()); }
  // REQUIRES: the job is live, or younger than some live job.
  const Job& operator[](JobId id) const { return jobs_[place(id)]; }
  Job& operator[](JobId id) { return jobs_[place(id)]; }

  void end(JobId id) {
    jobs_[place(id)].over = true;
    while (!jobs_.empty() && jobs_.front().over) {
      jobs_.pop_front();
      ++first_;
    }
  }
  // Calls f(id, job) for every job that is not over, oldest first.
  template <class F>
  void each_live(F&& f) const {
    for (std::size_t i = 0; i < jobs_.size(); ++i) {
      if (!jobs_[i].over) f(JobId::of(first_ + i), jobs_[i]);
    }
  }

  auto fields() const { return std::tie(jobs_); }

 private:
  std::size_t place(JobId id) const {
    ensure(id.index() >= first_ && id.index() - first_ < jobs_.size(), "no such live job");
    return id.index() - first_;
  }

  Fifo<Job> jobs_;
  std::size_t first_ = 0;
};

}  // namespace userqsim
