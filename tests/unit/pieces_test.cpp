// What a sweep has done, on disk.
#include "results/record/pieces.hpp"

#include "results/record/output_error.hpp"
#include "tests/support/catch.hpp"
#include "tests/unit/load_support.hpp"

namespace userqsim::pieces_test {

using namespace load_test;
namespace fs = std::filesystem;

namespace {

RunRows rows(std::uint64_t run) {
  const std::string text = std::to_string(run);
  return {run, "s" + text + "\n", "a" + text + "\nb\n", "t" + text + "\n"};
}

fs::path only_piece(const std::string& directory) {
  const PieceList list = list_pieces(directory, "key");
  REQUIRE(list.sound.size() == 1);
  return list.sound.front().file;
}

void replace_text(const fs::path& file, const std::string& text) { std::ofstream(file, std::ios::binary) << text; }

}  // namespace

TEST_CASE("a piece is read as it was written", "[pieces]") {
  const ScratchFolder folder("pieces");
  write_piece(folder.path(), "key", {rows(9), rows(12)});
  write_piece(folder.path(), "key", {rows(3)});
  const PieceList list = list_pieces(folder.path(), "key");
  CHECK(list.damaged.empty());
  REQUIRE(list.sound.size() == 2);
  CHECK(list.sound[0].runs == std::vector<std::uint64_t>{3});
  CHECK(list.sound[1].runs == std::vector<std::uint64_t>{9, 12});
  const std::vector<RunRows> read = read_piece(list.sound[1].file, "key");
  REQUIRE(read.size() == 2);
  CHECK(read[1].run == 12);
  CHECK(read[1].status == "s12\n");
  CHECK(read[1].summary == "a12\nb\n");
  CHECK(read[1].timing == "t12\n");
}

TEST_CASE("what is not a whole piece of this sweep is told apart", "[pieces]") {
  const ScratchFolder folder("pieces");
  write_piece(folder.path(), "key", {rows(1), rows(2)});
  const fs::path file = only_piece(folder.path());
  const std::string text = file_text(file);
  SECTION("every cut") {
    for (std::size_t length = 0; length < text.size(); ++length) {
      replace_text(file, text.substr(0, length));
      CHECK(list_pieces(folder.path(), "key").sound.empty());
    }
    CHECK(list_pieces(folder.path(), "key").damaged.size() == 1);
  }
  SECTION("every changed byte") {
    for (std::size_t i = 0; i < text.size(); ++i) {
      std::string changed = text;
      changed[i] = static_cast<char>(changed[i] ^ 1);
      replace_text(file, changed);
      CHECK(list_pieces(folder.path(), "key").sound.empty());
    }
  }
  SECTION("another sweep's") { CHECK(list_pieces(folder.path(), "other").damaged.size() == 1); }
  SECTION("one that was never renamed") {
    fs::rename(file, file.string() + ".tmp");
    CHECK(list_pieces(folder.path(), "key").sound.empty());
    CHECK(list_pieces(folder.path(), "key").damaged.empty());
  }
  SECTION("one that changed after it was listed") {
    replace_text(file, "x");
    CHECK_THROWS_AS(read_piece(file, "key"), OutputError);
  }
}

TEST_CASE("what is named like a piece and is no file is an error for people", "[pieces]") {
  const ScratchFolder folder("pieces");
  fs::create_directory(fs::path(folder.path()) / "7.piece");
  CHECK_THROWS_WITH(list_pieces(folder.path(), "key"), Catch::Contains("7.piece is no file"));
}

TEST_CASE("a folder that is not there holds no pieces", "[pieces]") {
  CHECK(list_pieces("/nonexistent/pieces", "key").sound.empty());
}

}  // namespace userqsim::pieces_test
