#include "results/record/run_directory.hpp"

#include <unistd.h>

#include <fstream>

#include "results/record/output_error.hpp"
#include "tests/support/catch.hpp"

namespace userqsim::run_directory_test {
namespace fs = std::filesystem;

namespace {

class Sandbox {
 public:
  Sandbox() : root(fs::temp_directory_path() / ("userqsim-dir-" + std::to_string(::getpid()))) {
    fs::remove_all(root);
    fs::create_directories(root);
  }
  ~Sandbox() { fs::remove_all(root); }

  fs::path root;
};

void touch(const fs::path& path) { std::ofstream(path) << "x"; }

std::size_t entries(const fs::path& path) {
  return static_cast<std::size_t>(std::distance(fs::directory_iterator(path), fs::directory_iterator()));
}

}  // namespace

TEST_CASE("results appear whole, under one name") {
  const Sandbox box;
  const fs::path out = box.root / "deep" / "out";
  {
    RunDirectory directory(out, false);
    touch(directory.partial() / "a.csv");
    CHECK_FALSE(fs::exists(out));
    directory.publish();
  }
  CHECK(fs::exists(out / "a.csv"));
  CHECK(entries(out) == 1);
  CHECK(entries(box.root / "deep") == 1);
}

TEST_CASE("what is not published disappears") {
  const Sandbox box;
  { RunDirectory directory(box.root / "out", false); }
  CHECK(entries(box.root) == 0);
}

TEST_CASE("a trailing slash names the same directory") {
  const Sandbox box;
  RunDirectory directory(box.root / "out" / "", false);
  directory.publish();
  CHECK(fs::exists(box.root / "out"));
  CHECK(entries(box.root) == 1);
}

TEST_CASE("a directory that is not empty needs force, and then is replaced as a whole") {
  const Sandbox box;
  const fs::path out = box.root / "out";
  fs::create_directory(out);
  SECTION("an empty one does not") { CHECK_NOTHROW(RunDirectory(out, false).publish()); }
  SECTION("a full one does") {
    touch(out / "old.csv");
    CHECK_THROWS_AS(RunDirectory(out, false), OutputError);
    CHECK(fs::exists(out / "old.csv"));
    {
      RunDirectory directory(out, true);
      touch(directory.partial() / "new.csv");
      CHECK(fs::exists(out / "old.csv"));  // kept until the new one is whole
      directory.publish();
    }
    CHECK(fs::exists(out / "new.csv"));
    CHECK_FALSE(fs::exists(out / "old.csv"));
    CHECK(entries(box.root) == 1);
  }
}

TEST_CASE("a left-over of ours is removed, somebody else's is not") {
  const Sandbox box;
  const fs::path partial = box.root / "out.partial";
  fs::create_directory(partial);
  touch(partial / "thesis.tex");
  CHECK_THROWS_AS(RunDirectory(box.root / "out", false), OutputError);
  CHECK(fs::exists(partial / "thesis.tex"));
  touch(partial / ".userqsim-partial");
  CHECK_NOTHROW(RunDirectory(box.root / "out", false));
  CHECK_FALSE(fs::exists(partial / "thesis.tex"));
}

TEST_CASE("a second run into the same directory is refused, and harms the first in nothing") {
  const Sandbox box;
  const fs::path out = box.root / "out";
  RunDirectory one(out, false);
  touch(one.partial() / "a.csv");
  for (int attempt = 0; attempt < 2; ++attempt) {
    try {
      RunDirectory two(out, true);
      FAIL("it was let in");
    } catch (const OutputError& error) {
      CHECK(error.fault() == OutputFault::path);
      CHECK(std::string(error.what()).find("out.partial is in use by another run") != std::string::npos);
    }
  }
  one.publish();
  CHECK(fs::exists(out / "a.csv"));
  CHECK(entries(out) == 1);
  CHECK_NOTHROW(RunDirectory(out, true));  // it is free again
  CHECK(entries(box.root) == 1);
}

TEST_CASE("only one's own partial directory is removed") {
  const Sandbox box;
  const fs::path partial = box.root / "out.partial";
  {
    const RunDirectory directory(box.root / "out", false);
    fs::remove_all(partial);
    fs::create_directory(partial);
    touch(partial / "thesis.tex");
  }
  CHECK(fs::exists(partial / "thesis.tex"));
}

TEST_CASE("what was removed under a run's hands is not published") {
  const Sandbox box;
  RunDirectory directory(box.root / "out", false);
  fs::remove_all(directory.partial());
  CHECK_THROWS_AS(directory.publish(), OutputError);
  CHECK_FALSE(fs::exists(box.root / "out"));
}

TEST_CASE("a symbolic link names its target") {
  const Sandbox box;
  fs::create_directory_symlink(box.root / "target", box.root / "link");
  CHECK_THROWS_AS(RunDirectory(box.root / "link", true), OutputError);  // it points to nothing
  fs::create_directory(box.root / "target");
  RunDirectory directory(box.root / "link", false);
  CHECK(directory.partial() == fs::canonical(box.root) / "target.partial");
  touch(directory.partial() / "a.csv");
  directory.publish();
  CHECK(fs::is_symlink(box.root / "link"));
  CHECK(fs::exists(box.root / "target" / "a.csv"));
  CHECK(entries(box.root) == 2);
}

TEST_CASE("a path that cannot be a directory is the user's fault") {
  const Sandbox box;
  touch(box.root / "file");
  for (const fs::path& path : {box.root / "file", box.root / "file" / "below"}) {
    try {
      RunDirectory directory(path, true);
      FAIL("it was made");
    } catch (const OutputError& error) {
      CHECK(error.fault() == OutputFault::path);
    }
  }
}

TEST_CASE("results never replace the directory one stands in") {
  const Sandbox box;
  CHECK_THROWS_AS(RunDirectory(fs::current_path(), true), OutputError);
  CHECK_THROWS_AS(RunDirectory(fs::current_path().parent_path(), true), OutputError);
}

}  // namespace userqsim::run_directory_test
