// Every malformed scenario of tests/cli/bad gives exactly one clear error: file, place, what was found, what is
// allowed. The fragments were written by hand beside the files.
#include <algorithm>
#include <map>
#include <set>
#include <sstream>

#include "tests/support/catch.hpp"
#include "tests/unit/load_support.hpp"

namespace userqsim {
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

}  // namespace
}  // namespace userqsim
