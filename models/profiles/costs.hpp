// What things cost. Each cost says its value, where it comes from, of what kind that is, and the range it may
// honestly take. What both eviction schemes do is one shared cost; only teardown, registration, suspend_book and
// resume_book are unique to a scheme, and their ranges start at zero (docs/adr/0009-costs-structure-first.md).
#pragma once

#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include "models/workload/spec.hpp"

namespace userqsim {

enum class CostKind : std::uint8_t { measured, code, spec, computed, assumed };

struct Cost {
  Distribution value = constant(Duration{0});
  std::string source;
  CostKind kind = CostKind::assumed;
  std::vector<Duration> range;  // least and most
};

// A dimensionless unknown.
struct Factor {
  double value = 0.0;
  std::string source;
  CostKind kind = CostKind::assumed;
  std::vector<double> range;
};

// To the nearest thousandth, in which the model counts.
inline std::int64_t in_permille(const Factor& factor) { return std::llround(factor.value * 1000.0); }

struct CostSpec {
  // Shared by both schemes.
  Cost mes_api;              // MES reads, decodes and acknowledges one packet
  Cost preempt_idle;         // ask a slot without running waves to stop
  Cost preempt_running;      // ask a slot with running waves to stop, beside the drain or the save itself
  Cost unmap;                // take the queue out of its slot, MQD written back
  Cost map;                  // put a queue into a slot, MQD read
  Cost connect;              // the pipe's queue manager connects a ready queue
  Cost context_boundary;     // CWSR: until all waves stand at an instruction boundary
  Cost worker_latency;       // from schedule_work to the worker's first instruction
  Cost submit;               // the signal ioctl's own time
  Cost page_table_base;      // page-table update of one validated process
  Cost page_table_fragment;  // and of each entry: a fragment moved or bound
  Cost tlb_flush;            // one TLB invalidation in hardware
  Cost move_window;          // one 2 MiB GART window of a move: map job, copy job, flush
  Cost userptr_page;         // re-fault and re-map one 4 KiB page of a userptr registration
  Cost queue_reset;          // MES resets one queue: its waves are killed, its slot is freed
  Cost mode1_reset;          // a GPU reset that loses VRAM, until the device serves again
  Cost mode2_reset;          // one that keeps it
  // Unique to REMOVE_QUEUE and ADD_QUEUE.
  Cost teardown;      // drop the gang (and with the last, the process context)
  Cost registration;  // create the gang (and process context) anew
  // Unique to SUSPEND and RESUME.
  Cost suspend_book;  // mark the gang suspended
  Cost resume_book;   // mark it runnable
  // Factors.
  Factor gtt_slowdown;  // time of a job whose buffers all lie in GTT over its time in VRAM; at least 1
  Factor context_fill;  // share of the CWSR save area that the resident waves of a full machine use
};

template <>
struct EnumNames<CostKind> {
  static constexpr std::array entries{std::pair{CostKind::measured, std::string_view{"measured"}},
                                      std::pair{CostKind::code, std::string_view{"code"}},
                                      std::pair{CostKind::spec, std::string_view{"spec"}},
                                      std::pair{CostKind::computed, std::string_view{"computed"}},
                                      std::pair{CostKind::assumed, std::string_view{"assumed"}}};
};

template <class V>
void describe(V& v, Cost& c) {
  v.required("value", c.value, "The time it takes");
  v.required("source", c.source, "Where the value comes from");
  v.required("kind", c.kind, "How it is known");
  v.required("range", c.range, "Least and most that is plausible");
}
template <class V>
void describe(V& v, Factor& f) {
  v.required("value", f.value, "The factor");
  v.required("source", f.source, "Where the value comes from");
  v.required("kind", f.kind, "How it is known");
  v.required("range", f.range, "Least and most that is plausible");
}
template <class V>
void describe(V& v, CostSpec& c) {
  v.required("mes_api", c.mes_api, "MES reads, decodes and acknowledges one packet");
  v.required("preempt_idle", c.preempt_idle, "Stop a slot without running waves");
  v.required("preempt_running", c.preempt_running, "Stop a slot with running waves, beside drain or save");
  v.required("unmap", c.unmap, "Take a queue out of its slot");
  v.required("map", c.map, "Put a queue into a slot");
  v.required("connect", c.connect, "The pipe connects a ready queue");
  v.required("context_boundary", c.context_boundary, "CWSR: all waves reach an instruction boundary");
  v.required("worker_latency", c.worker_latency, "From schedule_work to the worker's first instruction");
  v.required("submit", c.submit, "The signal ioctl's own time");
  v.required("page_table_base", c.page_table_base, "Page-table update of one validated process");
  v.required("page_table_fragment", c.page_table_fragment, "Page-table update of one entry: a fragment moved or bound");
  v.required("tlb_flush", c.tlb_flush, "One TLB invalidation in hardware");
  v.required("move_window", c.move_window, "One 2 MiB window of a move, beside the transfer itself");
  v.required("userptr_page", c.userptr_page, "Re-fault and re-map one 4 KiB page of a userptr registration");
  v.required("queue_reset", c.queue_reset, "MES resets one queue");
  v.required("mode1_reset", c.mode1_reset, "A GPU reset that loses VRAM, until the device serves again");
  v.required("mode2_reset", c.mode2_reset, "A GPU reset that keeps VRAM, until the device serves again");
  v.required("teardown", c.teardown, "REMOVE_QUEUE alone: drop the gang");
  v.required("registration", c.registration, "ADD_QUEUE alone: create the gang anew");
  v.required("suspend_book", c.suspend_book, "SUSPEND alone: mark the gang suspended");
  v.required("resume_book", c.resume_book, "RESUME alone: mark the gang runnable");
  v.required("gtt_slowdown", c.gtt_slowdown, "Job time with all buffers in GTT over job time in VRAM");
  v.required("context_fill", c.context_fill, "Share of the CWSR save area used when the machine is full");
}

}  // namespace userqsim
