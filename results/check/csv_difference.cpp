#include "results/check/csv_difference.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <limits>
#include <optional>
#include <utility>

#include "results/record/csv_reader.hpp"

namespace userqsim {
namespace {

// What happens at a time, and the column that says when.
constexpr std::array files{std::pair{"evictions.csv", "start_ns"},    std::pair{"transitions.csv", "time_ns"},
                           std::pair{"mes_ops.csv", "issued_ns"},     std::pair{"jobs.csv", "submitted_ns"},
                           std::pair{"requests.csv", "requested_ns"}, std::pair{"eviction_parts.csv", "start_ns"},
                           std::pair{"hazards.csv", "time_ns"},       std::pair{"faults.csv", "time_ns"},
                           std::pair{"resets.csv", "began_ns"}};

// The rows of one replication in one file.
class Rows {
 public:
  Rows(const std::filesystem::path& path, const std::string& policy, std::uint32_t replication)
      : in_(path, std::ios::binary), csv_(in_), policy_(policy), replication_(replication) {}

  const CsvReader& csv() const { return csv_; }
  bool usable() const { return csv_.column("policy") && csv_.column("rep"); }
  bool next() {
    while (csv_.next()) {
      if (csv_.at(*csv_.column("policy")) == policy_ && csv_.number(*csv_.column("rep")) == replication_)
        return true;
    }
    return false;
  }
  std::int64_t time(const char* column) const {
    const auto at = csv_.column(column);
    const std::optional<std::int64_t> value = at ? csv_.number(*at) : std::nullopt;
    return value.value_or(std::numeric_limits<std::int64_t>::max());
  }
  std::string described() const {
    std::string text;
    for (std::size_t c = 0; c < csv_.header().size(); ++c) {
      text += fmt::format("{}{}={}", c > 0 ? " " : "", csv_.header()[c], csv_.at(c));
    }
    return text;
  }

 private:
  std::ifstream in_;
  CsvReader csv_;
  const std::string& policy_;
  std::uint32_t replication_;
};

std::optional<RowDifference> first_difference(const char* file, const char* time_column, Rows& was, Rows& is) {
  if (!was.usable() || !is.usable() || was.csv().header() != is.csv().header()) return std::nullopt;
  for (std::uint64_t row = 0;; ++row) {
    const bool in_old = was.next();
    const bool in_new = is.next();
    if (!in_old && !in_new) return std::nullopt;
    RowDifference difference{file, row, 0, {}};
    if (in_old && in_new) {
      for (std::size_t c = 0; c < is.csv().header().size(); ++c) {
        if (was.csv().at(c) == is.csv().at(c)) continue;
        difference.fields.push_back(fmt::format("{}: {}, was {}", is.csv().header()[c],
                                                is.csv().at(c).empty() ? "empty" : is.csv().at(c),
                                                was.csv().at(c).empty() ? "empty" : was.csv().at(c)));
      }
      if (difference.fields.empty()) continue;
      difference.time_ns = std::min(was.time(time_column), is.time(time_column));
    } else {
      difference.time_ns = in_old ? was.time(time_column) : is.time(time_column);
      difference.fields.push_back(in_old ? "no such row, was " + was.described() : "a row more: " + is.described());
    }
    return difference;
  }
}

}  // namespace

std::vector<RowDifference> row_differences(const std::filesystem::path& old_run,
                                           const std::filesystem::path& new_run, const std::string& policy,
                                           std::uint32_t replication) {
  std::vector<RowDifference> differences;
  for (const auto& [file, time_column] : files) {
    Rows was(old_run / file, policy, replication);
    Rows is(new_run / file, policy, replication);
    if (auto difference = first_difference(file, time_column, was, is))
      differences.push_back(std::move(*difference));
  }
  std::stable_sort(differences.begin(), differences.end(),
                   [](const auto& a, const auto& b) { return a.time_ns < b.time_ns; });
  return differences;
}

}  // namespace userqsim
