// What the processes of a scenario do: their queues, their jobs, their buffers, and the pressure on them.
// Immutable once loaded; every name is resolved to an id by workload/layout.hpp.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "sim/config/describe.hpp"
#include "sim/core/bytes.hpp"
#include "sim/core/distribution.hpp"
#include "sim/core/enum_names.hpp"
#include "sim/core/time.hpp"

namespace userqsim {

enum class QueueType : std::uint8_t { gfx, compute, sdma };

// Who puts a process's jobs on the machine: its own doorbells, or the kernel, ioctl by ioctl (amdgpu_cs_ioctl), on
// rings that all such processes share.
enum class Submission : std::uint8_t { user_queues, kernel };

// MES levels as user queues reach them: driver flags NORMAL_LOW, LOW, NORMAL_HIGH and HIGH become NORMAL,
// LOW, MEDIUM and HIGH (mes_userqueue.c). The driver gives REALTIME to no user queue; a scenario may.
enum class Priority : std::uint8_t { low, normal, medium, high, realtime };

enum class Domain : std::uint8_t { vram, gtt, vram_or_gtt };

struct PeriodicArrival {
  Duration period{0};
};
struct PoissonArrival {
  Duration mean{0};  // mean time between arrivals
};
struct ClosedArrival {
  std::uint32_t clients = 1;
  Distribution think = constant(Duration{0});
};
// Arrival times from the process's start, not decreasing: as rows, or as a CSV file with a header line
// `arrival_ns[,work_ns]`. The loader turns the file into rows; the model sees only those.
struct TraceArrival {
  struct Row {
    Duration arrival{0};
    std::optional<Duration> work;  // replaces the sampled work of every node when given
  };
  std::optional<std::string> file;
  std::vector<Row> rows;
};
using Arrival = std::variant<PeriodicArrival, PoissonArrival, ClosedArrival, TraceArrival>;

// The waves of a compute dispatch. What a compute unit holds of them at a time, how many rounds they take and what
// they leave in memory when they are saved follows from here and from the device.
struct WaveShape {
  std::uint64_t waves = 1;        // of the dispatch
  std::uint32_t group_waves = 1;  // of a workgroup
  std::uint32_t wave_size = 32;   // lanes: 32 or 64
  std::uint32_t vgprs = 0;        // of a lane, four bytes each
  Bytes lds{0};                   // of a workgroup
};

// One job of an arrival. Work is machine time at the job's full width.
struct JobSpec {
  std::string name = "job";
  std::optional<std::string> queue;  // default: the queue that holds the stream
  std::vector<std::string> after;    // jobs of the same arrival that must have finished
  Distribution work = constant(Duration{0});
  std::uint32_t width = 1;         // compute units it occupies; for SDMA, ignored by definition (one engine)
  std::optional<Duration> grain;   // machine time of one round of waves (a drain stops at its end);
                                   // default: the whole job is one round
  std::optional<WaveShape> shape;  // instead of `grain`: its rounds are those of its waves
  bool fence = false;              // the driver emits a fence for it: submission needs the eviction fence
};

struct StreamSpec {
  Arrival arrival = PeriodicArrival{};
  std::optional<std::uint64_t> count;  // arrivals in all; default: no end
  std::vector<JobSpec> graph;          // one node when the scenario used the short form
};

struct QueueSpec {
  std::string name;
  QueueType type = QueueType::compute;
  Priority priority = Priority::normal;
  std::uint32_t ring = 256;  // jobs the ring holds before its client blocks
  std::optional<StreamSpec> jobs;
};

// Whose reservation lock a buffer has: its VM's, with all others that have (AMDGPU_GEM_CREATE_VM_ALWAYS_VALID), or
// its own.
enum class Reservation : std::uint8_t { vm, own };

struct BufferSpec {
  std::string name;
  Bytes size{0};
  std::uint32_t count = 1;  // that many buffers of size/count each
  Domain domain = Domain::vram;
  std::optional<Reservation> reservation{};  // default: as the kernel's clients have it
  std::vector<std::string> shared_with{};    // other processes that use it: all are stopped when it moves
  bool cpu_access = false;                   // in VRAM the CPU has to see it
  bool contiguous = false;                   // in VRAM it needs one piece
  bool pinned = false;                       // it is nobody's victim
  bool discardable = false;                  // its content may be dropped
  Bytes fragment{std::int64_t{2} << 20};     // what one page-table entry of it covers
};

// What of a process's VRAM its cgroup protects from others: never taken, and taken when there is nothing else.
struct DmemSpec {
  Bytes min{0};
  Bytes low{0};
};

struct ProcessSpec {
  std::string name;
  Submission submission = Submission::user_queues;
  Duration start{0};
  std::optional<Duration> stop;  // the process exits then
  std::vector<BufferSpec> vram;
  DmemSpec dmem;
  std::vector<QueueSpec> queues;
};

// How a GPU is reset: with MODE1 its memory is lost, with MODE2 it is kept.
enum class ResetMethod : std::uint8_t { mode1, mode2 };

// How the system sleeps: to memory, to idle (the device keeps its power), or to disk.
enum class Sleep : std::uint8_t { s3, s0ix, hibernate };

// What the outside does to one process, or to the whole device (suspend, resume, isolation, gpu_reset).
enum class PressureKind : std::uint8_t {
  allocate,
  invalidate_userptr,
  invalidate_svm,  // pages of an SVM range move; KFD alone has those
  cpu_fault,       // a CPU touches a buffer of the process
  evict,
  suspend,          // the system goes to sleep
  resume,           // and wakes up
  isolation_stop,   // process isolation gives the engines to kernel queues
  isolation_start,  // and gives them back
  destroy_queue,
  restore,  // somebody needs a live eviction fence: the restore work is queued now
  gpu_reset,
};

struct PressureSpec {
  PressureKind kind = PressureKind::evict;
  std::optional<std::string> process;  // none where the kind is about the whole device
  std::optional<Duration> at;          // exactly one of `at` and `every`
  std::optional<Distribution> every;   // time from one to the next
  std::optional<Duration> from;        // with `every`: the first interval starts here
  std::optional<Duration> until;       // with `every`: none after this
  std::optional<std::uint64_t> count;  // with `every`: that many in all
  std::optional<BufferSpec> buffer;    // allocate: what
  std::optional<Distribution> hold;    // allocate: freed that long after it was ready; default: never
  std::optional<Bytes> size;           // invalidate_userptr, invalidate_svm: size of the registration or range
  std::optional<std::string> touches;  // cpu_fault: buffers of that name
  std::optional<std::string> queue;    // destroy_queue: which
  std::optional<Sleep> sleep;          // suspend: default: s3
  std::optional<ResetMethod> method;   // gpu_reset: default: the device's
};

template <>
struct EnumNames<QueueType> {
  static constexpr std::array entries{std::pair{QueueType::gfx, std::string_view{"gfx"}},
                                      std::pair{QueueType::compute, std::string_view{"compute"}},
                                      std::pair{QueueType::sdma, std::string_view{"sdma"}}};
};
template <>
struct EnumNames<Submission> {
  static constexpr std::array entries{std::pair{Submission::user_queues, std::string_view{"user_queues"}},
                                      std::pair{Submission::kernel, std::string_view{"kernel"}}};
};
template <>
struct EnumNames<Priority> {
  static constexpr std::array entries{
      std::pair{Priority::low, std::string_view{"low"}}, std::pair{Priority::normal, std::string_view{"normal"}},
      std::pair{Priority::medium, std::string_view{"medium"}}, std::pair{Priority::high, std::string_view{"high"}},
      std::pair{Priority::realtime, std::string_view{"realtime"}}};
};
template <>
struct EnumNames<Domain> {
  static constexpr std::array entries{std::pair{Domain::vram, std::string_view{"vram"}},
                                      std::pair{Domain::gtt, std::string_view{"gtt"}},
                                      std::pair{Domain::vram_or_gtt, std::string_view{"vram_or_gtt"}}};
};
template <>
struct EnumNames<Sleep> {
  static constexpr std::array entries{std::pair{Sleep::s3, std::string_view{"s3"}},
                                      std::pair{Sleep::s0ix, std::string_view{"s0ix"}},
                                      std::pair{Sleep::hibernate, std::string_view{"hibernate"}}};
};
template <>
struct EnumNames<Reservation> {
  static constexpr std::array entries{std::pair{Reservation::vm, std::string_view{"vm"}},
                                      std::pair{Reservation::own, std::string_view{"own"}}};
};
template <>
struct EnumNames<PressureKind> {
  static constexpr std::array entries{
      std::pair{PressureKind::allocate, std::string_view{"allocate"}},
      std::pair{PressureKind::invalidate_userptr, std::string_view{"invalidate_userptr"}},
      std::pair{PressureKind::invalidate_svm, std::string_view{"invalidate_svm"}},
      std::pair{PressureKind::cpu_fault, std::string_view{"cpu_fault"}},
      std::pair{PressureKind::evict, std::string_view{"evict"}},
      std::pair{PressureKind::suspend, std::string_view{"suspend"}},
      std::pair{PressureKind::resume, std::string_view{"resume"}},
      std::pair{PressureKind::isolation_stop, std::string_view{"isolation_stop"}},
      std::pair{PressureKind::isolation_start, std::string_view{"isolation_start"}},
      std::pair{PressureKind::destroy_queue, std::string_view{"destroy_queue"}},
      std::pair{PressureKind::restore, std::string_view{"restore"}},
      std::pair{PressureKind::gpu_reset, std::string_view{"gpu_reset"}}};
};
template <>
struct EnumNames<ResetMethod> {
  static constexpr std::array entries{std::pair{ResetMethod::mode1, std::string_view{"mode1"}},
                                      std::pair{ResetMethod::mode2, std::string_view{"mode2"}}};
};

template <class V>
void describe(V& v, PeriodicArrival& a) {
  v.whole(a.period, "Time from one arrival to the next", positive());
}
template <class V>
void describe(V& v, PoissonArrival& a) {
  v.whole(a.mean, "Mean time between arrivals", positive());
}
template <class V>
void describe(V& v, ClosedArrival& a) {
  v.optional("clients", a.clients, "Clients, each with one job under way", within(1, 1'000'000));
  v.optional("think", a.think, "Time from a job's end to the client's next submission");
}
template <class V>
void describe(V& v, TraceArrival::Row& r) {
  v.required("arrival", r.arrival, "Time from the process's start");
  v.optional("work", r.work, "Work of every node of this arrival, in place of the sampled one");
}
template <class V>
void describe(V& v, TraceArrival& a) {
  v.optional("file", a.file, "CSV file, relative to the scenario: arrival_ns[,work_ns]; or give `rows`");
  v.optional("rows", a.rows, "Arrivals, times not decreasing; or give `file`");
}
template <class V>
void describe_alternatives(V& v, Arrival& a) {
  v.template alternative<PeriodicArrival>("periodic", a, "At a fixed period, the first at the start");
  v.template alternative<PoissonArrival>("poisson", a, "Poisson arrivals");
  v.template alternative<ClosedArrival>("closed", a, "A closed loop of clients");
  v.template alternative<TraceArrival>("trace", a, "Stated arrival times");
}

inline constexpr Limits width_limits = within(1, 4096);

template <class V>
void describe(V& v, WaveShape& w) {
  v.required("waves", w.waves, "Waves of the dispatch", within(1, std::int64_t{1} << 32));
  v.optional("group_waves", w.group_waves, "Waves of a workgroup", within(1, 32));
  v.optional("wave_size", w.wave_size, "Lanes of a wave", within(32, 64));
  v.required("vgprs", w.vgprs, "Vector registers of a lane", within(1, 512));
  v.optional("lds", w.lds, "Local memory of a workgroup");
}

template <class V>
void describe_job_body(V& v, JobSpec& j) {
  v.required("work", j.work, "Machine time of the job at its full width");
  v.optional("width", j.width, "Compute units it occupies", width_limits);
  v.optional("grain", j.grain, "Machine time of one round of waves: a drain stops at its end; default: the job",
             positive());
  v.optional("shape", j.shape, "Of a compute job, instead of `grain`: its waves");
  v.optional("fence", j.fence, "The driver emits a fence for it: its submission needs a live eviction fence");
}
template <class V>
void describe(V& v, JobSpec& j) {
  v.required("name", j.name, "Name, unique in its graph");
  v.optional("queue", j.queue, "Queue of the same process that runs it; default: the queue that holds the stream");
  v.optional("after", j.after, "Jobs of the same arrival that must have finished");
  describe_job_body(v, j);
}

// A stream is written short, {"arrival", "work", ...}, or long, {"arrival", "graph": [...]}.
template <class V>
void describe(V& v, StreamSpec& s) {
  v.required("arrival", s.arrival, "When jobs arrive");
  v.optional("count", s.count, "Arrivals in all; default: no end", positive());
  v.graph_or_single_job("graph", s.graph, "Jobs of one arrival and what each waits for");
}
template <class V>
void describe(V& v, QueueSpec& q) {
  v.required("name", q.name, "Name, unique in its process");
  v.required("type", q.type, "Engine");
  v.optional("priority", q.priority, "MES level of the queue's gang");
  v.optional("ring", q.ring, "Jobs the ring holds before its client blocks", within(1, 1 << 20));
  v.optional("jobs", q.jobs, "What is submitted to it");
}
template <class V>
void describe(V& v, BufferSpec& b) {
  v.required("name", b.name, "Name, unique in its process");
  v.required("size", b.size, "Size of all `count` buffers together", positive());
  v.optional("count", b.count, "Buffers the size is cut into", within(1, 1 << 20));
  v.optional("domain", b.domain, "Where it may live");
  v.optional("reservation", b.reservation, "Its VM's lock or its own; default: the kernel profile's vm_buffers");
  v.optional("shared_with", b.shared_with, "Other processes that use it: all are stopped when it moves");
  v.optional("cpu_access", b.cpu_access, "In VRAM the CPU has to see it");
  v.optional("contiguous", b.contiguous, "In VRAM it needs one piece; for a device with vram_blocks");
  v.optional("pinned", b.pinned, "It is nobody's victim");
  v.optional("discardable", b.discardable, "Its content may be dropped: it goes first, and nowhere");
  v.optional("fragment", b.fragment, "What one page-table entry of it covers", within(4096, 2 << 20));
}
template <class V>
void describe(V& v, DmemSpec& d) {
  v.optional("min", d.min, "Up to this nobody's victim");
  v.optional("low", d.low, "Up to this a victim only when there is no other");
}
template <class V>
void describe(V& v, ProcessSpec& p) {
  v.required("name", p.name, "Name, unique in the scenario");
  v.optional("submission", p.submission, "By doorbell to queues of its own, or through the kernel's queues");
  v.optional("start", p.start, "When it opens the device");
  v.optional("stop", p.stop, "When it exits; default: never");
  v.optional("vram", p.vram, "Buffers it allocates at its start");
  v.optional("dmem", p.dmem, "What of its VRAM its cgroup protects from others (dmem.min, dmem.low)");
  v.optional("queues", p.queues, "Its user queues, created in this order, or its contexts on the kernel's queues");
}
template <class V>
void describe(V& v, PressureSpec& e) {
  v.required("kind", e.kind, "What happens");
  v.optional("process", e.process, "Process it happens to; none where it happens to the whole device");
  v.optional("at", e.at, "Once, at this time; or give `every`");
  v.optional("every", e.every, "Again and again, this long from one to the next; or give `at`");
  v.optional("from", e.from, "With `every`: the first interval starts here; default: the process's start");
  v.optional("until", e.until, "With `every`: none after this");
  v.optional("count", e.count, "With `every`: that many in all", positive());
  v.optional("buffer", e.buffer, "allocate: what is allocated");
  v.optional("hold", e.hold, "allocate: freed that long after it was ready; default: never");
  v.optional("size", e.size, "invalidate_userptr, invalidate_svm: size of the registration or range", positive());
  v.optional("touches", e.touches, "cpu_fault: buffers of the process that the CPU touches, by name");
  v.optional("queue", e.queue, "destroy_queue: queue of the process");
  v.optional("sleep", e.sleep, "suspend: to memory, to idle, or to disk; default: s3");
  v.optional("method", e.method, "gpu_reset: how; default: the device's reset_method");
}

}  // namespace userqsim
