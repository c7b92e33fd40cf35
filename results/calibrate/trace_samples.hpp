// What a trace gave: how long things took, and what became of every line that was read.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

#include "sim/core/enum_names.hpp"

namespace userqsim {

// What became of a line. Every line that is read has exactly one fate.
enum class LineFate : std::uint8_t {
  used,
  comment,      // or blank
  other_event,  // well-formed, but says nothing of a cost
  unpaired_start,
  unpaired_end,
  truncated,     // an event of ours whose fields are cut or damaged; a last line without its end
  out_of_order,  // its time is before that of a line before it
  unparsable,    // no line of a trace
  too_long,
  lost_events,  // the kernel says that events were lost here
};

template <>
struct EnumNames<LineFate> {
  static constexpr std::array entries{std::pair{LineFate::used, std::string_view{"used"}},
                                      std::pair{LineFate::comment, std::string_view{"comment"}},
                                      std::pair{LineFate::other_event, std::string_view{"other_event"}},
                                      std::pair{LineFate::unpaired_start, std::string_view{"unpaired_start"}},
                                      std::pair{LineFate::unpaired_end, std::string_view{"unpaired_end"}},
                                      std::pair{LineFate::truncated, std::string_view{"truncated"}},
                                      std::pair{LineFate::out_of_order, std::string_view{"out_of_order"}},
                                      std::pair{LineFate::unparsable, std::string_view{"unparsable"}},
                                      std::pair{LineFate::too_long, std::string_view{"too_long"}},
                                      std::pair{LineFate::lost_events, std::string_view{"lost_events"}}};
};

class LineCounts {
 public:
  void add(LineFate fate) { ++counts_[static_cast<std::size_t>(fate)]; }
  // A line that was taken for used was not.
  void reconsider(LineFate fate) { --counts_[static_cast<std::size_t>(LineFate::used)], add(fate); }
  std::uint64_t of(LineFate fate) const { return counts_[static_cast<std::size_t>(fate)]; }
  std::uint64_t total() const;

  void add_lost(std::uint64_t events);          // stays at the most that it can say
  std::uint64_t lost() const { return lost_; }  // events, as far as the lines say how many

 private:
  std::uint64_t lost_ = 0;
  std::array<std::uint64_t, EnumNames<LineFate>::entries.size()> counts_{};
};

// The calls to MES that tracepoints show, by the states between which they move a queue.
enum class Service : std::uint8_t {
  add,               // UNMAPPED to MAPPED
  remove,            // MAPPED to UNMAPPED
  remove_preempted,  // PREEMPTED to UNMAPPED: the queue has no slot
  suspend,           // MAPPED to PREEMPTED
  resume,            // PREEMPTED to MAPPED
};
template <>
struct EnumNames<Service> {
  static constexpr std::array entries{
      std::pair{Service::add, std::string_view{"ADD_QUEUE"}},
      std::pair{Service::remove, std::string_view{"REMOVE_QUEUE"}},
      std::pair{Service::remove_preempted, std::string_view{"REMOVE_QUEUE of PREEMPTED"}},
      std::pair{Service::suspend, std::string_view{"SUSPEND"}},
      std::pair{Service::resume, std::string_view{"RESUME"}}};
};

// How the start of MES's service was told from the wait for the MES mutex.
enum class StartKnown : std::uint8_t {
  emission,  // the driver printed the packet's emission
  alone,     // nobody else was inside such a call
  queued,    // first in, first out: when the call before it ended
};
template <>
struct EnumNames<StartKnown> {
  static constexpr std::array entries{std::pair{StartKnown::emission, std::string_view{"emission"}},
                                      std::pair{StartKnown::alone, std::string_view{"alone"}},
                                      std::pair{StartKnown::queued, std::string_view{"queued"}}};
};
// Why a call is no sample of its service.
enum class LeftOut : std::uint8_t {
  not_separated,  // it waited for a mutex whose release is not seen; a flush that may be one of several processes'
  mes_busy,       // a SUSPEND of somebody else was under way in MES, or it is not seen when that ended; after RESET
  fence_pending,  // a job's fence was pending when the queue was stopped: not idle
  graphics,       // a graphics queue was stopped: its context's save is not told apart
  failed,         // the queue went HUNG, or it took as long as a time-out, or MES had not answered before
  no_packet,      // it took no time: a packet before it had done its work
};
template <>
struct EnumNames<LeftOut> {
  static constexpr std::array entries{std::pair{LeftOut::not_separated, std::string_view{"not_separated"}},
                                      std::pair{LeftOut::mes_busy, std::string_view{"mes_busy"}},
                                      std::pair{LeftOut::fence_pending, std::string_view{"fence_pending"}},
                                      std::pair{LeftOut::graphics, std::string_view{"graphics"}},
                                      std::pair{LeftOut::failed, std::string_view{"failed"}},
                                      std::pair{LeftOut::no_packet, std::string_view{"no_packet"}}};
};

struct ServiceSamples {
  std::vector<std::int64_t> served;  // ns, without the wait for the MES mutex
  std::vector<std::int64_t> whole;   // ns, with it; of every call that succeeded
  std::array<std::uint64_t, EnumNames<StartKnown>::entries.size()> known{};
  std::array<std::uint64_t, EnumNames<LeftOut>::entries.size()> left_out{};

  void leave_out(LeftOut why) { ++left_out[static_cast<std::size_t>(why)]; }
};

// All times in ns.
struct TraceSamples {
  std::array<ServiceSamples, EnumNames<Service>::entries.size()> services;
  std::vector<std::int64_t> worker_latency;
  std::vector<std::int64_t> mes_api;    // SET_HW_RSRC to QUERY_SCHEDULER_STATUS
  std::vector<std::int64_t> tlb_flush;  // with mes_api
  std::array<std::uint64_t, EnumNames<LeftOut>::entries.size()> flushes_left_out{};
  std::vector<std::int64_t> queue_reset;    // with mes_api
  std::vector<std::int64_t> evict_latency;  // the fence's enabling to its signal
  std::vector<std::int64_t> restore;        // the signal to the next fence
  std::uint64_t invalid_va = 0;             // queues that went INVALID_VA, for which MES is not called
  std::uint64_t mes_timeouts = 0;

  ServiceSamples& of(Service service) { return services[static_cast<std::size_t>(service)]; }
  void leave_flush_out(LeftOut why) { ++flushes_left_out[static_cast<std::size_t>(why)]; }
  std::uint64_t flushes() const;  // that ended with a fence
  const ServiceSamples& of(Service service) const { return services[static_cast<std::size_t>(service)]; }
  // Whether there is anything to estimate a cost from.
  bool any() const;
};

}  // namespace userqsim
