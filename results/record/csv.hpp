// A CSV file after RFC 4180, with one choice made: lines end in "\n". A field is quoted when it must be, a missing
// value is empty. Every byte is counted into a hash, every write is checked.
#pragma once

#include <fmt/compile.h>

#include <cstdint>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <initializer_list>
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

// Fields that many rows begin with or name, quoted once.
class CsvFields {
 public:
  CsvFields() = default;
  CsvFields(std::initializer_list<std::string_view> fields);

  std::string_view text() const { return text_; }  // each with its comma
  std::size_t count() const { return count_; }

 private:
  std::string text_;
  std::size_t count_ = 0;
};

// Rows of fields, in a file or in memory. REQUIRES: each row has as many fields as the header.
class CsvWriter {
 public:
  CsvWriter(const std::filesystem::path& path, const std::vector<std::string_view>& columns);
  // In memory, without the header, to be appended to a file's rows.
  explicit CsvWriter(const std::vector<std::string_view>& columns);

  CsvWriter& operator<<(std::string_view text);
  CsvWriter& operator<<(const std::string& text) { return *this << std::string_view{text}; }
  CsvWriter& operator<<(const char* text) { return *this << std::string_view{text}; }
  CsvWriter& operator<<(const CsvFields& fields);
  CsvWriter& operator<<(std::int64_t number) { return put_number(number); }
  CsvWriter& operator<<(std::uint64_t number) { return put_number(number); }
  CsvWriter& operator<<(std::uint32_t number) { return put_number(std::uint64_t{number}); }
  CsvWriter& operator<<(double number);  // the shortest text that reads back to the same value
  CsvWriter& operator<<(const Value& value);
  template <class T>
  CsvWriter& operator<<(const std::optional<T>& value) {
    return value ? *this << *value : none();
  }
  CsvWriter& none();  // a missing value
  void end_row();
  // REQUIRES: this is in a file, the other in memory, and their columns are the same.
  void append(const CsvWriter& other);
  // REQUIRES: this is in a file.
  FileSummary close();

 private:
  template <class Number>
  CsvWriter& put_number(Number number);
  char* room(std::size_t size);
  void make_room(std::size_t size);
  void flush();
  std::string_view unwritten() const { return {block_.get(), static_cast<std::size_t>(at_ - block_.get())}; }

  std::optional<OutputFile> file_;
  std::unique_ptr<char[]> block_;  // not written yet, up to at_; each field ends in a comma
  char* at_ = nullptr;
  char* end_ = nullptr;
  std::size_t columns_;
  std::size_t filled_ = 0;
  std::uint64_t rows_ = 0;
};

// A row takes some ten fields: what each of them calls is inline.
inline char* CsvWriter::room(std::size_t size) {
  if (static_cast<std::size_t>(end_ - at_) < size) make_room(size);
  return at_;
}

template <class Number>
CsvWriter& CsvWriter::put_number(Number number) {
  constexpr std::size_t longest = 20;  // -9223372036854775808, 18446744073709551615
  char* const at = room(longest + 1);
  at_ = fmt::format_to(at, FMT_COMPILE("{}"), number);
  *at_++ = ',';
  ++filled_;
  return *this;
}

inline CsvWriter& CsvWriter::operator<<(const CsvFields& fields) {
  const std::string_view text = fields.text();
  std::memcpy(room(text.size()), text.data(), text.size());
  at_ += text.size();
  filled_ += fields.count();
  return *this;
}

inline CsvWriter& CsvWriter::none() {
  *room(1) = ',';
  ++at_;
  ++filled_;
  return *this;
}

}  // namespace userqsim
