// Rows come back as csv.hpp writes them.
#include "results/record/csv_reader.hpp"

#include <sstream>

#include "tests/support/catch.hpp"

namespace userqsim::csv_reader_test {
namespace {

TEST_CASE("fields by the names of their columns", "[csv]") {
  std::istringstream in("name,time_ns\nplain,12\n\"a,\"\"b\"\"\nc\",\n");
  CsvReader csv(in);
  const std::size_t name = csv.column("name").value(), time = csv.column("time_ns").value();
  CHECK_FALSE(csv.column("other"));
  REQUIRE(csv.next());
  CHECK(csv.at(name) == "plain");
  CHECK(csv.number(time) == 12);
  REQUIRE(csv.next());
  CHECK(csv.at(name) == "a,\"b\"\nc");
  CHECK_FALSE(csv.number(time));
  CHECK(csv.line() == 4);
  CHECK_FALSE(csv.next());
  CHECK_FALSE(csv.damaged());
}

TEST_CASE("a row that is no row ends the reading", "[csv]") {
  std::istringstream few("a,b\n1\n");
  CsvReader short_row(few);
  CHECK_FALSE(short_row.next());
  CHECK(short_row.damaged());
  std::istringstream open("a,b\n1,\"2\n");
  CsvReader open_quote(open);
  CHECK_FALSE(open_quote.next());
  CHECK(open_quote.damaged());
  std::istringstream words("a\n12x\n");
  CsvReader text(words);
  REQUIRE(text.next());
  CHECK_FALSE(text.number(0));
}

TEST_CASE("a file without a line has no column", "[csv]") {
  std::istringstream in("");
  CsvReader csv(in);
  CHECK_FALSE(csv.column("a"));
  CHECK_FALSE(csv.next());
  CHECK_FALSE(csv.damaged());
}

}  // namespace
}  // namespace userqsim::csv_reader_test
