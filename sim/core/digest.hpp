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
#include <limits>
#include <optional>
#include <span>
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

// Values in an order: vectors, queues, sets.
template <class T>
concept Sequence = requires(const T& values) {
  values.begin();
  values.end();
  values.size();
}
&&!requires { typename T::mapped_type; };

class Digest {
 public:
  explicit Digest(SimTime origin = SimTime{}) : origin_(origin) {}
  // Keeps the words in `words`, which outlives it, and hashes them all at once when it is asked: another value,
  // sooner.
  Digest(SimTime origin, std::vector<std::uint64_t>& words) : origin_(origin), filled_(0), words_(&words) {
    words.clear();
  }

  // From here on draw counts are not part of the state, of call numbers the last bits are, and ordinals from `cap`
  // on are alike: what goes round comes back to the same state. Where nothing takes time.
  void leave_out_counts(std::uint64_t cap) {
    has_draw_counts_ = false;
    cap_ = cap;
  }

  std::uint64_t value() const;

  template <class T>
  void fold(const T& value) {
    put(value);
    close_full_blocks();
  }

 private:
  static constexpr std::size_t block_words = 32;
  // What may follow before a full block is closed: the fields of one struct, each of at most three words.
  static constexpr std::size_t fields_max = 32, beyond = 3 * fields_max;

  static std::uint64_t hash_of(std::span<const std::uint64_t> words);
  // The hash reads little-endian bytes: a word has the same ones everywhere.
  static constexpr std::uint64_t little_endian(std::uint64_t word) {
    if constexpr (std::endian::native == std::endian::big) return __builtin_bswap64(word);
    return word;
  }

  void put_word(std::uint64_t word) { block_[filled_++] = little_endian(word); }
  template <class T>
  void put(const T& value) {
    if constexpr (std::is_enum_v<T> || std::is_integral_v<T>) {
      put_word(static_cast<std::uint64_t>(value));
    } else {
      put(value.fields());
    }
  }
  template <class Tag>
  void put(const Id<Tag>& id) {
    put_word(id.value);
  }
  void put(const SimTime& t) { put_word(static_cast<std::uint64_t>((t - origin_).count())); }
  void put(const TimeIf& t) {
    put_word(t.holds);
    if (t.holds) put(t.time);
  }
  void put(const DrawCount& count) {
    if (has_draw_counts_) put_word(count.value);
  }
  void put(const CallNumber& number) { put_word(has_draw_counts_ ? number.value : number.value % calls_to_come); }
  void put(const Ordinal& ordinal) { put_word(std::min(ordinal.value, cap_)); }
  void put(const Duration& d) { put_word(static_cast<std::uint64_t>(d.count())); }
  void put(const Bytes& b) { put_word(static_cast<std::uint64_t>(b.value)); }
  void put(const Wide& w) {
    put_word(static_cast<std::uint64_t>(w));
    put_word(static_cast<std::uint64_t>(w >> 64));
  }
  // A handle says only where the queue keeps an event; the event itself is folded with the queue.
  void put(const EventHandle&) {}
  template <class T>
  void put(const std::optional<T>& value) {
    put_word(value.has_value());
    if (value) put(*value);
  }
  template <Sequence T>
  void put(const T& values) {
    put_word(values.size());
    for (const auto& value : values) fold(value);
  }
  template <class... Fields>
  void put(const std::tuple<Fields...>& fields) {
    static_assert(sizeof...(Fields) <= fields_max);
    close_full_blocks();  // of what stands before it in the struct that it is a field of
    std::apply([&](const auto&... field) { (put(field), ...); }, fields);  // [&]: there may be no field
    close_full_blocks();
  }
  template <class Map>
  requires requires { typename Map::mapped_type; }
  void put(const Map& values) {
    put_word(values.size());
    for (const auto& [key, value] : values) fold(value);  // keys give the order and do not enter themselves
  }
  template <class... Ts>
  void put(const std::variant<Ts...>& value) {
    put_word(value.index());
    std::visit([this](const auto& alternative) { put(alternative); }, value);
  }
  void close_full_blocks() {
    if (filled_ >= block_words) [[unlikely]]
      close_blocks();
  }
  void close_blocks();

  static constexpr std::uint64_t calls_to_come = 64;

  SimTime origin_;
  // Words are hashed a block at a time, for a hash a word would be most of what it costs. The first is the hash of
  // the blocks before; where all words are kept it is a word like the others.
  std::array<std::uint64_t, block_words + beyond> block_{};
  std::size_t filled_ = 1;
  std::vector<std::uint64_t>* words_ = nullptr;
  bool has_draw_counts_ = true;
  std::uint64_t cap_ = std::numeric_limits<std::uint64_t>::max();
};

}  // namespace userqsim
