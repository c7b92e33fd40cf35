#include "tests/conformance/cells.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdexcept>

namespace userqsim::conformance {
namespace {

std::vector<std::string> split(const std::string& text, const std::string& at) {
  std::vector<std::string> parts;
  std::size_t from = 0;
  for (std::size_t to = text.find(at); to != std::string::npos; to = text.find(at, from)) {
    parts.push_back(text.substr(from, to - from));
    from = to + at.size();
  }
  parts.push_back(text.substr(from));
  return parts;
}

std::vector<std::string> words(const std::string& text) {
  std::istringstream in(text);
  std::vector<std::string> all;
  for (std::string word; in >> word;) all.push_back(word);
  return all;
}

template <NamedEnum E>
E named(const std::string& name) {
  for (const auto& [value, text] : EnumNames<E>::entries) {
    if (text == name) return value;
  }
  throw std::runtime_error("unknown word " + name);
}

std::uint32_t number(const std::vector<std::string>& all, std::size_t at) {
  if (at >= all.size()) throw std::runtime_error("a number is missing");
  return static_cast<std::uint32_t>(std::stoul(all[at]));
}

std::string word_at(const std::vector<std::string>& all, std::size_t at) {
  if (at >= all.size()) throw std::runtime_error("a word is missing");
  return all[at];
}

Step read_step(const std::string& text) {
  Step step;
  std::vector<std::string> all = words(text);
  while (!all.empty() && all.back()[0] == '!') {
    step.fails.insert(step.fails.begin(), std::stoul(all.back().substr(1)));
    all.pop_back();
  }
  step.op.kind = named<ReplayOpKind>(word_at(all, 0));
  step.op.process = ProcessId{0};
  switch (step.op.kind) {
    case ReplayOpKind::create:
      step.op.type = named<QueueType>(word_at(all, 1));
      if (all.size() > 2) step.op.process = ProcessId{number(all, 2)};
      break;
    case ReplayOpKind::evict:
    case ReplayOpKind::restore:
    case ReplayOpKind::exit:
      step.op.process = ProcessId{number(all, 1)};
      break;
    case ReplayOpKind::destroy:
    case ReplayOpKind::hang:
    case ReplayOpKind::va_gone:
      step.op.queue = QueueId{number(all, 1)};
      break;
    case ReplayOpKind::suspend:
      step.op.s0ix = word_at(all, 1) == "s0ix";
      if (!step.op.s0ix && all[1] != "s3") throw std::runtime_error("suspend to what?");
      break;
    case ReplayOpKind::post_reset:
      step.op.vram_lost = word_at(all, 1) == "lost";
      if (!step.op.vram_lost && all[1] != "kept") throw std::runtime_error("post_reset: kept or lost?");
      break;
    default:
      break;
  }
  return step;
}

void read_settings(const std::string& line, Settings& settings) {
  for (const std::string& word : words(line.substr(1))) {
    const std::vector<std::string> pair = split(word, "=");
    if (pair.size() != 2) throw std::runtime_error("not key=value: " + word);
    if (pair[0] == "kernel") {
      settings = Settings{};
      settings.kernel = pair[1];
    } else if (pair[0] == "policy") {
      settings.policy = pair[1];
    } else if (pair[0] == "gpu_recovery") {
      settings.gpu_recovery = pair[1] == "1";
    } else if (pair[0] == "per_queue_reset") {
      settings.per_queue_reset = pair[1] == "1";
    } else if (pair[0] == "vram_lost") {
      settings.vram_lost = pair[1] == "1";
    } else {
      throw std::runtime_error("unknown key " + pair[0]);
    }
  }
}

Cell read_cell(const std::string& line, const Settings& settings) {
  const std::vector<std::string> columns = split(line, "\t");
  if (columns.size() != 5) throw std::runtime_error(fmt::format("{} columns instead of 5", columns.size()));
  Cell cell;
  cell.settings = settings;
  if (columns[0] != "-") {
    for (const std::string& step : split(columns[0], " ; ")) cell.before.push_back(read_step(step));
  }
  cell.tested = read_step(columns[1]);
  if (columns[2] != "-") cell.calls = split(columns[2], ", ");
  if (columns[3] != "yes" && columns[3] != "no") throw std::runtime_error("error: yes or no?");
  cell.error = columns[3] == "yes";
  if (columns[4] != "-") cell.states = words(columns[4]);
  return cell;
}

}  // namespace

std::vector<Cell> read_cells(const std::string& folder) {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() == ".tsv") files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  std::vector<Cell> cells;
  for (const std::filesystem::path& file : files) {
    std::ifstream in(file);
    Settings settings;
    std::string line;
    for (int at = 1; std::getline(in, line); ++at) {
      if (line.empty() || line[0] == '#') continue;
      const std::string where = fmt::format("{}:{}: {}", file.filename().string(), at, line);
      try {
        if (line[0] == '@') {
          read_settings(line, settings);
          continue;
        }
        cells.push_back(read_cell(line, settings));
        cells.back().where = where;
      } catch (const std::exception& error) {
        throw std::runtime_error(where + ": " + error.what());
      }
    }
  }
  return cells;
}

std::string text_of(const ReplayAnswer::Call& call) {
  const std::string what = call.queue.exists() ? fmt::format("{}", call.queue.value)
                           : call.type         ? std::string(name_of(*call.type))
                                               : "all";
  return fmt::format("{} {}{}", name_of(call.opcode), what, call.ok ? "" : "!");
}

}  // namespace userqsim::conformance
