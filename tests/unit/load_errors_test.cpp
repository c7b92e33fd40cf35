// Every malformed scenario of tests/cli/bad gives exactly one clear error: file, place, what was found, what is
// allowed. The fragments were written by hand beside the files.
#include <algorithm>
#include <map>
#include <set>
#include <sstream>

#include "tests/support/catch.hpp"
#include "tests/unit/load_support.hpp"

namespace userqsim::load_errors_test {
namespace {

using load_test::error_of;
using load_test::file_text;
using load_test::ScratchFolder;

const std::filesystem::path corpus = "tests/cli/bad";

struct BadFile {
  std::string path;  // below the corpus
  std::string fragment;
};

std::vector<BadFile> expected_errors() {
  std::istringstream table(file_text(corpus / "expected.tsv"));
  std::vector<BadFile> files;
  std::string line;
  std::getline(table, line);  // the header
  while (std::getline(table, line)) {
    const std::size_t tab = line.find('\t');
    REQUIRE(tab != std::string::npos);
    files.push_back({line.substr(0, tab), line.substr(tab + 1)});
  }
  return files;
}

TEST_CASE("each bad scenario gives one error that says what is wrong", "[load]") {
  for (const BadFile& file : expected_errors()) {
    const std::string path = (corpus / file.path).string();
    const std::string error = error_of(path);
    INFO(file.path << ": " << error);
    CHECK(error.find(file.fragment) != std::string::npos);
    CHECK(error.find('\n') == std::string::npos);
    // It starts with the file it is about: the scenario, or the trace that the scenario names.
    CHECK((error.rfind(path + ": ", 0) == 0 || error.rfind((corpus / file.path).parent_path().string(), 0) == 0));
  }
}

TEST_CASE("the corpus is whole", "[load]") {
  std::set<std::string> listed;
  std::map<std::string, int> of_kind;
  for (const BadFile& file : expected_errors()) {
    listed.insert(file.path);
    ++of_kind[file.path.substr(0, file.path.find('/'))];
  }
  std::set<std::string> found;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(corpus)) {
    if (entry.path().extension() == ".json") found.insert(entry.path().lexically_relative(corpus).generic_string());
  }
  CHECK(listed == found);
  CHECK(of_kind.size() >= 10);
  for (const auto& [kind, count] : of_kind) {
    INFO(kind);
    CHECK(count >= 10);
  }
}

TEST_CASE("deep nesting is refused before it can do harm", "[load]") {
  const ScratchFolder folder("load-deep");
  constexpr std::size_t depth = 10'000;
  const auto repeated = [](const std::string& text) {
    std::string out;
    for (std::size_t i = 0; i < depth; ++i) out += text;
    return out;
  };
  const std::vector<std::string> texts{
      repeated("[") + repeated("]"),
      repeated("["),
      repeated("{\"a\":") + "1" + repeated("}"),
      repeated("{\"a\":"),
      repeated("[{\"a\":"),
      repeated("[[],"),
      "{\"x-a\": " + repeated("["),
      repeated("{\"x-a\":["),
      repeated(" [ "),
      repeated("[\n"),
  };
  for (const std::string& text : texts) {
    const std::string error = error_of(folder.write("deep.json", text));
    INFO(text.substr(0, 20));
    CHECK(error.find("nested deeper than 64 levels") != std::string::npos);
  }
}

TEST_CASE("64 levels are not too deep", "[load]") {
  const ScratchFolder folder("load-64");
  const auto nested = [&](std::size_t depth) {
    const std::string note = std::string(depth, '[') + std::string(depth, ']');
    std::string text = load_test::scenario_text();
    return folder.write("nested.json", text.insert(1, "\"x-note\": " + note + ","));
  };
  CHECK(error_of(nested(63)) == "(accepted)");  // the document itself is the first level
  CHECK(error_of(nested(64)).find("nested deeper") != std::string::npos);
}

TEST_CASE("files that cannot be read say why", "[load]") {
  const ScratchFolder folder("load-unreadable");
  CHECK(error_of(folder.path()) == folder.path() + ": is a directory, not a file");
  const std::string absent = folder.path() + "/no.json";
  CHECK(error_of(absent).rfind(absent + ": no such file, and no scenario of that name in the library; there are: ",
                               0) == 0);
  CHECK(error_of("game-and-lm-on-16g") ==
        "game-and-lm-on-16g: no such file, and no scenario of that name in the library; did you mean "
        "\"game-and-llm-on-16g\"?");
  const std::string large = folder.write("large.json", "");
  std::filesystem::resize_file(large, (64U << 20U) + 1);
  CHECK(error_of(large) == large + ": larger than 64 MiB");
}

TEST_CASE("what is wrong in a profile is said of the profile", "[load]") {
  const ScratchFolder folder("load-profile-errors");
  const std::string scenario = folder.write("scenario.json", load_test::scenario_text());
  const auto with = [&](const std::vector<std::string>& sets) {
    return error_of(scenario, {.profiles_dir = folder.path(), .sets = sets});
  };
  std::string device = file_text("models/profiles/devices/rx7900xtx.json");
  const auto change = [](std::string& text, const std::string& from, const std::string& to) {
    REQUIRE(text.find(from) != std::string::npos);
    text.replace(text.find(from), from.size(), to);
  };
  change(device, "\"rx7900xtx\"", "\"mine\"");
  change(device, "\"costs\": \"default\"", "\"costs\": \"mine\"");
  const std::string device_file = folder.write("devices/mine.json", device);
  std::string costs = file_text("models/profiles/costs/default.json");
  change(costs, "\"value\": \"10us\"", "\"value\": \"10h\"");
  const std::string cost_file = folder.write("costs/mine.json", costs);
  CHECK(with({"/device=mine"}).starts_with(cost_file + ": /mes_api/value: the mean 10h is outside"));
  CHECK(with({"/device=mine", "/overrides/costs/mes_api/value=20h"})
            .starts_with(scenario + ": /overrides/costs/mes_api/value: the mean 20h is outside"));
  CHECK(with({"/device=mine", "/overrides/costs/mes_api/value=20us"}) == "(accepted)");

  folder.write("costs/mine.json", R"({"based_on": "hope"})");
  CHECK(with({"/device=mine"}).starts_with(cost_file + ": /based_on: unknown cost profile \"hope\""));
  folder.write("costs/mine.json", R"({"based_on": "gem5-hws"})");
  CHECK(with({"/device=mine"}) == cost_file + ": /based_on: \"gem5-hws\" is based on another itself");
  folder.write("costs/mine.json", R"({"based_on": "default", "map": {"value": "20us"}})");
  CHECK(with({"/device=mine"}).starts_with(cost_file + ": /map: the key \"source\" is missing"));
  folder.write("costs/mine.json", R"({"based_on": "default", "mapp": 1})");
  CHECK(with({"/device=mine"}).starts_with(cost_file + ": /mapp: unknown key \"mapp\""));

  std::string kernel = file_text("models/profiles/kernels/6.18.json");
  change(kernel, "\"6.18\"", "\"mine\"");
  change(kernel, "\"native_policy\": \"preempt_restore\"", "\"native_policy\": \"hope\"");
  const std::string kernel_file = folder.write("kernels/mine.json", kernel);
  CHECK(with({"/kernel=mine"}).starts_with(kernel_file + ": /native_policy: no policy \"hope\""));
  CHECK(with({"/kernel=mine", "/policy=unmap_map"}).starts_with(kernel_file + ": /native_policy: "));
}

TEST_CASE("a directory of profiles holds profiles", "[load]") {
  const ScratchFolder folder("load-no-profiles");
  const std::string scenario = folder.write("scenario.json", load_test::scenario_text());
  CHECK(error_of(scenario, {.profiles_dir = folder.path(), .sets = {}}) ==
        folder.path() + ": holds no profiles; expected at least one of devices/, kernels/, costs/ in it");
}

TEST_CASE("keys are shown fit to read", "[load]") {
  const ScratchFolder folder("load-keys");
  const auto error_with = [&](const std::string& key) {
    return error_of(
        folder.write("scenario.json", load_test::scenario_text(R"({"work": "1us"})", ", \"" + key + "\": 1")));
  };
  const std::string path = folder.path() + "/scenario.json";
  CHECK(error_with("a\\nb\\u001b").starts_with(path + R"(: /a\nb\u001b: unknown key "a\nb\u001b"; allowed)"));
  const std::string letters(5'000, 'k');
  CHECK(error_with(letters).starts_with(path + ": /" + letters.substr(0, 80) + "...: unknown key \"" +
                                        letters.substr(0, 80) + "...\""));
  CHECK(error_with(letters).size() < 600);
}

TEST_CASE("a long circle of jobs is shortened", "[load]") {
  const ScratchFolder folder("load-cycle");
  std::string graph;
  for (int n = 0; n < 100; ++n) {
    graph += std::string(n == 0 ? "" : ",") + R"({"name": "j)" + std::to_string(n) +
             R"(", "work": "1us", "after": ["j)" + std::to_string((n + 99) % 100) + R"("]})";
  }
  const std::string error = error_of(folder.write(
      "scenario.json", load_test::scenario_text(R"({"arrival": {"periodic": "1ms"}, "graph": [)" + graph + "]}")));
  CAPTURE(error);
  CHECK(error.find("-> ... (90 more) -> j") != std::string::npos);
  CHECK(error.size() < folder.path().size() + 300);
}

TEST_CASE("the name of a trace file is a name", "[load]") {
  const ScratchFolder folder("load-trace-name");
  const std::string error = error_of(
      folder.write("scenario.json",
                   load_test::scenario_text(R"({"arrival": {"trace": {"file": "t.csv\u0000x"}}, "work": "1us"})")));
  CHECK(error.find(R"(/trace/file: expected the name of a file, found "t.csv\u0000x")") != std::string::npos);
}

}  // namespace
}  // namespace userqsim::load_errors_test
