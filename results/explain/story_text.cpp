#include "results/explain/story_text.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "results/explain/story_words.hpp"
#include "results/report/human.hpp"

namespace userqsim {
namespace {

std::string seconds(std::int64_t ns) { return fmt::format("{}.{:09} s", ns / 1'000'000'000, ns % 1'000'000'000); }

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = text.find('\n', at);
    lines.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  return lines;
}

class StoryPage {
 public:
  StoryPage(const Story& story, const StoryHead& head, TableFormat format)
      : story_(story), row_(story.row), head_(head), format_(format) {}

  std::string text() {
    opening();
    heading("What asked for it");
    paragraph(story_.asked);
    heading(fmt::format("Why {}", story_.process));
    paragraph(story_.chosen);
    time_line();
    packets();
    moves();
    queues();
    waits();
    accounts();
    for (const StoryOther& other : story_.others) under(other);
    return std::move(out_);
  }

 private:
  bool markdown() const { return format_ == TableFormat::md; }

  void heading(const std::string& text) { out_ += markdown() ? "\n## " + text + "\n\n" : "\n" + text + "\n\n"; }
  void paragraph(const std::string& text) { out_ += wrap(text, page_width, 0); }
  void table(const ReportTable& table) { out_ += render(table, format_); }

  // A table whose last column is a sentence: on the page it is broken into lines under itself.
  void table_with_words(ReportTable table, const std::string& title, const std::vector<std::string>& words) {
    if (markdown()) {
      table.columns.push_back({title});
      for (std::size_t r = 0; r < words.size(); ++r) table.rows[r].push_back(words[r]);
      out_ += render(table, format_);
      return;
    }
    const std::vector<std::string> lines = lines_of(render(table, format_));
    std::size_t width = 0;
    for (const std::string& line : lines) width = std::max(width, line.size());
    constexpr std::size_t least = 40;  // for the words
    const std::size_t indent = std::min(width + 2, page_width - least);
    for (std::size_t i = 0; i < lines.size(); ++i) {
      const std::string& own = i == 0 ? title : i == 1 ? std::string(title.size(), '-') : words[i - 2];
      const std::string told = wrap(own, page_width, indent);
      const std::string first =
          lines[i] + std::string(indent > lines[i].size() ? indent - lines[i].size() : 1, ' ');
      out_ += own.empty() ? lines[i] + "\n" : first + told.substr(indent);
    }
  }

  std::string at(std::int64_t time) const { return exact_us(time - row_.start_ns); }
  std::string at(const OptionalNs& time) const { return time ? at(*time) : std::string{}; }

  void opening() {
    const std::string title = fmt::format("Eviction {} of {} under {}", row_.eviction, story_.process, head_.label);
    out_ += markdown() ? "# " + title + "\n\n" : title + "\n\n";
    paragraph(
        fmt::format("{} on {}, kernel {}, replication {}, seed {}: row {} of {} in evictions.csv, {} of them "
                    "of {}.",
                    head_.scenario, head_.device, head_.kernel, head_.replication, head_.seed, story_.number,
                    story_.evictions, story_.of_process, story_.process));
    paragraph(
        fmt::format("From {} to {}: {}, {}{}. Times below are microseconds from its start, exact to the "
                    "nanosecond.",
                    seconds(row_.start_ns), seconds(row_.ended_ns), row_.outcome,
                    length_text(row_.ended_ns - row_.start_ns), split()));
  }

  std::string split() const {
    std::string text;
    if (row_.evict_latency_ns)
      text += fmt::format("; {} to its fence's signal", length_text(*row_.evict_latency_ns));
    if (row_.downtime_ns) text += fmt::format("; queues down for {}", length_text(*row_.downtime_ns));
    return text;
  }

  void time_line() {
    heading("Time line");
    ReportTable lines{{{"at", true}, {"length", true}, {"part"}, {"queue"}}, {}};
    std::vector<std::string> words;
    for (const StoryPart& part : story_.parts) {
      if (!part.row.critical && part.row.part != "queued") continue;
      lines.rows.push_back({at(part.row.start_ns), exact_us(part.row.end_ns - part.row.start_ns),
                            std::string{part.row.part}, part.queue});
      words.push_back(part.told);
    }
    table_with_words(std::move(lines), "waits for", words);
  }

  void packets() {
    heading("Packets");
    if (story_.packets.empty()) return paragraph("None: its workers sent nothing to MES.");
    ReportTable packets{{{"packet"},
                         {"queue"},
                         {"issued", true},
                         {"started", true},
                         {"acked", true},
                         {"done", true},
                         {"busy", true},
                         {"result"}},
                        {}};
    for (const StoryPacket& packet : story_.packets) {
      packets.rows.push_back({std::string{packet.row.opcode}, packet.queue, at(packet.row.issued_ns),
                              at(packet.row.started_ns), at(packet.row.acked_ns), at(packet.row.done_ns),
                              exact_us(packet.row.busy_ns), std::string{packet.row.result}});
    }
    table(packets);
  }

  void moves() {
    heading("Moves");
    if (story_.moves.empty()) return paragraph("None: no buffer of the process moved for it.");
    ReportTable moves{{{"owner"},
                       {"from"},
                       {"to"},
                       {"buffers", true},
                       {"size", true},
                       {"first began", true},
                       {"last done", true},
                       {"copying", true},
                       {"rate", true}},
                      {}};
    for (const StoryMoves& move : story_.moves) {
      std::string rate;
      if (move.copying_ns > 0) {
        const double a_second = static_cast<double>(move.bytes) * 1e9 / static_cast<double>(move.copying_ns);
        rate = human(a_second, "bytes") + "/s";
      }
      moves.rows.push_back({move.owner, std::string{move.from}, std::string{move.to},
                            fmt::format("{}", move.buffers), size_text(move.bytes), at(move.first_ns),
                            at(move.last_ns), exact_us(move.copying_ns), rate});
    }
    table(moves);
  }

  void queues() {
    heading("Restart");
    if (story_.queues.empty()) return paragraph("No queue of the process was stopped.");
    ReportTable queues{{{"queue"},
                        {"work"},
                        {"stopped", true},
                        {"ready", true},
                        {"in a slot", true},
                        {"first wave", true},
                        {"restored", true}},
                       {}};
    for (const StoryQueue& queue : story_.queues) {
      queues.rows.push_back({queue.queue, queue.had_work ? "pending" : "none", at(queue.stopped_ns),
                             at(queue.ready_ns), at(queue.mapped_ns), at(queue.ran_ns), at(queue.restored_ns)});
    }
    table(queues);
  }

  void waits() {
    heading("Who else waited");
    if (story_.waits.empty()) return paragraph("Nobody.");
    paragraph("Times are cut to those of the eviction.");
    out_ += "\n";
    ReportTable waits{{{"from", true}, {"length", true}, {"who"}}, {}};
    std::vector<std::string> words;
    for (const StoryWait& wait : story_.waits) {
      waits.rows.push_back({at(wait.start_ns), exact_us(wait.end_ns - wait.start_ns), wait.who});
      words.push_back(wait.waited_for);
    }
    table_with_words(std::move(waits), "waited for", words);
  }

  void accounts() {
    heading("Accounts");
    ReportTable accounts{{{"part"}, {"waits for"}, {"times", true}, {"length", true}, {"of it downtime", true}},
                         {}};
    std::int64_t downtime = 0;
    for (const StoryAccount& account : story_.accounts) {
      accounts.rows.push_back({std::string{account.part}, std::string{account.waits_for},
                               fmt::format("{}", account.times), exact_us(account.ns),
                               downtime_text(account.downtime_ns)});
      downtime += account.downtime_ns;
    }
    accounts.rows.push_back({"all", "", "", exact_us(row_.ended_ns - row_.start_ns), downtime_text(downtime)});
    table(accounts);
  }

  // Of an eviction that was not restored the downtime is not known.
  std::string downtime_text(std::int64_t ns) const { return row_.downtime_ns ? exact_us(ns) : std::string{}; }

  static std::string exact(const OptionalNs& value, std::string_view unit) {
    if (!value) return {};
    return unit == "ns" ? exact_us(*value) : fmt::format("{}", *value);
  }

  void under(const StoryOther& other) {
    heading(fmt::format("Under {}", other.policy));
    const auto end = [](const EvictionRow& row) {
      return fmt::format("{} after {} us", row.outcome, exact_us(row.ended_ns - row.start_ns));
    };
    paragraph(fmt::format("From a copy of the machine just before the eviction: {}; under {} it was {}.",
                          end(other.row), head_.policy, end(row_)));
    ReportTable sides{{{"what"}, {head_.policy, true}, {other.policy, true}, {"difference", true}, {"unit"}}, {}};
    for (const StoryFigure& figure : figures_of(story_, other)) {
      const OptionalNs difference =
          figure.here && figure.there ? OptionalNs{*figure.there - *figure.here} : std::nullopt;
      sides.rows.push_back({figure.name, exact(figure.here, figure.unit), exact(figure.there, figure.unit),
                            exact(difference, figure.unit), figure.unit == "ns" ? "us" : std::string{figure.unit}});
    }
    out_ += "\n";
    table(sides);
  }

  const Story& story_;
  const EvictionRow& row_;
  const StoryHead& head_;
  TableFormat format_;
  std::string out_;
};

ReportTable parts_table(const Story& story, const StoryHead& head) {
  ReportTable table{{{"scenario"},
                     {"policy"},
                     {"rep", true},
                     {"eviction", true},
                     {"process"},
                     {"queue"},
                     {"part"},
                     {"waits_for"},
                     {"start_ns", true},
                     {"end_ns", true},
                     {"critical", true},
                     {"told"}},
                    {}};
  for (const StoryPart& part : story.parts) {
    table.rows.push_back({head.scenario, head.label, fmt::format("{}", head.replication),
                          fmt::format("{}", part.row.eviction), story.process, part.queue,
                          std::string{part.row.part}, std::string{part.row.waits_for},
                          fmt::format("{}", part.row.start_ns), fmt::format("{}", part.row.end_ns),
                          part.row.critical ? "1" : "0", part.told});
  }
  return table;
}

}  // namespace

std::vector<StoryFigure> figures_of(const Story& story, const StoryOther& other) {
  const EvictionRow& a = story.row;
  const EvictionRow& b = other.row;
  std::vector<StoryFigure> figures{{"length_ns", "ns", a.ended_ns - a.start_ns, b.ended_ns - b.start_ns},
                                   {"evict_latency_ns", "ns", a.evict_latency_ns, b.evict_latency_ns},
                                   {"restore_latency_ns", "ns", a.restore_latency_ns, b.restore_latency_ns},
                                   {"downtime_ns", "ns", a.downtime_ns, b.downtime_ns},
                                   {"requester_stall_ns", "ns", a.requester_stall_ns, b.requester_stall_ns},
                                   {"fence_wait_ns", "ns", a.fence_wait_ns, b.fence_wait_ns},
                                   {"lock_wait_ns", "ns", a.lock_wait_ns, b.lock_wait_ns},
                                   {"mes_packets", "count", a.mes_packets, b.mes_packets},
                                   {"mes_busy_ns", "ns", a.mes_busy_ns, b.mes_busy_ns},
                                   {"mes_lock_hold_ns", "ns", a.mes_lock_hold_ns, b.mes_lock_hold_ns},
                                   {"cpu_poll_ns", "ns", a.cpu_poll_ns, b.cpu_poll_ns},
                                   {"context_bytes", "bytes", a.context_bytes, b.context_bytes},
                                   {"moved_bytes", "bytes", a.moved_bytes, b.moved_bytes}};
  const auto sum_of = [](const std::vector<StoryAccount>& accounts, std::string_view part) {
    const auto found = std::find_if(accounts.begin(), accounts.end(),
                                    [&](const StoryAccount& account) { return account.part == part; });
    return found == accounts.end() ? OptionalNs{0} : OptionalNs{found->ns};
  };
  std::vector<std::string_view> parts;
  for (const auto* accounts : {&story.accounts, &other.accounts}) {
    for (const StoryAccount& account : *accounts) {
      if (std::find(parts.begin(), parts.end(), account.part) == parts.end()) parts.push_back(account.part);
    }
  }
  for (const std::string_view part : parts) {
    figures.push_back(
        {fmt::format("part {}", part), "ns", sum_of(story.accounts, part), sum_of(other.accounts, part)});
  }
  return figures;
}

std::string render_story(const Story& story, const StoryHead& head, TableFormat format) {
  switch (format) {
    case TableFormat::csv:
      return render(parts_table(story, head), format);
    case TableFormat::json:
      return story_json(story, head);
    case TableFormat::table:
    case TableFormat::md:
      break;
  }
  return StoryPage(story, head, format).text();
}

}  // namespace userqsim
