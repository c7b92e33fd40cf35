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

constexpr std::size_t block_size = std::size_t{64} << 10U;

bool needs_quotes(std::string_view field) {
  // Looked at character by character: find_first_of() calls memchr() for each.
  return std::any_of(field.begin(), field.end(),
                     [](char c) { return c == ',' || c == '"' || c == '\r' || c == '\n'; });
}

// The field from `at` on, and its end. REQUIRES: room for twice the field and two quotes.
char* put_field(char* at, std::string_view field) {
  if (!needs_quotes(field)) return std::copy(field.begin(), field.end(), at);
  *at++ = '"';
  for (const char c : field) {
    if (c == '"') *at++ = '"';
    *at++ = c;
  }
  *at++ = '"';
  return at;
}

std::size_t most_of(std::string_view field) { return 2 * field.size() + 2; }

}  // namespace

std::string csv_field(std::string_view text) {
  std::string field(most_of(text), '\0');
  field.resize(static_cast<std::size_t>(put_field(field.data(), text) - field.data()));
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

CsvFields::CsvFields(std::initializer_list<std::string_view> fields) : count_(fields.size()) {
  for (const std::string_view field : fields) text_.append(csv_field(field)).push_back(',');
}

CsvWriter::CsvWriter(const std::filesystem::path& path, const std::vector<std::string_view>& columns)
    : CsvWriter(columns) {
  file_.emplace(path);
  for (const std::string_view column : columns) *this << column;
  end_row();
  rows_ = 0;
}

CsvWriter::CsvWriter(const std::vector<std::string_view>& columns) : columns_(columns.size()) {}

CsvWriter& CsvWriter::operator<<(std::string_view text) {
  at_ = put_field(room(most_of(text) + 1), text);
  *at_++ = ',';
  ++filled_;
  return *this;
}

CsvWriter& CsvWriter::operator<<(double number) {
  constexpr std::size_t longest = 32;  // -1.2345678901234567e-308
  at_ = fmt::format_to(room(longest + 1), "{}", number);
  *at_++ = ',';
  ++filled_;
  return *this;
}

CsvWriter& CsvWriter::operator<<(const Value& value) {
  if (const auto* whole = std::get_if<std::int64_t>(&value)) return *this << *whole;
  if (const auto* fraction = std::get_if<double>(&value)) return *this << *fraction;
  return none();
}

void CsvWriter::end_row() {
  ensure(filled_ == columns_, "a CSV row has as many fields as its header");
  at_[-1] = '\n';  // the last field's comma, which is in the block whatever was written before it
  filled_ = 0;
  ++rows_;
}

// The block of a file is written and begun anew; memory doubles.
void CsvWriter::make_room(std::size_t size) {
  if (file_) flush();
  const std::string_view kept = unwritten();
  const auto capacity = static_cast<std::size_t>(end_ - block_.get());
  if (capacity - kept.size() >= size) return;
  const std::size_t wanted = std::max(kept.size() + size, file_ ? block_size : 2 * capacity);
  auto block = std::make_unique_for_overwrite<char[]>(wanted);
  at_ = std::copy(kept.begin(), kept.end(), block.get());
  block_ = std::move(block);
  end_ = block_.get() + wanted;
}

void CsvWriter::flush() {
  file_->write(unwritten());
  at_ = block_.get();
}

void CsvWriter::append(const CsvWriter& other) {
  ensure(other.columns_ == columns_ && filled_ == 0 && other.filled_ == 0, "whole rows of one table are joined");
  flush();
  file_->write(other.unwritten());
  rows_ += other.rows_;
}

FileSummary CsvWriter::close() {
  flush();
  FileSummary summary = file_->close();
  summary.rows = rows_;
  return summary;
}

}  // namespace userqsim
