#include "results/record/csv.hpp"

#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "results/record/file_hash.hpp"
#include "results/record/output_error.hpp"
#include "results/record/tables.hpp"
#include "sim/core/ensure.hpp"
#include "tests/support/catch.hpp"

namespace userqsim::csv_test {

namespace {

class TemporaryDirectory {
 public:
  TemporaryDirectory()
      : path_(std::filesystem::temp_directory_path() / ("userqsim-csv-" + std::to_string(::getpid()))) {
    std::filesystem::remove_all(path_);
    std::filesystem::create_directories(path_);
  }
  ~TemporaryDirectory() { std::filesystem::remove_all(path_); }
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

std::string content(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream out;
  out << in.rdbuf();
  return out.str();
}

}  // namespace

TEST_CASE("fields are quoted when they must be") {
  CHECK(csv_field("plain") == "plain");
  CHECK(csv_field("") == "");
  CHECK(csv_field("a,b") == "\"a,b\"");
  CHECK(csv_field("say \"hi\"") == "\"say \"\"hi\"\"\"");
  CHECK(csv_field("two\nlines") == "\"two\nlines\"");
  CHECK(csv_field("cr\r") == "\"cr\r\"");
}

TEST_CASE("rows: integers whole, doubles shortest, missing empty") {
  const TemporaryDirectory directory;
  CsvWriter csv(directory.path() / "t.csv", {"a", "b", "c", "d"});
  csv << std::int64_t{-9'007'199'254'740'993} << 0.1 << OptionalNs{} << "x,y";
  csv.end_row();
  csv << Value{} << Value{std::int64_t{3}} << Value{2.5} << std::uint32_t{7};
  csv.end_row();
  const FileSummary summary = csv.close();
  const std::string expected = "a,b,c,d\n-9007199254740993,0.1,,\"x,y\"\n,3,2.5,7\n";
  CHECK(content(directory.path() / "t.csv") == expected);
  CHECK(summary.rows == 2);
  CHECK(summary.bytes == expected.size());
  FileHash hash;
  hash.add(expected);
  CHECK(summary.xxh3_128 == hash.hexadecimal());
}

TEST_CASE("the hash is XXH3-128 in canonical text") {
  CHECK(FileHash{}.hexadecimal() == "99aa06d3014798d86001c324468d497f");  // of nothing, as published
}

TEST_CASE("a row with the wrong number of fields is an error of ours") {
  const TemporaryDirectory directory;
  CsvWriter csv(directory.path() / "t.csv", {"a", "b"});
  csv << "only one";
  CHECK_THROWS_AS(csv.end_row(), InvariantError);
}

TEST_CASE("a path that cannot be written is told apart from a disk that is full") {
  try {
    OutputFile file("/nonexistent-directory/file.csv");
    FAIL("it was created");
  } catch (const OutputError& error) {
    CHECK(error.fault() == OutputFault::path);
    CHECK(std::string{error.what()}.find("/nonexistent-directory/file.csv") != std::string::npos);
  }
  CHECK(output_error("write", "x", ENOSPC).fault() == OutputFault::system);
}

TEST_CASE("names are written for processes and queues, nothing for none") {
  const TemporaryDirectory directory;
  RunRecord record;
  record.process_names = {"game, the"};
  record.queue_names = {"gfx0"};
  record.hazards.push_back({5, "queue_lost", 0, 0});
  record.hazards.push_back({6, "fence_never_signals", 0, no_index});
  record.faults.push_back({7, 2, "no_preempt", 0, 0, 4});
  record.faults.push_back({8, 0, "mes_silent", no_index, no_index, std::nullopt});
  RecordTables tables(directory.path());
  tables.write({"s", "unmap_map", 3}, record);
  tables.close();
  const std::string faults = content(directory.path() / "faults.csv");
  CHECK(faults.find("scenario,policy,rep,time_ns,fault,kind,process,queue,eviction\n") == 0);
  CHECK(faults.find("s,unmap_map,3,7,2,no_preempt,\"game, the\",gfx0,4\n") != std::string::npos);
  CHECK(faults.find("s,unmap_map,3,8,0,mes_silent,,,\n") != std::string::npos);
  const std::string text = content(directory.path() / "hazards.csv");
  CHECK(text.find("scenario,policy,rep,time_ns,kind,process,queue,detail\n") == 0);
  CHECK(text.find("s,unmap_map,3,5,queue_lost,\"game, the\",gfx0,") != std::string::npos);
  CHECK(text.find("s,unmap_map,3,6,fence_never_signals,\"game, the\",,") != std::string::npos);
}

}  // namespace userqsim::csv_test
