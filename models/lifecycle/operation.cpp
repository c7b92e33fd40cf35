#include "models/lifecycle/operation.hpp"

#include <algorithm>
#include <utility>

#include "sim/core/ensure.hpp"

namespace userqsim {

namespace {

// Where a helper leaves its queue.
UserqState outcome(const PrimitiveRow& row, PacketResult result) {
  return result == PacketResult::ok ? row.ok : row.failed;
}

// The order in which amdgpu_userq_detect_and_reset_queues asks.
constexpr std::array detection_order{QueueType::compute, QueueType::gfx, QueueType::sdma};

// A reset walks the queues under no lock.
bool takes_userq_mutex(Operation operation) {
  return operation != Operation::pre_reset && operation != Operation::post_reset &&
         operation != Operation::post_reset_vram_lost;
}

// As idr_alloc and xa_alloc give them: the lowest that is free, from 1.
std::uint32_t lowest_free_id(const QueueBook& book, ProcessId process) {
  std::vector<std::uint32_t> taken;
  for (const QueueId queue : book.of(process)) {
    if (book.at(queue).exists()) taken.push_back(book.at(queue).id);
  }
  std::sort(taken.begin(), taken.end());
  std::uint32_t id = 1;
  for (const std::uint32_t each : taken) id += each == id ? 1U : 0U;
  return id;
}

// By id, or in KFD's list, at whose head a queue is added.
std::uint32_t place_in_process(const Lifecycle& release, const QueueLife& queue) {
  return release.newest_queue_first ? ~queue.order : queue.id;
}

bool is_about_all(Primitive primitive) {
  return primitive == Primitive::preempt_all || primitive == Primitive::restore_all;
}

}  // namespace

Plan plan_operation(const Lifecycle& release, Operation operation, const QueueList& queues) {
  Plan plan;
  for (const QueueId queue : queues) {
    for (const PathRow& row : release.paths) {
      if (row.operation == operation) plan.push_back({row.primitive, queue});
    }
  }
  return plan;
}

QueueList walk_device(const Lifecycle& release, Operation operation, const QueueBook& book) {
  const bool resumes = operation == Operation::resume_s3 || operation == Operation::resume_s0ix;
  QueueList walk;
  for (std::size_t i = 0; i < book.queues.size(); ++i) {
    const QueueLife& queue = book.queues[i];
    if (!queue.exists() || (resumes && book.evicted.count(queue.process) > 0)) continue;
    walk.push_back(QueueId::of(i));
  }
  std::sort(walk.begin(), walk.end(), [&](QueueId a, QueueId b) {
    const auto key = [&](QueueId id) {
      const QueueLife& queue = book.at(id);
      if (release.walk == Walk::creation) return std::pair(std::uint32_t{0}, queue.order);
      return std::pair(~queue.opened, place_in_process(release, queue));
    };
    return key(a) < key(b);
  });
  return walk;
}

QueueList walk_process(const Lifecycle& release, const QueueBook& book, ProcessId process) {
  QueueList walk;
  for (const QueueId queue : book.of(process)) {
    if (book.at(queue).exists()) walk.push_back(queue);
  }
  std::sort(walk.begin(), walk.end(), [&](QueueId a, QueueId b) {
    return place_in_process(release, book.at(a)) < place_in_process(release, book.at(b));
  });
  return walk;
}

bool enter_queue(QueueBook& book, QueueId id, std::uint32_t opened) {
  QueueLife& queue = book.at(id);
  queue.id = lowest_free_id(book, queue.process);
  queue.created = true;
  queue.opened = opened;
  queue.order = book.created++;
  book.created_by[queue.process.value].push_back(id);
  queue.counted = book.halted && queue.type != QueueType::sdma;
  return !queue.counted;
}

void OperationRun::begin(const Lifecycle& release, Operation operation, const Plan& plan, ProcessId process,
                         const QueueBook& book, Recovery recovery) {
  ensure(over_, "an operation begins before the last one is over");
  std::vector<Step> room = std::move(steps_);
  *this = OperationRun{};
  room.clear();
  steps_ = std::move(room);
  operation_ = operation;
  process_ = process;
  recovery_ = recovery;
  asks_regardless_ = release.asks_regardless;
  over_ = false;
  const bool has_subject = operation == Operation::create || operation == Operation::destroy;
  if (has_subject && !plan.empty()) subject_ = plan.front().queue;
  const PathRow* path = find_path(release, operation);
  if (path == nullptr) return;

  std::vector<ProcessId> asked;  // processes whose queues were looked at for hangs
  for (std::size_t i = 0; i < plan.size(); ++i) {
    const QueueId queue = plan[i].queue;
    const ProcessId owner = queue.exists() ? book.at(queue).process : process;
    if (path->detect == Detect::each_process && std::find(asked.begin(), asked.end(), owner) == asked.end()) {
      asked.push_back(owner);
      insert_detection(owner, steps_.size(), book);
    }
    if (queue.exists() && path->which == Which::graphics_and_compute && book.at(queue).type == QueueType::sdma)
      continue;
    const bool first = i == 0 || plan[i - 1].queue != queue;
    const bool last = i + 1 == plan.size() || plan[i + 1].queue != queue;
    if (!queue.exists() && path->check_va) {
      for (const QueueId each : book.of(process)) {
        steps_.push_back({Kind::check_va, Primitive::nothing, each, QueueType::compute, process, std::nullopt,
                          PacketResult::ok});
      }
    }
    add(*path, plan[i], owner, first, last, book);
  }
}

// The steps of one helper on one queue: what comes before the queue's first, and behind its last.
void OperationRun::add(const PathRow& path, const PlanStep& step, ProcessId owner, bool first, bool last,
                       const QueueBook& book) {
  const auto push = [&](Kind kind) {
    steps_.push_back({kind, step.primitive, step.queue, QueueType::compute, owner, std::nullopt, PacketResult::ok});
  };
  if (first && path.last_fence != LastFence::no_wait) push(Kind::wait);
  if (first && path.detect == Detect::each_queue) insert_detection(owner, steps_.size(), book);
  if (first && path.check_va && step.queue.exists()) push(Kind::check_va);
  push(Kind::apply);
  if (last && path.complete != ForceCompletion::nobodys) push(Kind::complete);
  if (last && (path.operation == Operation::destroy || path.operation == Operation::process_exit)) {
    push(Kind::free);
  }
  if (last && path.operation == Operation::create) push(Kind::free_if_failed);
}

Action OperationRun::next(const Lifecycle& release, QueueBook& book) {
  const PathRow* path = find_path(release, operation_);
  // A stop counts from its beginning, whatever comes of it.
  if (release.counts_evictions && operation_ == Operation::evict) book.evicted.insert(process_);
  while (path != nullptr) {
    if (reset_ != Escalation::nothing) {
      return ResetGpu{std::exchange(reset_, Escalation::nothing) == Escalation::reset};
    }
    if (cursor_ < steps_.size()) {
      const ProcessId owner = steps_[cursor_].process;
      if (!process_.exists() && owner != entered_ && takes_userq_mutex(operation_)) {
        entered_ = owner;
        return EnterProcess{owner};
      }
      if (std::optional<Action> action = run_step(release, *path, book)) return *action;
    } else if (error_ && !escalated_) {
      escalated_ = true;
      escalate(path->at_failure, process_, book);
    } else {
      break;
    }
  }
  if (operation_ == Operation::post_reset || operation_ == Operation::post_reset_vram_lost) book.hws_hang = false;
  if (operation_ == Operation::restore || operation_ == Operation::process_exit) book.evicted.erase(process_);
  if (operation_ == Operation::process_exit) {
    for (const QueueId queue : book.of(process_)) book.at(queue).counted = false;
  }
  over_ = true;
  return Finished{error_};
}

// One step as far as it goes; nothing when it is over and there was nothing to tell.
std::optional<Action> OperationRun::run_step(const Lifecycle& release, const PathRow& path, QueueBook& book) {
  const Step& step = steps_[cursor_];
  if (step.queue.exists() && !book.at(step.queue).exists()) {
    called_ = false;  // freed by another thread while this one was at it
    ++cursor_;
    return std::nullopt;
  }
  switch (step.kind) {
    case Kind::detect:
      return detect(book);
    case Kind::wait:
      if (!std::exchange(called_, !called_))
        return WaitLastFence{step.queue, path.last_fence == LastFence::limited};
      ++cursor_;
      return std::nullopt;
    case Kind::check_va:
      return check_va(book);
    case Kind::apply:
      return is_about_all(step.primitive) ? apply_to_all(release, path, book) : apply(release, path, book);
    case Kind::complete:
      ++cursor_;
      if (error_ || (path.complete == ForceCompletion::acted_on && !acted_)) return std::nullopt;
      return CompleteFences{step.queue};
    case Kind::free:
      return free(book);
    case Kind::mark_hung: {
      const Step mark = step;
      ++cursor_;
      const UserqState from = std::exchange(book.at(mark.queue).state, UserqState::hung);
      return Moved{mark.queue, from, UserqState::hung, mark.call, mark.result, mark.primitive, seen_};
    }
    case Kind::free_if_failed:
      if (error_) return free(book);
      book.at(step.queue).counted = true;
      ++cursor_;
      return std::nullopt;
  }
  fail_invariant("an unknown step", SourceLocation::current());
}

// A helper on one queue, as the tables say. It looks at the state, calls MES, and sets the state that follows from
// what it had seen, whatever another thread (a reset takes no mutex) has made of the queue meanwhile.
std::optional<Action> OperationRun::apply(const Lifecycle& release, const PathRow& path, QueueBook& book) {
  const Step step = steps_[cursor_];
  QueueLife& queue = book.at(step.queue);
  if (!called_) seen_ = queue.state;
  const PrimitiveRow* row = find_primitive(release, step.primitive, seen_);
  acted_ = row != nullptr;
  if (row == nullptr) {
    ++cursor_;
    return std::nullopt;
  }
  if (!called_ && row->call) {
    called_ = true;
    if (can_call(*row, book)) {
      return CallMes{*row->call, queue.process, step.queue, queue.type,
                     step.primitive == Primitive::remove_after_reset};
    }
    answer_ = MesAnswer{PacketResult::error, {}};
  }
  const std::optional<Opcode> call = can_call(*row, book) ? row->call : std::nullopt;
  if (!std::exchange(called_, false)) answer_ = MesAnswer{};
  ++cursor_;
  if (row->hung_last && answer_.result != PacketResult::ok) {
    Step mark = step;
    mark.kind = Kind::mark_hung;
    mark.call = call;
    mark.result = answer_.result;
    steps_.insert(steps_.begin() + cursor_, mark);
    note_result(path, *row, answer_.result, queue.process, release, book);
    return std::nullopt;
  }
  const Moved moved{step.queue,     queue.state, outcome(*row, answer_.result), call, answer_.result,
                    step.primitive, seen_};
  queue.state = moved.to;
  note_result(path, *row, answer_.result, queue.process, release, book);
  return moved;
}

// Not to MES that KFD has given up, and no reset of a queue that the device cannot reset alone: the helper fails at
// once.
bool OperationRun::can_call(const PrimitiveRow& row, const QueueBook& book) const {
  return !book.hws_hang && (row.call != Opcode::reset || recovery_.per_queue_reset);
}

// One packet for all gangs; the driver then marks each queue of the process as it marks one.
std::optional<Action> OperationRun::apply_to_all(const Lifecycle& release, const PathRow& path, QueueBook& book) {
  const Step step = steps_[cursor_];
  const Primitive each = step.primitive == Primitive::preempt_all ? Primitive::preempt : Primitive::restore;
  const UserqState from = each == Primitive::preempt ? UserqState::mapped : UserqState::preempted;
  const PrimitiveRow* row = find_primitive(release, each, from);
  ensure(row != nullptr, "a helper for all gangs without a row of its own");
  const std::vector<QueueId>& mine = book.of(process_);
  if (!called_) {
    const auto acts = [&](QueueId queue) { return book.at(queue).exists() && book.at(queue).state == from; };
    // To stop nobody, no packet; to let the others go, one even for a process that has nothing to restart.
    if (each == Primitive::preempt && std::none_of(mine.begin(), mine.end(), acts)) {
      ++cursor_;
      return std::nullopt;
    }
    called_ = true;
    hits_ = 0;
    if (!book.hws_hang) return CallMes{*row->call, process_, QueueId::none(), QueueType::compute, false};
    answer_ = MesAnswer{PacketResult::error, {}};
  }
  for (; hits_ < mine.size(); ++hits_) {
    QueueLife& queue = book.at(mine[hits_]);
    if (!queue.exists() || queue.state != from) continue;
    const Moved moved{mine[hits_], from, outcome(*row, answer_.result), row->call, answer_.result, each};
    queue.state = moved.to;
    return moved;
  }
  called_ = false;
  ++cursor_;
  note_result(path, *row, answer_.result, process_, release, book);
  return std::nullopt;
}

// What a helper's result means to the walk.
void OperationRun::note_result(const PathRow& path, const PrimitiveRow& row, PacketResult result, ProcessId process,
                               const Lifecycle& release, QueueBook& book) {
  const bool failed = result != PacketResult::ok;
  if (path.on_error == OnError::go_on_loosely) error_ = failed;
  if (!failed) return;
  if (path.on_error != OnError::ignore && path.on_error != OnError::ignore_process) error_ = true;
  if (path.on_error == OnError::stop) steps_.resize(cursor_);
  if (path.on_error == OnError::stop_process || path.on_error == OnError::ignore_process) {
    const auto same = [&](const Step& step) { return step.process == process; };
    steps_.erase(std::remove_if(steps_.begin() + cursor_, steps_.end(), same), steps_.end());
  }
  if (release.stops_calling && recovery_.enabled) book.hws_hang = true;
  escalate(row.on_failure, process, book);
}

void OperationRun::escalate(Escalation escalation, ProcessId process, const QueueBook& book) {
  if (!recovery_.enabled) return;
  if (escalation == Escalation::detect) insert_detection(process, cursor_, book);
  if (escalation == Escalation::reset || escalation == Escalation::reset_later) reset_ = escalation;
}

// One question for each type that the process has queues of (userq_count). A queue counts when its creation is
// over, and no more when its destruction has begun; those that an exit frees count to its end.
void OperationRun::insert_detection(ProcessId process, std::size_t at, const QueueBook& book) {
  if (!recovery_.enabled || (!recovery_.per_queue_reset && !asks_regardless_)) return;
  for (const QueueType type : detection_order) {
    const std::vector<QueueId>& mine = book.of(process);
    const bool any = std::any_of(mine.begin(), mine.end(), [&](QueueId queue) {
      return book.at(queue).type == type && book.at(queue).counted && queue != subject_;
    });
    if (!any) continue;
    const Step step{Kind::detect, Primitive::reset, QueueId::none(), type, process, std::nullopt, PacketResult::ok};
    steps_.insert(steps_.begin() + static_cast<std::ptrdiff_t>(at++), step);
  }
}

// One question. MES resets what hangs and names it; the driver marks those HUNG, completes their fences, and has
// MES resume every gang. An error means a reset of the whole GPU, and no further questions.
std::optional<Action> OperationRun::detect(QueueBook& book) {
  const Step step = steps_[cursor_];
  if (!called_) {
    called_ = true;
    hits_ = 0;
    return CallMes{Opcode::reset, step.process, QueueId::none(), step.type, false};
  }
  // Two actions a queue found: it goes HUNG, and its fences are completed.
  while (answer_.result == PacketResult::ok && hits_ < 2 * answer_.hung.size()) {
    const QueueId hung = *(answer_.hung.begin() + hits_ / 2);
    const bool mark = hits_++ % 2 == 0;
    if (!book.at(hung).exists()) continue;
    if (!mark) return CompleteFences{hung};
    const UserqState from = std::exchange(book.at(hung).state, UserqState::hung);
    return Moved{hung, from, UserqState::hung, Opcode::reset, PacketResult::ok};
  }
  called_ = false;
  ++cursor_;
  if (answer_.result == PacketResult::ok) return std::nullopt;
  while (cursor_ < steps_.size() && steps_[cursor_].kind == Kind::detect) ++cursor_;
  if (operation_ == Operation::hang) error_ = true;  // everybody else ignores what the detection returns
  reset_ = Escalation::reset;
  return std::nullopt;
}

// amdgpu_userq_buffer_vas_mapped: none is left, so the queue can never run again.
std::optional<Action> OperationRun::check_va(QueueBook& book) {
  const QueueId id = steps_[cursor_].queue;
  QueueLife& queue = book.at(id);
  ++cursor_;
  if (!queue.vas_gone) return std::nullopt;
  while (cursor_ < steps_.size() && steps_[cursor_].queue == id) ++cursor_;
  const UserqState from = std::exchange(queue.state, UserqState::invalid_va);
  return Moved{id, from, queue.state, std::nullopt, PacketResult::ok};
}

std::optional<Action> OperationRun::free(QueueBook& book) {
  const QueueId id = steps_[cursor_++].queue;
  if (operation_ != Operation::process_exit) book.at(id).counted = false;
  const UserqState from = std::exchange(book.at(id).state, UserqState::gone);
  return Moved{id, from, UserqState::gone, std::nullopt, PacketResult::ok};
}

}  // namespace userqsim
