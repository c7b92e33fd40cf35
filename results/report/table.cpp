#include "results/report/table.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <type_traits>

#include "results/record/csv.hpp"

namespace userqsim {
namespace {

// Columns on the screen: bytes that begin a character.
std::size_t width_of(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(
      text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

std::string padded(const std::string& text, std::size_t width, bool right) {
  const std::size_t own = width_of(text);
  const std::string space(width > own ? width - own : 0, ' ');
  return right ? space + text : text + space;
}

std::vector<std::size_t> column_widths(const ReportTable& table) {
  std::vector<std::size_t> widths;
  for (std::size_t c = 0; c < table.columns.size(); ++c) {
    std::size_t width = width_of(table.columns[c].name);
    for (const auto& row : table.rows) width = std::max(width, width_of(row[c]));
    widths.push_back(width);
  }
  return widths;
}

// With two spaces between columns.
std::size_t line_width(const std::vector<std::size_t>& widths) {
  return std::accumulate(widths.begin(), widths.end(), std::size_t{0}) + 2 * (widths.size() - 1);
}

// Two spaces between columns, or one where the page would be too narrow.
std::size_t gap_of(const std::vector<std::size_t>& widths) { return line_width(widths) > page_width ? 1 : 2; }

// The first column and those from `from` up to `to`.
ReportTable with_columns(const ReportTable& table, std::size_t from, std::size_t to) {
  const auto pick = [&](const auto& all) {
    auto some = std::remove_cvref_t<decltype(all)>{all.front()};
    for (std::size_t c = from; c < to; ++c) some.push_back(all[c]);
    return some;
  };
  ReportTable part{pick(table.columns), {}};
  for (const auto& row : table.rows) {
    std::vector<std::string> cells = pick(row);
    const bool empty = std::all_of(cells.begin() + 1, cells.end(), [](const auto& cell) { return cell.empty(); });
    if (!empty) part.rows.push_back(std::move(cells));
  }
  return part;
}

std::string text_line(const ReportTable& table, const std::vector<std::string>& cells,
                      const std::vector<std::size_t>& widths) {
  const std::string gap(gap_of(widths), ' ');
  std::string line;
  for (std::size_t c = 0; c < cells.size(); ++c) {
    if (c > 0) line += gap;
    line += padded(cells[c], widths[c], table.columns[c].number);
  }
  line.erase(line.find_last_not_of(' ') + 1);
  return line + "\n";
}

std::vector<std::string> names_of(const ReportTable& table) {
  std::vector<std::string> names;
  for (const TableColumn& column : table.columns) names.push_back(column.name);
  return names;
}

std::string render_text(const ReportTable& table) {
  const std::vector<std::size_t> widths = column_widths(table);
  std::string out = text_line(table, names_of(table), widths);
  std::vector<std::string> rules;
  for (const std::size_t width : widths) rules.emplace_back(width, '-');
  out += text_line(table, rules, widths);
  for (const auto& row : table.rows) out += text_line(table, row, widths);
  return out;
}

std::string render_csv(const ReportTable& table) {
  std::string out;
  const auto line = [&out](const std::vector<std::string>& cells) {
    for (std::size_t c = 0; c < cells.size(); ++c) {
      if (c > 0) out += ',';
      out += csv_field(cells[c]);
    }
    out += '\n';
  };
  line(names_of(table));
  for (const auto& row : table.rows) line(row);
  return out;
}

std::string render_json(const ReportTable& table) {
  std::string out = "[";
  for (std::size_t r = 0; r < table.rows.size(); ++r) {
    out += r > 0 ? ",\n  {" : "\n  {";
    for (std::size_t c = 0; c < table.columns.size(); ++c) {
      const std::string& cell = table.rows[r][c];
      if (c > 0) out += ", ";
      out += json_string(table.columns[c].name) + ": ";
      out += !table.columns[c].number ? json_string(cell) : cell.empty() ? "null" : cell;
    }
    out += "}";
  }
  return out + (table.rows.empty() ? "]\n" : "\n]\n");
}

std::string render_markdown(const ReportTable& table) {
  std::string out;
  const auto line = [&out](const std::vector<std::string>& cells) {
    for (const std::string& cell : cells) {
      out += "| ";
      for (const char c : cell) out += c == '|' ? std::string{"\\|"} : std::string(1, c);
      out += ' ';
    }
    out += "|\n";
  };
  line(names_of(table));
  for (const TableColumn& column : table.columns) out += column.number ? "|---:" : "|---";
  out += "|\n";
  for (const auto& row : table.rows) line(row);
  return out;
}

}  // namespace

std::optional<TableFormat> table_format(std::string_view name) {
  if (name == "table") return TableFormat::table;
  if (name == "csv") return TableFormat::csv;
  if (name == "json") return TableFormat::json;
  if (name == "md") return TableFormat::md;
  return std::nullopt;
}

std::string render(const ReportTable& table, TableFormat format) {
  switch (format) {
    case TableFormat::table:
      return render_text(table);
    case TableFormat::csv:
      return render_csv(table);
    case TableFormat::json:
      return render_json(table);
    case TableFormat::md:
      return render_markdown(table);
  }
  return {};
}

bool fits_page(const ReportTable& table) { return line_width(column_widths(table)) <= page_width; }

std::vector<ReportTable> folded(const ReportTable& table, const std::vector<std::size_t>& groups) {
  std::vector<std::size_t> ends;  // where a table may end
  for (std::size_t g = 0, end = 1; g < groups.size(); ++g) {
    const bool whole = fits_page(with_columns(table, end, end + groups[g]));
    for (std::size_t c = end; !whole && c + 1 < end + groups[g]; ++c) ends.push_back(c + 1);
    ends.push_back(end += groups[g]);
  }
  std::vector<ReportTable> tables;
  for (std::size_t from = 1, e = 0; e < ends.size(); from = ends[e - 1]) {
    std::size_t to = ends[e++];
    while (e < ends.size() && fits_page(with_columns(table, from, ends[e]))) to = ends[e++];
    tables.push_back(with_columns(table, from, to));
  }
  return tables;
}

std::string json_string(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (static_cast<unsigned char>(c) < 0x20) {
      out += fmt::format("\\u{:04x}", static_cast<unsigned char>(c));
    } else {
      out += c;
    }
  }
  return out + '"';
}

std::string wrap(std::string_view text, std::size_t width, std::size_t indent) {
  std::string out;
  std::string line(indent, ' ');
  bool empty = true;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(' '), text.size());
    const std::string_view word = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (word.empty()) continue;
    if (!empty && width_of(line) + 1 + width_of(word) > width) {
      out += line + "\n";
      line = std::string(indent, ' ');
      empty = true;
    }
    if (!empty) line += ' ';
    line += word;
    empty = false;
  }
  return empty ? out : out + line + "\n";
}

}  // namespace userqsim
