// Queues that keep their room, and what a digest makes of a sequence.
#include "sim/core/containers.hpp"

#include <deque>
#include <numeric>
#include <tuple>
#include <vector>

#include "sim/core/digest.hpp"
#include "tests/support/catch.hpp"

namespace userqsim::sim_containers_test {
namespace {

template <class Container>
std::vector<int> values_of(const Container& container) {
  return {container.begin(), container.end()};
}

// Beside a std::deque: put in at either end and taken out at the front, in turns that let it wrap and grow.
TEST_CASE("a queue gives back what was put in, in order", "[sim][containers]") {
  Fifo<int> queue;
  std::deque<int> reference;
  for (int i = 0; i < 1000; ++i) {
    if (i % 7 == 3) {
      queue.push_front(i);
      reference.push_front(i);
    } else {
      queue.push_back(i);
      reference.push_back(i);
    }
    if (i % 3 == 0 && !reference.empty()) {
      REQUIRE(queue.front() == reference.front());
      queue.pop_front();
      reference.pop_front();
    }
    REQUIRE(queue.size() == reference.size());
    if (!reference.empty()) REQUIRE(queue.back() == reference.back());
  }
  CHECK(values_of(queue) == values_of(reference));
  const Fifo<int> copy = queue;
  queue.clear();
  CHECK(queue.empty());
  CHECK(values_of(copy) == values_of(reference));
}

TEST_CASE("a queue may be given a value of its own while it grows", "[sim][containers]") {
  Fifo<int> queue;
  for (int i = 1; i <= 8; ++i) queue.push_back(i);  // as much as there is room for at first
  queue.push_back(queue.front());
  CHECK(values_of(queue) == std::vector{1, 2, 3, 4, 5, 6, 7, 8, 1});
}

TEST_CASE("values are taken out of the middle", "[sim][containers]") {
  Fifo<int> queue;
  for (const int value : {1, 2, 1, 3, 1}) queue.push_back(value);
  CHECK(erase_value(queue, 4) == 0);
  CHECK(erase_value(queue, 1) == 3);
  CHECK(values_of(queue) == std::vector{2, 3});
  CHECK(erase_where(queue, [](int value) { return value > 2; }) == 1);
  CHECK(values_of(queue) == std::vector{2});
}

// Blocks of words are hashed as they fill: how the words came must not matter, only which and in which order. A
// struct's fields end anywhere in a block, or behind it.
TEST_CASE("a digest is of the words, however they were grouped", "[sim][digest]") {
  const auto before = static_cast<std::uint64_t>(GENERATE(range(0, 70)));
  std::vector<std::uint64_t> words(before + 26);
  std::iota(words.begin(), words.end(), std::uint64_t{1});
  const auto struct_of = [](std::uint64_t from) {
    return std::apply([&](auto... i) { return std::tuple((from + i)...); },
                      std::tuple(0U, 1U, 2U, 3U, 4U, 5U, 6U, 7U, 8U, 9U, 10U, 11U, 12U, 13U, 14U, 15U, 16U, 17U,
                                 18U, 19U, 20U, 21U, 22U, 23U, 24U, 25U));
  };
  Digest one_by_one, grouped, other;
  for (const std::uint64_t word : words) one_by_one.fold(word);
  for (std::uint64_t i = 0; i < before; ++i) grouped.fold(words[i]), other.fold(words[i]);
  grouped.fold(struct_of(before + 1));
  other.fold(struct_of(before + 2));
  CHECK(grouped.value() == one_by_one.value());
  CHECK(other.value() != one_by_one.value());

  std::vector<std::uint64_t> room, other_room;
  Digest kept(SimTime{}, room), kept_grouped(SimTime{}, other_room);
  for (const std::uint64_t word : words) kept.fold(word);
  for (std::uint64_t i = 0; i < before; ++i) kept_grouped.fold(words[i]);
  kept_grouped.fold(struct_of(before + 1));
  CHECK(kept.value() == kept_grouped.value());
  CHECK(kept.value() == kept.value());
}

TEST_CASE("sequences of the same values have one digest, and their length counts", "[sim][digest]") {
  const auto digest_of = [](const auto& values) {
    Digest digest;
    digest.fold(values);
    return digest.value();
  };
  Fifo<int> queue;
  for (const int value : {1, 2, 3}) queue.push_back(value);
  CHECK(digest_of(queue) == digest_of(std::vector{1, 2, 3}));
  CHECK(digest_of(queue) == digest_of(SmallVector<int, 2>{1, 2, 3}));
  CHECK(digest_of(queue) == digest_of(FlatSet<int>{3, 2, 1}));
  CHECK(digest_of(std::tuple(std::vector{1}, std::vector{2, 3})) !=
        digest_of(std::tuple(std::vector{1, 2}, std::vector{3})));
}

}  // namespace
}  // namespace userqsim::sim_containers_test
