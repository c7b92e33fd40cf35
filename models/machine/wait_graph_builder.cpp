#include "models/machine/wait_graph_builder.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "models/machine/going_on.hpp"

namespace userqsim {

WaitGraphBuilder::WaitGraphBuilder(const WaitGraph::View& machine, WaitGraph& graph)
    : m_(machine), graph_(graph), driver_(machine.driver) {}

void WaitGraphBuilder::build() {
  for (const Wait& wait : driver_.behind()) said_[wait.who].push_back(wait);
  for (const Wait& wait : m_.memory.waits()) said_[wait.who].push_back(wait);
  moving_ = going_on(m_);
  const std::vector<ThreadWait> waiters = waiters_of(m_.memory, m_.driver, m_.layout);
  for (const Memory::RequestWait& r : m_.memory.requesters()) {
    names_[WaitPoint::of(Kind::request, r.request)] =
        fmt::format("request {} of {}", r.request.value, name_of(r.process));
  }
  for (const ThreadWait& waiter : waiters) names_[waiter.who] = waiter.name;
  for (const ThreadWait& waiter : waiters) {
    if (waiter.who.kind != Kind::request) {
      const std::string held = waiter.held ? fmt::format(", which {} holds", name_of(*waiter.on)) : std::string{};
      said_[waiter.who].push_back({waiter.who, fmt::format("waits for {}{}", waiter.what, held), waiter.on});
    }
    graph_.waiters_.push_back(vertex_of(waiter.who));
  }
  for (const ProcessId process : m_.driver.stopped_processes()) vertex_of(WaitPoint::of(Kind::restart, process));
  for (std::size_t i = 0; i < m_.layout.queues.size(); ++i) {
    const QueueId queue = QueueId::of(i);
    if (driver_.is_mapped(queue) && !m_.hardware.slot_of(queue).exists() &&
        m_.hardware.has_work(queue, m_.workload))
      vertex_of(point(queue));
  }
  // Whatever is waited for is a vertex too, and what that waits for.
  for (WaitGraph::Vertex v = 0; v < graph_.names_.size(); ++v) {
    std::vector<Wait> waits = waits_of(points_[v]);
    for (const Wait& wait : waits) {
      if (wait.on) vertex_of(*wait.on);
    }
    graph_.waits_[v] = std::move(waits);
  }
  find_ends();
}

WaitGraph::Vertex WaitGraphBuilder::vertex_of(const WaitPoint& point) {
  const auto next = static_cast<WaitGraph::Vertex>(graph_.names_.size());
  const auto [vertex, is_new] = graph_.vertices_.emplace(point, next);
  if (is_new) {
    points_.push_back(point);
    graph_.names_.push_back(name_of(point));
    graph_.waits_.emplace_back();
  }
  return vertex->second;
}

std::string WaitGraphBuilder::name_of(QueueId queue) const {
  return fmt::format("{}/{}", name_of(m_.layout.queue(queue).process), m_.layout.queue(queue).name);
}

std::string WaitGraphBuilder::name_of(const WaitPoint& point) const {
  const auto of_process = [&](std::string_view what) {
    return fmt::format("{} of {}", what, name_of(ProcessId{point.id}));
  };
  switch (point.kind) {
    case Kind::thread:
      return driver_.name_of(ThreadId{point.id});
    case Kind::notifier:
      return names_.at(point);
    case Kind::request: {  // one that has just been served has no name any more
      const auto name = names_.find(point);
      return name != names_.end() ? name->second : fmt::format("request {}", point.id);
    }
    case Kind::move:
      return m_.memory.name_of_move(point.id);
    case Kind::buffers:
      return of_process("the validation");
    case Kind::reservations:
      return of_process("the reservations");
    case Kind::submission:
      return of_process("the submission");
    case Kind::allocations:
      return of_process("the allocation");
    case Kind::eviction_fence:
      return of_process("the eviction fence");
    case Kind::restart:
      return of_process("the restart");
    case Kind::job:
      return fmt::format("the next job of {}", name_of(m_.workload.queue_of(JobId{point.id})));
    case Kind::vram:
      return "the emptying of VRAM";
    case Kind::queue:
      return name_of(QueueId{point.id});
    case Kind::mes:
      return point.id == 0 ? "MES" : "MES's second pipe";
    case Kind::isolation:
      return "the isolation window";
    case Kind::resume:
      return "the system's resume";
  }
  return {};
}

std::vector<Wait> WaitGraphBuilder::waits_of(const WaitPoint& who) const {
  switch (who.kind) {
    case Kind::queue:
      return m_.layout.queue(QueueId{who.id}).of_kernel ? waits_of_context(QueueId{who.id})
                                                        : waits_of_queue(QueueId{who.id});
    case Kind::mes:
      return {wait_of_mes(who)};
    case Kind::job:
      return waits_of_job(who, JobId{who.id}, true);
    case Kind::reservations:
      return {driver_.who_holds_reservations(ProcessId{who.id})};
    case Kind::allocations: {
      std::vector<Wait> waits;
      for (const Memory::RequestWait& r : m_.memory.requesters()) {
        const WaitPoint request = WaitPoint::of(Kind::request, r.request);
        if (r.process.value == who.id) waits.push_back({who, "waits for " + name_of(request), request});
      }
      return waits;
    }
    case Kind::move:
      if (m_.hardware.is_down() && !m_.memory.is_cpu(who.id) && !said_.contains(who))
        return {driver_.why_gpu_is_down(who)};
      break;
    case Kind::thread:
    case Kind::notifier:
    case Kind::request:
    case Kind::buffers:
    case Kind::submission:
    case Kind::vram:
    case Kind::eviction_fence:
    case Kind::restart:
    case Kind::isolation:
    case Kind::resume:
      break;
  }
  const auto said = said_.find(who);
  return said != said_.end() ? said->second : std::vector<Wait>{};
}

// One of them is enough.
std::vector<Wait> WaitGraphBuilder::waits_for_one(QueueId who, const std::vector<QueueId>& holders,
                                                  std::string_view what) const {
  std::vector<Wait> waits;
  for (const QueueId holder : holders) {
    waits.push_back(
        {point(who), fmt::format("waits for {}, which {} has", what, name_of(holder)), point(holder), true});
  }
  if (waits.empty()) waits.push_back({point(who), fmt::format("waits for {}", what), {}});
  return waits;
}

std::vector<Wait> WaitGraphBuilder::waits_of_queue(QueueId queue) const {
  const WaitPoint self = point(queue);
  const JobId head = m_.hardware.head_of(queue);
  if (!head.exists()) return {{self, "has no job any more; whose fence it was is lost", {}}};
  std::vector<Wait> jobs = waits_of_job(self, head, false);
  if (!jobs.empty()) return jobs;
  if (m_.hardware.is_stuck(queue)) return {driver_.why_hangs(queue)};
  if (m_.hardware.is_down()) return {driver_.why_gpu_is_down(self)};
  const Gang& gang = m_.firmware.gang(queue);
  if (gang.slot.exists()) {
    const QueueId connected = m_.hardware.on_pipe_of(gang.slot);
    if (connected.exists() && connected != queue) return waits_for_one(queue, {connected}, "its pipe");
    return {{self, gang.leaving ? "is leaving its slot" : "is in its slot", {}}};
  }
  if (!gang.registered || gang.suspended) return driver_.why_stopped(queue);
  if (m_.firmware.is_silent()) return {{self, "waits for MES to give it a slot", WaitPoint{Kind::mes, 0}}};
  return waits_for_one(queue, m_.firmware.rivals_of(queue), "a slot");
}

// A context that submits through the kernel: its jobs go to the kernel's queues, oldest first.
std::vector<Wait> WaitGraphBuilder::waits_of_context(QueueId queue) const {
  const WaitPoint self = point(queue);
  const KernelJob* oldest = driver_.kernel_job(queue);
  if (oldest == nullptr) return {{self, "has no job", {}}};
  std::vector<Wait> jobs = waits_of_job(self, oldest->job, false);
  if (!jobs.empty()) return jobs;
  if (m_.hardware.is_stuck(queue)) return {driver_.why_hangs(queue)};
  if (m_.hardware.is_down()) return {driver_.why_gpu_is_down(self)};
  if (!oldest->bound)
    return {{self, "waits for its buffers", WaitPoint::of(Kind::submission, m_.layout.queue(queue).process)}};
  if (oldest->runs) return {{self, "has a kernel queue", {}}};
  return waits_for_one(queue, driver_.on_kernel_queues(m_.layout.queue(queue).type), "a kernel queue");
}

// The jobs of its graph that come before it: with their clients, or in their rings.
std::vector<Wait> WaitGraphBuilder::waits_of_job(const WaitPoint& who, JobId id, bool only_clients) const {
  std::vector<Wait> waits;
  if (m_.workload.jobs().is_over(id)) return waits;
  const Job& job = m_.workload.jobs()[id];
  for (const std::uint32_t node : m_.workload.node_of(job).after) {
    const JobId first = JobId::of(job.first.index() + node);
    if (m_.workload.jobs().is_over(first)) continue;
    const QueueId queue = m_.workload.queue_of(first);
    const bool with_client = driver_.is_with_client(queue, first);
    if (only_clients && !with_client) continue;
    waits.push_back(
        {who, "waits for a job of " + name_of(queue), with_client ? driver_.client_of(queue) : point(queue)});
  }
  return waits;
}

Wait WaitGraphBuilder::wait_of_mes(const WaitPoint& mes) const {
  if (m_.firmware.is_down()) return driver_.why_gpu_is_down(mes);
  if (m_.firmware.is_silent()) return {mes, "is silent", {}};
  const QueueId leaves = m_.firmware.blocked_by();
  if (mes.id == 0 && leaves.exists())
    return {mes, fmt::format("waits for {} to leave its slot", name_of(leaves)), {}};
  return {mes, "is at it", {}};
}

bool WaitGraphBuilder::has_end(WaitGraph::Vertex v) const {
  const std::vector<Wait>& waits = graph_.waits_[v];
  const auto ends = [&](const Wait& wait) { return wait.on && !graph_.for_ever_[graph_.vertices_.at(*wait.on)]; };
  if (waits.empty()) return false;
  if (waits.front().one_of) return std::any_of(waits.begin(), waits.end(), ends);
  return std::all_of(waits.begin(), waits.end(), ends);
}

// From those who go on by themselves to all who wait for them alone: who is not reached waits for ever.
void WaitGraphBuilder::find_ends() {
  graph_.for_ever_.assign(graph_.names_.size(), true);
  for (WaitGraph::Vertex v = 0; v < points_.size(); ++v) graph_.for_ever_[v] = !moving_.contains(points_[v]);
  for (bool again = true; again;) {
    again = false;
    for (WaitGraph::Vertex v = 0; v < graph_.names_.size(); ++v) {
      if (!graph_.for_ever_[v] || !has_end(v)) continue;
      graph_.for_ever_[v] = false;
      again = true;
    }
  }
}

}  // namespace userqsim
