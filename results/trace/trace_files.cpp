#include "results/trace/trace_files.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <functional>
#include <optional>
#include <system_error>
#include <utility>

#include "results/record/output_error.hpp"
#include "results/trace/chrome.hpp"
#include "results/trace/csv_trace.hpp"
#include "results/trace/pftrace.hpp"
#include "results/trace/tracer.hpp"

namespace userqsim {
namespace {

namespace fs = std::filesystem;

constexpr int quick = 1, small = 6;  // levels of compression: of what is read once, of what is kept

// One time line to several sinks.
class Fan final : public TraceSink {
 public:
  void to(std::unique_ptr<TraceSink> sink) { sinks_.push_back(std::move(sink)); }
  void declare(const TraceTrack& track) override {
    for (const auto& sink : sinks_) sink->declare(track);
  }
  void add(const TraceSlice& slice) override {
    for (const auto& sink : sinks_) sink->add(slice);
  }
  void count(TraceTrackId track, std::int64_t time_ns, std::int64_t value) override {
    for (const auto& sink : sinks_) sink->count(track, time_ns, value);
  }
  void close() override {
    for (const auto& sink : sinks_) sink->close();
  }

 private:
  std::vector<std::unique_ptr<TraceSink>> sinks_;
};

void read_file(const fs::path& path, const std::function<void(std::string_view)>& take) {
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "rbe"), std::fclose);
  if (!file) throw output_error("read", path.string(), errno);
  std::array<char, 1 << 16> text{};
  for (;;) {
    const std::size_t read = std::fread(text.data(), 1, text.size(), file.get());
    if (read > 0) take({text.data(), read});
    if (read < text.size() && std::ferror(file.get()) != 0) throw output_error("read", path.string(), EIO);
    if (read < text.size()) return;
  }
}

}  // namespace

struct RunTrace::State {
  std::optional<CsvWriter> slices, counters;
  std::optional<OutputFile> pftrace;
  std::optional<GzipFile> chrome;
  Fan fan;
  std::optional<TraceFilter> filter;
  std::optional<Tracer> tracer;
  std::uint64_t slice_rows = 0, counter_rows = 0;
};

RunTrace::RunTrace(Machine& machine, const RecordKey& key, std::uint32_t run, const Files& files,
                   const TraceSelection& selection)
    : state_(std::make_unique<State>()) {
  State& s = *state_;
  const std::string title = fmt::format("{} {} {}", key.scenario, key.policy, key.replication);
  if (!files.slices.empty()) {
    s.slices.emplace(files.slices, CsvTrace::slice_columns());
    s.counters.emplace(files.counters, CsvTrace::counter_columns());
    s.fan.to(std::make_unique<CsvTrace>(*s.slices, *s.counters, key));
  }
  if (!files.pftrace.empty()) {
    s.pftrace.emplace(files.pftrace);
    s.fan.to(std::make_unique<PftraceWriter>(*s.pftrace, run, title));
  }
  if (!files.chrome.empty()) {
    s.chrome.emplace(files.chrome, quick);
    s.fan.to(std::make_unique<ChromeWriter>(*s.chrome, run, title));
  }
  s.filter.emplace(selection, s.fan);
  s.tracer.emplace(machine.probes(), machine.layout(), machine.spec().device, *s.filter);
}

RunTrace::~RunTrace() = default;

void RunTrace::finish(SimTime end, const RunRecord& record) {
  State& s = *state_;
  s.tracer->finish(end, record);
  if (s.slices) s.slice_rows = s.slices->close().rows;
  if (s.counters) s.counter_rows = s.counters->close().rows;
  if (s.pftrace) s.pftrace->close();
  if (s.chrome) s.chrome->close();
}

std::uint64_t RunTrace::slices() const { return state_->slice_rows; }
std::uint64_t RunTrace::counters() const { return state_->counter_rows; }

std::uint32_t TraceFiles::expect(bool in_viewers) {
  runs_.push_back({.in_viewers = in_viewers});
  return static_cast<std::uint32_t>(runs_.size() - 1);
}

RunTrace::Files TraceFiles::files_of(std::uint32_t run) const {
  RunTrace::Files files;
  const auto named = [&](std::string_view what) { return directory_ / fmt::format(".{}.{}", run, what); };
  if (formats_.csv) files.slices = named("slices.csv");
  if (formats_.csv) files.counters = named("counters.csv");
  if (formats_.pftrace && runs_.at(run).in_viewers) files.pftrace = named("pftrace");
  if (formats_.chrome && runs_.at(run).in_viewers) files.chrome = named("json.gz");
  return files;
}

std::unique_ptr<RunTrace> TraceFiles::begin(std::uint32_t run, Machine& machine, const RecordKey& key) const {
  const RunTrace::Files files = files_of(run);
  if (files.slices.empty() && files.pftrace.empty() && files.chrome.empty()) return nullptr;
  return std::make_unique<RunTrace>(machine, key, run, files, selection_);
}

void TraceFiles::end(std::uint32_t run, const RunTrace& trace) {
  runs_.at(run).slices = trace.slices();
  runs_.at(run).counters = trace.counters();
}

FileSummary TraceFiles::join_csv(const std::string& name, const std::vector<std::string_view>& columns,
                                 fs::path RunTrace::Files::*file, std::uint64_t Run::*rows,
                                 const std::vector<std::uint32_t>& runs) const {
  OutputFile joined(directory_ / name);
  const std::string header = fmt::format("{}\n", fmt::join(columns, ","));
  joined.write(header);
  std::uint64_t count = 0;
  for (const std::uint32_t run : runs) {
    std::size_t skip = header.size();  // the run's own
    read_file(files_of(run).*file, [&](std::string_view text) {
      const std::size_t skipped = std::min(skip, text.size());
      skip -= skipped;
      joined.write(text.substr(skipped));
    });
    count += runs_.at(run).*rows;
  }
  FileSummary summary = joined.close();
  summary.rows = count;
  return summary;
}

std::vector<FileSummary> TraceFiles::join(const std::vector<std::uint32_t>& runs) {
  std::vector<FileSummary> files;
  if (formats_.csv) {
    files.push_back(
        join_csv("slices.csv", CsvTrace::slice_columns(), &RunTrace::Files::slices, &Run::slices, runs));
    files.push_back(
        join_csv("counters.csv", CsvTrace::counter_columns(), &RunTrace::Files::counters, &Run::counters, runs));
  }
  if (formats_.pftrace) {
    OutputFile joined(directory_ / "trace.pftrace");
    for (const std::uint32_t run : runs) {
      const fs::path file = files_of(run).pftrace;
      if (!file.empty()) read_file(file, [&](std::string_view bytes) { joined.write(bytes); });
    }
    files.push_back(joined.close());
  }
  if (formats_.chrome) {
    GzipFile joined(directory_ / "trace.json.gz", small);
    joined.write(chrome_head);
    bool first = true;
    for (const std::uint32_t run : runs) {
      const fs::path file = files_of(run).chrome;
      if (file.empty()) continue;
      if (!std::exchange(first, false)) joined.write(",");
      read_gzip(file, [&](std::string_view text) { joined.write(text); });
    }
    joined.write(chrome_tail);
    files.push_back(joined.close());
  }
  for (std::uint32_t run = 0; run < runs_.size(); ++run) {
    const RunTrace::Files own = files_of(run);
    for (const fs::path& path : {own.slices, own.counters, own.pftrace, own.chrome}) {
      std::error_code ignored;  // one that never began has none
      if (!path.empty()) fs::remove(path, ignored);
    }
  }
  return files;
}

}  // namespace userqsim
