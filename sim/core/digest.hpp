// A 64-bit digest of typed values, field by field, never of bytes: padding, addresses and capacities cannot enter.
//
// A struct takes part by stating `auto fields() const { return std::tie(...); }`. Times are folded relative to an
// origin, so that the same situation at two times has one digest when the origin is "now".
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <limits>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "sim/core/bytes.hpp"
#include "sim/core/event.hpp"
#include "sim/core/id.hpp"
#include "sim/core/time.hpp"
#include "sim/core/wide.hpp"

namespace userqsim {

// A time that is part of the state only while something holds: what is stale must not tell two states apart.
struct TimeIf {
  bool holds = false;
  SimTime time;
};

// A count that numbers draws, or is told at the end: where nothing takes time it decides nothing.
struct DrawCount {
  std::uint64_t value = 0;
};

// A number by which an answer is told from those to earlier calls, of which few can still be to come.
struct CallNumber {
  std::uint64_t value = 0;
};
// A count that decides only by whether it is one that something in the system is about (leave_out_counts).
struct Ordinal {
  std::uint64_t value = 0;
};

class Digest {
 public:
  explicit Digest(SimTime origin = SimTime{}) : origin_(origin) {}
  // Keeps the words in `words`, which outlives it, and hashes them all at once when it is asked: another value,
  // sooner.
  Digest(SimTime origin, std::vector<std::uint64_t>& words) : origin_(origin), words_(&words) { words.clear(); }

  // From here on draw counts are not part of the state, of call numbers the last bits are, and ordinals from `cap`
  // on are alike: what goes round comes back to the same state. Where nothing takes time.
  void leave_out_counts(std::uint64_t cap) {
    has_draw_counts_ = false;
    cap_ = cap;
  }

  std::uint64_t value() const { return words_ == nullptr ? hash_of({block_.data(), filled_}) : hash_of(*words_); }

  template <class T>
  void fold(const T& value) {
    if constexpr (std::is_enum_v<T> || std::is_integral_v<T>) {
      fold_word(static_cast<std::uint64_t>(value));
    } else {
      fold_fields(value.fields());
    }
  }
  template <class Tag>
  void fold(const Id<Tag>& id) {
    fold_word(id.value);
  }
  void fold(const SimTime& t) { fold_word(static_cast<std::uint64_t>((t - origin_).count())); }
  void fold(const TimeIf& t) {
    fold_word(t.holds);
    if (t.holds) fold(t.time);
  }
  void fold(const DrawCount& count) {
    if (has_draw_counts_) fold_word(count.value);
  }
  void fold(const CallNumber& number) { fold_word(has_draw_counts_ ? number.value : number.value % calls_to_come); }
  void fold(const Ordinal& ordinal) { fold_word(std::min(ordinal.value, cap_)); }
  void fold(const Duration& d) { fold_word(static_cast<std::uint64_t>(d.count())); }
  void fold(const Bytes& b) { fold_word(static_cast<std::uint64_t>(b.value)); }
  void fold(const Wide& w) {
    fold_word(static_cast<std::uint64_t>(w));
    fold_word(static_cast<std::uint64_t>(w >> 64));
  }
  // A handle says only where the queue keeps an event; the event itself is folded with the queue.
  void fold(const EventHandle&) {}
  template <class T>
  void fold(const std::optional<T>& value) {
    fold_word(value.has_value());
    if (value) fold(*value);
  }
  template <class T>
  void fold(const std::vector<T>& values) {
    fold_range(values);
  }
  template <class T>
  void fold(const std::deque<T>& values) {
    fold_range(values);
  }
  template <class T>
  void fold(const std::set<T>& values) {
    fold_range(values);
  }
  template <class... Fields>
  void fold(const std::tuple<Fields...>& fields) {
    fold_fields(fields);
  }
  template <class K, class V>
  void fold(const std::map<K, V>& values) {
    fold_word(values.size());
    for (const auto& [key, value] : values) fold(value);  // keys give the order and do not enter themselves
  }
  void fold(const std::vector<bool>& values) {
    fold_word(values.size());
    for (const bool value : values) fold_word(value);
  }
  template <class... Ts>
  void fold(const std::variant<Ts...>& value) {
    fold_word(value.index());
    std::visit([this](const auto& alternative) { this->fold(alternative); }, value);
  }

 private:
  static std::uint64_t hash_of(std::span<const std::uint64_t> words);
  // The hash reads little-endian bytes: a word has the same ones everywhere.
  static constexpr std::uint64_t little_endian(std::uint64_t word) {
    if constexpr (std::endian::native == std::endian::big) return __builtin_bswap64(word);
    return word;
  }
  void fold_word(std::uint64_t word) {
    if (words_ != nullptr) return words_->push_back(little_endian(word));
    block_[filled_++] = little_endian(word);
    if (filled_ == block_.size()) close_block();
  }
  void close_block() {
    block_[0] = little_endian(hash_of(block_));
    filled_ = 1;
  }

  template <class Range>
  void fold_range(const Range& values) {
    fold_word(values.size());
    for (const auto& value : values) fold(value);
  }
  template <class... Fields>
  void fold_fields(const std::tuple<Fields...>& fields) {
    std::apply([&](const auto&... field) { (fold(field), ...); }, fields);  // [&]: there may be no field
  }

  static constexpr std::uint64_t calls_to_come = 64;

  SimTime origin_;
  // Words are hashed a block at a time, for a hash a word would be most of what it costs. The first is the hash of
  // the blocks before.
  std::array<std::uint64_t, 32> block_{};
  std::size_t filled_ = 1;
  std::vector<std::uint64_t>* words_ = nullptr;
  bool has_draw_counts_ = true;
  std::uint64_t cap_ = std::numeric_limits<std::uint64_t>::max();
};

}  // namespace userqsim
