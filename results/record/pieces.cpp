#include "results/record/pieces.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <fstream>
#include <optional>
#include <string_view>
#include <system_error>

#include "results/record/csv.hpp"
#include "results/record/durable.hpp"
#include "results/record/file_hash.hpp"
#include "results/record/output_error.hpp"
#include "sim/core/ensure.hpp"

namespace userqsim {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view format = "userqsim-piece/1";

std::string read_whole(const fs::path& path) {
  std::error_code error;
  if (fs::exists(path, error) && !fs::is_regular_file(path, error)) {
    throw OutputError(OutputFault::path,
                      fmt::format("{} is no file, and so no piece of a sweep; move it away", path.string()));
  }
  errno = 0;
  std::ifstream in(path, std::ios::binary);
  if (!in) throw output_error("read", path.string(), errno == 0 ? EIO : errno);
  std::string text;
  std::string block(std::size_t{1} << 16U, '\0');
  while (in.read(block.data(), static_cast<std::streamsize>(block.size())), in.gcount() > 0) {
    text.append(block, 0, static_cast<std::size_t>(in.gcount()));
  }
  if (in.bad()) throw output_error("read", path.string(), EIO);
  return text;
}

// Takes the text apart from its front.
class Cutter {
 public:
  explicit Cutter(std::string_view text) : text_(text) {}

  // The text up to the next line end; nothing when there is none.
  std::optional<std::string_view> line() {
    const std::size_t end = text_.find('\n');
    if (end == std::string_view::npos) return std::nullopt;
    const std::string_view found = text_.substr(0, end);
    text_.remove_prefix(end + 1);
    return found;
  }
  std::optional<std::string> bytes(std::uint64_t count) {
    if (count > text_.size()) return std::nullopt;
    std::string found(text_.substr(0, count));
    text_.remove_prefix(count);
    return found;
  }
  bool empty() const { return text_.empty(); }

 private:
  std::string_view text_;
};

// "run 7 12 340 20" as four numbers.
std::optional<std::array<std::uint64_t, 4>> run_line(std::string_view line) {
  constexpr std::string_view head = "run ";
  if (!line.starts_with(head)) return std::nullopt;
  const char* at = line.data() + head.size();
  const char* const end = line.data() + line.size();
  std::array<std::uint64_t, 4> numbers{};
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    if (i > 0 && (at == end || *at++ != ' ')) return std::nullopt;
    const auto [next, error] = std::from_chars(at, end, numbers[i]);
    if (error != std::errc{}) return std::nullopt;
    at = next;
  }
  return at == end ? std::optional(numbers) : std::nullopt;
}

// Nothing when the text is no whole piece of that sweep.
std::optional<std::vector<RunRows>> parse_piece(std::string_view text, const std::string& key) {
  const std::size_t end = text.rfind("end ");
  if (end == std::string_view::npos) return std::nullopt;
  FileHash hash;
  hash.add(text.substr(0, end));
  if (text.substr(end) != fmt::format("end {}\n", hash.hexadecimal())) return std::nullopt;
  Cutter rest(text.substr(0, end));
  const auto first = rest.line();
  std::vector<RunRows> runs;
  while (!rest.empty()) {
    const auto line = rest.line();
    const auto numbers = line ? run_line(*line) : std::nullopt;
    if (!numbers) return std::nullopt;
    auto status = rest.bytes((*numbers)[1]);
    auto summary = rest.bytes((*numbers)[2]);
    auto timing = rest.bytes((*numbers)[3]);
    if (!status || !summary || !timing) return std::nullopt;
    runs.push_back({(*numbers)[0], std::move(*status), std::move(*summary), std::move(*timing)});
  }
  if (!first || *first != fmt::format("{} {} {}", format, key, runs.size())) return std::nullopt;
  return runs;
}

}  // namespace

void write_piece(const fs::path& directory, const std::string& key, const std::vector<RunRows>& runs) {
  ensure(!runs.empty(), "a piece holds runs");
  std::string text = fmt::format("{} {} {}\n", format, key, runs.size());
  for (const RunRows& run : runs) {
    text += fmt::format("run {} {} {} {}\n", run.run, run.status.size(), run.summary.size(), run.timing.size());
    text += run.status;
    text += run.summary;
    text += run.timing;
  }
  FileHash hash;
  hash.add(text);
  text += fmt::format("end {}\n", hash.hexadecimal());
  const std::string name = fmt::format("{:012}-{}.piece", runs.front().run, ::getpid());
  const fs::path unfinished = directory / (name + ".tmp");
  std::error_code error;
  fs::remove(unfinished, error);  // of a process of the same number, long ago
  OutputFile file(unfinished);
  file.write(text);
  file.close();
  // Else it may be there and empty after a loss of power. That it is not there at all is no harm: so the directory
  // waits until the end.
  sync_to_disk(unfinished);
  fs::rename(unfinished, directory / name, error);
  if (error) throw output_error("rename", unfinished.string(), error.value());
}

PieceList list_pieces(const fs::path& directory, const std::string& key) {
  PieceList list;
  std::error_code error;
  if (!fs::exists(directory, error)) return list;
  std::vector<fs::path> files;
  for (fs::directory_iterator entry(directory, error); !error && entry != fs::directory_iterator{};
       entry.increment(error)) {
    if (entry->path().extension() == ".piece") files.push_back(entry->path());
  }
  if (error) throw output_error("read", directory.string(), error.value());
  std::sort(files.begin(), files.end());  // the system lists them in no order
  for (const fs::path& file : files) {
    const auto runs = parse_piece(read_whole(file), key);
    if (!runs || runs->empty()) {
      list.damaged.push_back(file);
      continue;
    }
    PieceInfo info{file, {}};
    for (const RunRows& run : *runs) info.runs.push_back(run.run);
    list.sound.push_back(std::move(info));
  }
  std::stable_sort(list.sound.begin(), list.sound.end(),
                   [](const PieceInfo& a, const PieceInfo& b) { return a.runs.front() < b.runs.front(); });
  return list;
}

std::vector<RunRows> read_piece(const fs::path& file, const std::string& key) {
  auto runs = parse_piece(read_whole(file), key);
  if (!runs) throw OutputError(OutputFault::path, fmt::format("{} was changed meanwhile", file.string()));
  return std::move(*runs);
}

}  // namespace userqsim
