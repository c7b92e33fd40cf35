#include "results/ftrace/ftrace_sink.hpp"

#include <utility>

#include "results/ftrace/ftrace_text.hpp"

namespace userqsim {

FtraceSink::FtraceSink(Probes& probes, const Layout& layout, std::shared_ptr<const MachineSpec> spec)
    : setting_{std::move(spec), layout},
      names_(layout),
      lines_(names_),
      evictions_(setting_, names_, lines_),
      queues_(setting_, names_, lines_),
      jobs_(setting_, names_, lines_) {
  evictions_.subscribe(probes);
  queues_.subscribe(probes);
  jobs_.subscribe(probes);
  probes.move_queued.subscribe([this](const MoveQueued& fact) { on_move(fact); });
}

// Traced in the thread for whose sake it moves. Between system memory and swap no resource changes its place.
void FtraceSink::on_move(const MoveQueued& fact) {
  const auto in_system = [](MemType type) { return type == MemType::system || type == MemType::swap; };
  if (in_system(fact.from) && in_system(fact.to)) return;
  FtraceTask task = names_.device_worker();
  if (fact.claimant.exists()) {
    const bool asks_itself =
        fact.request.exists() || setting_.layout.process(fact.claimant).submission == Submission::kernel;
    task = asks_itself ? names_.own(fact.claimant) : names_.worker(fact.claimant);
  }
  lines_.add(fact.time, task, ftrace::bo_move(names_.buffer_pointer(fact.buffer), fact.from, fact.to, fact.bytes));
}

}  // namespace userqsim
