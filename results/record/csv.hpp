// A CSV file after RFC 4180, with one choice made: lines end in "\n". A field is quoted when it must be, a missing
// value is empty. Every byte is counted into a hash, every write is checked.
#pragma once

#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "results/record/rows.hpp"

namespace userqsim {

// `text` as one CSV field: quoted when it holds a comma, a quote or a line break.
std::string csv_field(std::string_view text);

// What a file holds, once it is closed.
struct FileSummary {
  std::string name;
  std::uint64_t bytes = 0;
  std::uint64_t rows = 0;  // without the header line; lines for other formats are not counted
  std::string xxh3_128;    // hexadecimal, 32 digits
};

// A file that is written once from its beginning. Errors throw OutputError (output_error.hpp).
class OutputFile {
 public:
  explicit OutputFile(const std::filesystem::path& path);
  ~OutputFile();
  OutputFile(OutputFile&&) noexcept;
  OutputFile& operator=(OutputFile&&) noexcept;

  void write(std::string_view text);
  // Flushes, checks and closes. Call once; a file that is not closed was given up.
  FileSummary close();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// Rows of fields. REQUIRES: each row has as many fields as the header.
class CsvWriter {
 public:
  CsvWriter(const std::filesystem::path& path, const std::vector<std::string_view>& columns);

  CsvWriter& operator<<(std::string_view text);
  CsvWriter& operator<<(const std::string& text) { return *this << std::string_view{text}; }
  CsvWriter& operator<<(const char* text) { return *this << std::string_view{text}; }
  CsvWriter& operator<<(std::int64_t number);
  CsvWriter& operator<<(std::uint64_t number);
  CsvWriter& operator<<(std::uint32_t number) { return *this << std::uint64_t{number}; }
  CsvWriter& operator<<(double number);  // the shortest text that reads back to the same value
  CsvWriter& operator<<(const Value& value);
  template <class T>
  CsvWriter& operator<<(const std::optional<T>& value) {
    return value ? *this << *value : *this << std::string_view{};
  }
  void end_row();
  FileSummary close();

 private:
  void separate();
  void flush();

  OutputFile file_;
  std::string text_;  // not written yet
  std::size_t columns_;
  std::size_t filled_ = 0;
  std::uint64_t rows_ = 0;
};

}  // namespace userqsim
