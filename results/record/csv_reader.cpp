#include "results/record/csv_reader.hpp"

#include <algorithm>
#include <charconv>

namespace userqsim {

CsvReader::CsvReader(std::istream& in) : in_(in) { read_row(header_); }

std::optional<std::size_t> CsvReader::column(std::string_view name) const {
  const auto it = std::find(header_.begin(), header_.end(), name);
  if (it == header_.end()) return std::nullopt;
  return static_cast<std::size_t>(it - header_.begin());
}

bool CsvReader::next() {
  if (damaged_ || !read_row(row_)) return false;
  damaged_ = damaged_ || row_.size() != header_.size();
  return !damaged_;
}

std::optional<std::int64_t> CsvReader::number(std::size_t column) const {
  const std::string& text = row_[column];
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

bool CsvReader::read_row(std::vector<std::string>& row) {
  row.assign(1, {});
  bool quoted = false, any = false;
  for (int c = in_.get(); c != std::char_traits<char>::eof(); c = in_.get()) {
    any = true;
    if (c == '\n') ++line_;
    if (quoted && c == '"' && in_.peek() == '"') {
      row.back() += static_cast<char>(in_.get());
    } else if (c == '"') {
      quoted = !quoted;
    } else if (!quoted && c == ',') {
      row.emplace_back();
    } else if (!quoted && c == '\n') {
      return true;
    } else {
      row.back() += static_cast<char>(c);
    }
  }
  damaged_ = damaged_ || quoted;
  return any;
}

}  // namespace userqsim
