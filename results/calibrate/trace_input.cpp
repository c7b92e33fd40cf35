#include "results/calibrate/trace_input.hpp"

#include <algorithm>
#include <span>

#include "results/calibrate/trace_line.hpp"

namespace userqsim {
namespace {

// Lines of several CPUs may change places; so many in a row do not.
constexpr std::uint64_t early_for_new_clock = 16;
constexpr std::uint64_t lines_between_questions = 4096;

}  // namespace

bool LineSource::fill() {
  block_.resize(longest);
  in_->read(block_.data(), static_cast<std::streamsize>(block_.size()));
  block_.resize(static_cast<std::size_t>(in_->gcount()));
  at_ = 0;
  return !block_.empty();
}

bool LineSource::next(std::string& line) {
  line.clear();
  too_long_ = false;
  has_end_ = false;
  bool any = false;
  while (!has_end_ && (at_ < block_.size() || fill())) {
    any = true;
    const std::size_t end = block_.find('\n', at_);
    has_end_ = end != std::string::npos;
    const std::size_t length = (has_end_ ? end : block_.size()) - at_;
    too_long_ = too_long_ || line.size() + length > longest;
    if (!too_long_) line.append(block_, at_, length);
    at_ += length + (has_end_ ? 1 : 0);
  }
  if (too_long_) line.clear();
  if (!line.empty() && line.back() == '\r') line.pop_back();
  return any;
}

std::optional<TimedEvent> TraceInput::next() {
  while (lines_.next(line_)) {
    if (++read_ % lines_between_questions == 0 && !(*go_on_)()) return std::nullopt;
    if (lines_.too_long()) {
      counts_->add(LineFate::too_long);
    } else if (auto event = read(line_)) {
      return event;
    }
  }
  return std::nullopt;
}

std::optional<TimedEvent> TraceInput::read(const std::string& text) {
  const TraceLine line = parse_trace_line(text);
  switch (line.form) {
    case LineForm::blank:
    case LineForm::comment:
      counts_->add(LineFate::comment);
      return std::nullopt;
    case LineForm::unknown:
      counts_->add(lines_.has_end() ? LineFate::unparsable : LineFate::truncated);
      return std::nullopt;
    case LineForm::lost:
      counts_->add(LineFate::lost_events);
      counts_->add_lost(line.lost);
      return TimedEvent{last_, TraceGap{}};
    case LineForm::event:
    case LineForm::kernel_log:
      break;
  }
  const ReadEvent read = read_trace_event(line);
  if (read.reading == Reading::damaged || !lines_.has_end()) {
    counts_->add(LineFate::truncated);
    return std::nullopt;
  }
  if (read.reading == Reading::foreign) {
    counts_->add(LineFate::other_event);
    return std::nullopt;
  }
  return in_order(line.time_ns, read.event);
}

std::optional<TimedEvent> TraceInput::in_order(std::int64_t time, const TraceEvent& event) {
  if (time >= last_) {
    early_in_a_row_ = 0;
    last_ = time;
    counts_->add(LineFate::used);
    return TimedEvent{time, event};
  }
  counts_->add(LineFate::out_of_order);
  early_in_a_row_ = time >= last_early_ ? early_in_a_row_ + 1 : 1;
  last_early_ = time;
  if (early_in_a_row_ < early_for_new_clock) return std::nullopt;
  early_in_a_row_ = 0;
  last_ = time;
  return TimedEvent{time, TraceGap{}};
}

namespace {

// The files of one recording, merged by time; among equals the first file's event comes first.
// A hole of one file reaches from its last event before it to its first one after it, and to the end where there is
// none: what the others hold there may belong to what was lost, so nothing is remembered of it.
void read_recording(std::span<std::istream* const> files, const TracedDriver& driver, TraceSamples& samples,
                    LineCounts& counts, const std::function<bool()>& go_on) {
  struct Head {
    TraceInput input;
    std::optional<TimedEvent> event;
    bool in_hole = false;
  };
  std::vector<Head> heads;
  for (std::istream* file : files) {
    heads.push_back({TraceInput{*file, counts, go_on}, std::nullopt, false});
    heads.back().event = heads.back().input.next();
  }
  TracePairing pairing(driver, samples, counts);
  while (true) {
    Head* first = nullptr;
    for (Head& head : heads) {
      if (head.event && (first == nullptr || head.event->time_ns < first->event->time_ns)) first = &head;
    }
    if (first == nullptr) break;
    first->in_hole = std::holds_alternative<TraceGap>(first->event->event);
    pairing.on(first->event->time_ns, first->event->event);
    if (std::any_of(heads.begin(), heads.end(), [](const Head& head) { return head.in_hole; })) {
      pairing.on(first->event->time_ns, TraceGap{});
    }
    first->event = first->input.next();
  }
  pairing.finish();
}

}  // namespace

void read_traces(const std::vector<std::istream*>& files, Recordings recordings, const TracedDriver& driver,
                 TraceSamples& samples, LineCounts& counts, const std::function<bool()>& go_on) {
  if (recordings == Recordings::together) return read_recording(files, driver, samples, counts, go_on);
  for (std::size_t i = 0; i < files.size() && go_on(); ++i) {
    read_recording(std::span{files}.subspan(i, 1), driver, samples, counts, go_on);
  }
}

}  // namespace userqsim
