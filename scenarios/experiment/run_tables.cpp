#include "scenarios/experiment/run_tables.hpp"

#include <algorithm>
#include <tuple>
#include <utility>

#include "scenarios/experiment/cells.hpp"
#include "sim/core/ensure.hpp"

namespace userqsim {

RunTables::RunTables(const std::filesystem::path& directory, const std::string& scenario,
                     const std::vector<Cell>& cells)
    : files_(directory) {
  for (std::size_t i = 0; i < cells.size(); ++i) {
    if (cells[i].variant != base_variant) continue;
    entries_.push_back({i, {scenario, cells[i].policy, cells[i].replication}, nullptr});
    ++missing_[cells[i].replication];
  }
  std::sort(entries_.begin(), entries_.end(), [](const Entry& a, const Entry& b) {
    return std::tie(a.key.replication, a.key.policy) < std::tie(b.key.replication, b.key.policy);
  });
  for (std::size_t place = 0; place < entries_.size(); ++place) places_[entries_[place].cell] = place;
}

CellFinisher RunTables::of(std::size_t cell) {
  const auto found = places_.find(cell);
  if (found == places_.end()) return {};
  return [this, place = found->second](SimTime, const RunRecord& record) { take(place, record); };
}

bool RunTables::may_write_next() const {
  return next_ < entries_.size() && missing_.at(entries_[next_].key.replication) == 0;
}

void RunTables::take(std::size_t place, const RunRecord& record) {
  const RecordKey& key = entries_[place].key;
  std::unique_lock lock(mutex_);
  --missing_.at(key.replication);
  if (next_ == place && may_write_next()) {  // so nobody else is writing
    writing_ = true;
    lock.unlock();
    files_.write(key, record);
    lock.lock();
    writing_ = false;
    ++next_;
  } else {
    lock.unlock();
    auto text = std::make_unique<RecordTables>();
    text->write(key, record);
    lock.lock();
    entries_[place].early = std::move(text);
  }
  write_waiting(lock);
}

// Whoever writes looks again afterwards, so what came meanwhile is not forgotten.
void RunTables::write_waiting(std::unique_lock<std::mutex>& lock) {
  while (!writing_ && may_write_next() && entries_[next_].early) {
    const std::unique_ptr<RecordTables> text = std::move(entries_[next_].early);
    writing_ = true;
    lock.unlock();
    files_.append(*text);
    lock.lock();
    writing_ = false;
    ++next_;
  }
}

std::vector<FileSummary> RunTables::close(const std::vector<std::size_t>& whole) {
  std::vector<std::size_t> places;
  for (const std::size_t cell : whole) places.push_back(places_.at(cell));
  std::sort(places.begin(), places.end());
  for (const std::size_t place : places) {
    if (place < next_) continue;
    ensure(entries_[place].early != nullptr, "a whole cell has left its tables");
    files_.append(*entries_[place].early);
    entries_[place].early.reset();
  }
  return files_.close();
}

}  // namespace userqsim
