// A table of text, printed for people or for programs.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace userqsim {

// What is printed for people fits this many columns.
constexpr std::size_t page_width = 110;

enum class TableFormat { table, csv, json, md };

// Nothing for a name that is not a format.
std::optional<TableFormat> table_format(std::string_view name);

struct TableColumn {
  std::string name;
  bool number = false;  // aligned right; in JSON bare, null when empty
};

struct ReportTable {
  std::vector<TableColumn> columns;
  std::vector<std::vector<std::string>> rows;
};

// The table with a final line break. JSON is an array of objects. REQUIRES: every row has a cell for each column.
std::string render(const ReportTable& table, TableFormat format);

// Whether the table, as text, is no wider than page_width.
bool fits_page(const ReportTable& table);

// The table as one or several that fit the page, one below the other: the first column is repeated; the others are
// kept together in groups of the given sizes, as long as a group fits. A row that is left with its first cell alone
// is dropped. REQUIRES: there is a first column, and the groups make up all others.
std::vector<ReportTable> folded(const ReportTable& table, const std::vector<std::size_t>& groups);

// `text` as a JSON string, with its quotes.
std::string json_string(std::string_view text);

// `text` broken into lines of at most `width` columns, each indented by `indent` spaces.
std::string wrap(std::string_view text, std::size_t width, std::size_t indent);

}  // namespace userqsim
