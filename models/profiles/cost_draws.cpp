#include "models/profiles/cost_draws.hpp"

#include "sim/core/ensure.hpp"

namespace userqsim {

const Cost& CostDraws::cost(CostName name) const {
  const CostSpec& c = *costs_;
  switch (name) {
    case CostName::mes_api:
      return c.mes_api;
    case CostName::preempt_idle:
      return c.preempt_idle;
    case CostName::preempt_running:
      return c.preempt_running;
    case CostName::unmap:
      return c.unmap;
    case CostName::map:
      return c.map;
    case CostName::connect:
      return c.connect;
    case CostName::context_boundary:
      return c.context_boundary;
    case CostName::worker_latency:
      return c.worker_latency;
    case CostName::submit:
      return c.submit;
    case CostName::page_table_base:
      return c.page_table_base;
    case CostName::page_table_fragment:
      return c.page_table_fragment;
    case CostName::tlb_flush:
      return c.tlb_flush;
    case CostName::move_window:
      return c.move_window;
    case CostName::userptr_page:
      return c.userptr_page;
    case CostName::teardown:
      return c.teardown;
    case CostName::registration:
      return c.registration;
    case CostName::suspend_book:
      return c.suspend_book;
    case CostName::resume_book:
      return c.resume_book;
    case CostName::queue_reset:
      return c.queue_reset;
    case CostName::mode1_reset:
      return c.mode1_reset;
    case CostName::mode2_reset:
      return c.mode2_reset;
  }
  fail_invariant("an unknown cost", SourceLocation::current());
}

}  // namespace userqsim
