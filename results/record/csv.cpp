#include "results/record/csv.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "results/record/file_hash.hpp"
#include "results/record/output_error.hpp"
#include "sim/core/ensure.hpp"

namespace userqsim {

namespace {

constexpr std::size_t written_at_once = std::size_t{64} << 10U;

void append_field(std::string& text, std::string_view field) {
  // Looked at character by character: find_first_of() calls memchr() for each.
  const auto needs_quotes = [](char c) { return c == ',' || c == '"' || c == '\r' || c == '\n'; };
  if (std::none_of(field.begin(), field.end(), needs_quotes)) {
    text += field;
    return;
  }
  text += '"';
  for (const char c : field) {
    if (c == '"') text += '"';
    text += c;
  }
  text += '"';
}

}  // namespace

std::string csv_field(std::string_view text) {
  std::string field;
  append_field(field, text);
  return field;
}

struct OutputFile::State {
  std::filesystem::path path;
  std::FILE* file = nullptr;
  FileHash hash;
  std::uint64_t bytes = 0;

  ~State() {
    if (file != nullptr) std::fclose(file);
  }
};

OutputFile::OutputFile(const std::filesystem::path& path) : state_(std::make_unique<State>()) {
  state_->path = path;
  state_->file = std::fopen(path.c_str(), "wbxe");  // created anew, not inherited by a child
  if (state_->file == nullptr) throw output_error("create", path.string(), errno);
}

OutputFile::~OutputFile() = default;
OutputFile::OutputFile(OutputFile&&) noexcept = default;
OutputFile& OutputFile::operator=(OutputFile&&) noexcept = default;

void OutputFile::write(std::string_view text) {
  if (text.empty()) return;
  if (std::fwrite(text.data(), 1, text.size(), state_->file) != text.size()) {
    throw output_error("write", state_->path.string(), errno);
  }
  state_->hash.add(text);
  state_->bytes += text.size();
}

FileSummary OutputFile::close() {
  ensure(state_->file != nullptr, "a file is closed once");
  std::FILE* file = std::exchange(state_->file, nullptr);
  const bool failed_before = std::ferror(file) != 0;
  // A full disk may show only now, when the last buffer is written.
  if (std::fclose(file) != 0) throw output_error("write", state_->path.string(), errno);
  if (failed_before) throw output_error("write", state_->path.string(), EIO);
  return {.name = state_->path.filename().string(), .bytes = state_->bytes, .xxh3_128 = state_->hash.hexadecimal()};
}

CsvWriter::CsvWriter(const std::filesystem::path& path, const std::vector<std::string_view>& columns)
    : file_(path), columns_(columns.size()) {
  for (const std::string_view column : columns) *this << column;
  end_row();
  rows_ = 0;
}

void CsvWriter::separate() {
  if (filled_++ > 0) text_ += ',';
}

CsvWriter& CsvWriter::operator<<(std::string_view text) {
  separate();
  append_field(text_, text);
  return *this;
}

CsvWriter& CsvWriter::operator<<(std::int64_t number) {
  separate();
  const fmt::format_int digits(number);
  text_.append(digits.data(), digits.size());
  return *this;
}

CsvWriter& CsvWriter::operator<<(std::uint64_t number) {
  separate();
  const fmt::format_int digits(number);
  text_.append(digits.data(), digits.size());
  return *this;
}

CsvWriter& CsvWriter::operator<<(double number) {
  separate();
  fmt::format_to(std::back_inserter(text_), "{}", number);
  return *this;
}

CsvWriter& CsvWriter::operator<<(const Value& value) {
  if (const auto* whole = std::get_if<std::int64_t>(&value)) return *this << *whole;
  if (const auto* fraction = std::get_if<double>(&value)) return *this << *fraction;
  return *this << std::string_view{};
}

void CsvWriter::end_row() {
  ensure(filled_ == columns_, "a CSV row has as many fields as its header");
  text_ += '\n';
  if (text_.size() >= written_at_once) flush();
  filled_ = 0;
  ++rows_;
}

void CsvWriter::flush() {
  file_.write(text_);
  text_.clear();
}

FileSummary CsvWriter::close() {
  flush();
  FileSummary summary = file_.close();
  summary.rows = rows_;
  return summary;
}

}  // namespace userqsim
