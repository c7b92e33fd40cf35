// Rows of a CSV file as csv.hpp writes them (RFC 4180), by the names of their columns.
#pragma once

#include <cstdint>
#include <istream>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace userqsim {

class CsvReader {
 public:
  // Reads the header line. The stream outlives the reader.
  explicit CsvReader(std::istream& in);

  // Where the column stands, for at(); nothing when the header does not name it.
  std::optional<std::size_t> column(std::string_view name) const;

  const std::vector<std::string>& header() const { return header_; }

  // The next row; false at the end, and after a row that is damaged.
  bool next();
  const std::string& at(std::size_t column) const { return row_[column]; }
  // The whole number there; nothing where the field is empty or no number.
  std::optional<std::int64_t> number(std::size_t column) const;

  std::uint64_t line() const { return line_; }  // of the row's end, from 1
  bool damaged() const { return damaged_; }     // a row with another number of fields, or a quote without its end

 private:
  bool read_row(std::vector<std::string>& row);

  std::istream& in_;
  std::vector<std::string> header_;
  std::vector<std::string> row_;
  std::uint64_t line_ = 0;
  bool damaged_ = false;
};

}  // namespace userqsim
