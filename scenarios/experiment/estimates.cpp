#include "scenarios/experiment/estimates.hpp"

#include <charconv>
#include <cstdint>
#include <sstream>

#include "results/record/csv_reader.hpp"
#include "scenarios/experiment/sweep_rows.hpp"
#include "sim/core/ensure.hpp"
#include "sim/stats/statistics.hpp"

namespace userqsim {
namespace {

enum Column : std::size_t { scenario, point, policy, rep, metric, role, stat, value, unit };

std::optional<double> number(const std::string& text) {
  double result = 0.0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), result);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return result;
}

}  // namespace

Estimates::Estimates(const std::filesystem::path& path)
    : csv_(path,
           {"scenario", "point", "policy", "metric", "role", "stat", "mean", "ci_low", "ci_high", "reps", "unit"}) {
}

void Estimates::add(std::string_view summary_rows) {
  if (summary_rows.empty()) return;
  std::istringstream in(std::string{sweep_summary_header}.append(summary_rows));
  CsvReader rows(in);
  for (std::size_t i = 0; rows.next(); ++i) {
    if (i == 0 && (rows.at(point) != point_ || rows.at(policy) != policy_)) {
      end_group();
      scenario_ = rows.at(scenario);
      point_ = rows.at(point);
      policy_ = rows.at(policy);
    }
    if (i == entries_.size())
      entries_.push_back({rows.at(metric), rows.at(role), rows.at(stat), rows.at(unit), {}});
    Entry& entry = entries_[i];
    ensure(entry.metric == rows.at(metric) && entry.role == rows.at(role) && entry.stat == rows.at(stat),
           "every run has the same statistics in the same order");
    if (const auto found = number(rows.at(value))) entry.values.push_back(*found);
  }
}

void Estimates::end_group() {
  for (const Entry& entry : entries_) {
    if (entry.values.empty()) continue;
    const Interval interval = t_interval(entry.values);
    const auto bound = [&](double sign) {
      return interval.half_width ? std::optional(interval.mean + sign * *interval.half_width) : std::nullopt;
    };
    csv_ << scenario_ << point_ << policy_ << entry.metric << entry.role << entry.stat << interval.mean
         << bound(-1.0) << bound(1.0) << std::uint64_t{entry.values.size()} << entry.unit;
    csv_.end_row();
  }
  entries_.clear();
}

FileSummary Estimates::close() {
  end_group();
  return csv_.close();
}

}  // namespace userqsim
