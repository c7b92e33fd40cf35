// The buffers, by id. Ids are given in the order of creation and never again; of a buffer that is forgotten nothing
// stays but the four bytes that say so, so a long run holds only what is live.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "models/memory/buffer.hpp"
#include "models/workload/ids.hpp"
#include "sim/core/ensure.hpp"

namespace userqsim {

class BufferTable {
 public:
  BufferId create(const Buffer& made) {
    if (free_.empty()) {
      free_.push_back(static_cast<std::uint32_t>(places_.size()));
      places_.emplace_back();
    }
    const BufferId id = next_id();
    place_of_.push_back(free_.back());
    free_.pop_back();
    places_[place_of_.back()] = made;
    return id;
  }
  // Nothing may name it any more. REQUIRES: it is there.
  void forget(BufferId id) {
    free_.push_back(place(id));
    place_of_[id.index()] = nowhere;
  }

  // REQUIRES: it is there.
  Buffer& operator[](BufferId id) { return places_[place(id)]; }
  const Buffer& operator[](BufferId id) const { return places_[place(id)]; }
  bool has(BufferId id) const { return place_of_[id.index()] != nowhere; }
  BufferId next_id() const { return BufferId::of(place_of_.size()); }

  // Those that are there, oldest first.
  class Iterator {
   public:
    Iterator(const BufferTable& table, std::size_t index) : table_(&table), index_(index) { pass_forgotten(); }
    BufferId id() const { return BufferId::of(index_); }
    const Buffer& operator*() const { return (*table_)[id()]; }
    Iterator& operator++() {
      ++index_;
      pass_forgotten();
      return *this;
    }
    bool operator!=(const Iterator& other) const { return index_ != other.index_; }

   private:
    void pass_forgotten() {
      while (index_ < table_->place_of_.size() && table_->place_of_[index_] == nowhere) ++index_;
    }
    const BufferTable* table_;
    std::size_t index_;
  };
  Iterator begin() const { return {*this, 0}; }
  Iterator end() const { return {*this, place_of_.size()}; }
  std::size_t size() const { return places_.size() - free_.size(); }

 private:
  static constexpr std::uint32_t nowhere = ~std::uint32_t{0};

  std::uint32_t place(BufferId id) const {
    ensure(id.index() < place_of_.size() && has(id), "a buffer is looked for that is forgotten");
    return place_of_[id.index()];
  }

  std::vector<std::uint32_t> place_of_;  // by id
  std::vector<Buffer> places_;
  std::vector<std::uint32_t> free_;
};

}  // namespace userqsim
