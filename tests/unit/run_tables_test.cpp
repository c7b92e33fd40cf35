// The files of a run do not tell in which order its cells ended, nor which of them waited in memory.
#include "scenarios/experiment/run_tables.hpp"

#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <numeric>
#include <sstream>

#include "scenarios/experiment/cells.hpp"
#include "tests/support/catch.hpp"

namespace userqsim::run_tables_test {
namespace {

const std::filesystem::path folder =
    std::filesystem::temp_directory_path() / ("userqsim-run-tables-" + std::to_string(::getpid()));

std::string content(const std::string& name) {
  std::ifstream in(folder / name, std::ios::binary);
  std::ostringstream out;
  out << in.rdbuf();
  return out.str();
}

// Two policies, replication by replication; the last cell is a variant, which has no tables.
std::vector<Cell> some_cells() {
  std::vector<Cell> cells;
  for (std::uint32_t replication = 0; replication < 2; ++replication) {
    for (const char* policy : {"unmap_map", "preempt_restore"}) {
      cells.push_back({policy, replication, std::string{base_variant}, nullptr, true});
    }
  }
  cells.push_back({"unmap_map", 0, "driver_zero", nullptr, false});
  return cells;
}

RunRecord record_of(std::size_t cell) {
  RunRecord record;
  record.process_names = {"p"};
  record.queue_names = {"q"};
  record.hazards.push_back({static_cast<std::int64_t>(cell), "queue_lost", 0, 0});
  return record;
}

// What a cell's row in hazards.csv begins with.
std::string row_of(const Cell& cell, std::size_t number) {
  return "s," + cell.policy + "," + std::to_string(cell.replication) + "," + std::to_string(number) +
         ",queue_lost,p,q,";
}

// Where each of the rows stands in hazards.csv; they must all be there, and no others.
std::vector<std::size_t> positions(const std::vector<Cell>& cells, const std::vector<std::size_t>& expected) {
  const std::string text = content("hazards.csv");
  CHECK(std::count(text.begin(), text.end(), '\n') == static_cast<std::ptrdiff_t>(expected.size()) + 1);
  std::vector<std::size_t> found;
  for (const std::size_t cell : expected) found.push_back(text.find("\n" + row_of(cells[cell], cell)));
  CHECK(std::count(found.begin(), found.end(), std::string::npos) == 0);
  return found;
}

TEST_CASE("tables stand by replication and policy, in whatever order cells end", "[experiment][tables]") {
  const std::vector<Cell> cells = some_cells();
  const std::vector<std::size_t> expected{1, 0, 3, 2};  // preempt_restore before unmap_map
  const std::vector<std::size_t> whole{1, 3, 0, 2};     // policy by policy, as statistics go through them
  std::vector<std::size_t> order{0, 1, 2, 3};
  do {
    std::filesystem::remove_all(folder);
    std::filesystem::create_directories(folder);
    RunTables tables(folder, "s", cells);
    CHECK_FALSE(tables.of(4));
    for (const std::size_t cell : order) tables.of(cell)(SimTime{}, record_of(cell));
    const std::vector<FileSummary> files = tables.close(whole);
    CHECK(files.size() == 12);
    for (const FileSummary& file : files) CHECK(file.rows == (file.name == "hazards.csv" ? 4U : 0U));
    const std::vector<std::size_t> found = positions(cells, expected);
    CHECK(std::is_sorted(found.begin(), found.end()));
  } while (std::next_permutation(order.begin(), order.end()));
  std::filesystem::remove_all(folder);
}

TEST_CASE("a replication that one policy did not finish is in no table", "[experiment][tables]") {
  const std::vector<Cell> cells = some_cells();
  for (std::size_t broken = 0; broken < 4; ++broken) {
    std::filesystem::remove_all(folder);
    std::filesystem::create_directories(folder);
    RunTables tables(folder, "s", cells);
    for (std::size_t cell = 0; cell < 4; ++cell) {
      if (cell != broken) tables.of(cell)(SimTime{}, record_of(cell));
    }
    const std::vector<std::size_t> whole =
        broken < 2 ? std::vector<std::size_t>{3, 2} : std::vector<std::size_t>{1, 0};
    tables.close(whole);
    const std::vector<std::size_t> found = positions(cells, whole);
    CHECK(std::is_sorted(found.begin(), found.end()));
  }
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace userqsim::run_tables_test
