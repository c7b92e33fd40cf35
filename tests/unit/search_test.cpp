// The search itself, on systems small enough to count by hand.
#include "sim/search/search.hpp"

#include <array>
#include <set>

#include "tests/support/catch.hpp"

namespace userqsim::search_test {
namespace {

// Counters that go up one by one to a limit, in any order.
struct Counters {
  std::array<int, 2> value{};
  std::array<int, 2> limit{};

  std::vector<std::size_t> happenings() const {
    std::vector<std::size_t> found;
    for (std::size_t i = 0; i < value.size(); ++i) {
      if (value[i] < limit[i]) found.push_back(i);
    }
    return found;
  }
  void take(std::size_t i) { ++value[i]; }
  std::uint64_t state_hash() const {
    return static_cast<std::uint64_t>(value[0]) << 32U | static_cast<std::uint64_t>(value[1]);
  }
};

// Two philosophers: each takes the left fork, then the right one, eats and puts both down, once.
struct Philosophers {
  std::array<int, 2> step{};    // 0 thinks, 1 has the left, 2 has both, 3 is done
  std::array<bool, 2> taken{};  // fork i is the left of i and the right of the other

  std::vector<std::size_t> happenings() const {
    std::vector<std::size_t> found;
    for (std::size_t i = 0; i < 2; ++i) {
      const bool may = step[i] == 2 || (step[i] == 0 && !taken[i]) || (step[i] == 1 && !taken[1 - i]);
      if (may) found.push_back(i);
    }
    return found;
  }
  void take(std::size_t i) {
    if (step[i] == 0) taken[i] = true;
    if (step[i] == 1) taken[1 - i] = true;
    if (step[i] == 2) taken = {};
    ++step[i];
  }
  std::uint64_t state_hash() const {
    return static_cast<std::uint64_t>(step[0] * 4 + step[1]);  // the forks follow from the steps
  }
};

template <class System>
struct Notes {
  std::vector<System> met;  // new ones
  std::vector<std::uint32_t> numbers;
  std::vector<std::pair<System, std::uint32_t>> ends;
  std::size_t known = 0;  // met again
  std::size_t allowed = 1'000'000;
  bool keeps = false;

  std::vector<std::pair<System, std::uint32_t>> kept;  // met again, where asked for

  bool taken(const System& system, std::uint32_t number, bool is_new) {
    if (is_new) {
      met.push_back(system);
      numbers.push_back(number);
      return false;
    }
    ++known;
    if (keeps) kept.emplace_back(system, number);
    return keeps;
  }
  void ended(const System& system, std::uint32_t number) { ends.emplace_back(system, number); }
  bool goes_on() { return allowed-- > 0; }
};

TEST_CASE("every state of a lattice is met once", "[search]") {
  Search<Counters> search({});
  Notes<Counters> notes;
  const SearchCounts counts = search.run(Counters{{}, {3, 5}}, notes);
  CHECK(counts.complete);
  CHECK(counts.states == 4 * 6);
  CHECK(counts.transitions == 3 * 6 + 4 * 5);  // steps of the first at each value of the second, and the reverse
  CHECK(counts.depth == 3 + 5);
  CHECK(counts.ends == 1);
  CHECK(notes.met.size() == counts.states - 1);  // all but the start
  CHECK(notes.known == counts.transitions - notes.met.size());
  // Each is met by a sequence as long as its distance from the start, which leads there.
  for (std::size_t i = 0; i < notes.met.size(); ++i) {
    Counters again{{}, {3, 5}};
    const std::vector<Choice> path = search.path(notes.numbers[i]);
    for (const Choice choice : path) again.take(again.happenings().at(choice));
    CHECK(again.value == notes.met[i].value);
    CHECK(path.size() == static_cast<std::size_t>(again.value[0] + again.value[1]));
  }
}

TEST_CASE("a way to a state that was met before can be kept", "[search]") {
  Search<Counters> search({});
  Notes<Counters> notes;
  notes.keeps = true;
  search.run(Counters{{}, {3, 5}}, notes);
  REQUIRE(notes.kept.size() == notes.known);
  std::set<std::vector<Choice>> ways;
  for (const auto& [state, number] : notes.kept) {
    Counters again{{}, {3, 5}};
    for (const Choice choice : search.path(number)) again.take(again.happenings().at(choice));
    CHECK(again.value == state.value);
    ways.insert(search.path(number));
  }
  CHECK(ways.size() == notes.kept.size());
}

TEST_CASE("a deadlock is an end, and the way to it the shortest", "[search]") {
  Search<Philosophers> search({});
  Notes<Philosophers> notes;
  const SearchCounts counts = search.run({}, notes);
  CHECK(counts.complete);
  REQUIRE(notes.ends.size() == 2);  // both have taken their left fork; both have eaten
  CHECK(notes.ends.front().first.step == std::array{1, 1});
  CHECK(search.path(notes.ends.front().second).size() == 2);
  CHECK(notes.ends.back().first.step == std::array{3, 3});
  CHECK(search.path(notes.ends.back().second).size() == 6);
}

TEST_CASE("a search that is cut says so, and keeps what it has", "[search]") {
  Notes<Counters> notes;
  Search<Counters> by_depth({0, 4});
  const SearchCounts shallow = by_depth.run(Counters{{}, {3, 5}}, notes);
  CHECK_FALSE(shallow.complete);
  CHECK(shallow.states == 1 + 2 + 3 + 4 + 4);  // states at distance 0 to 4; at 4 the first counter is 0 to 3
  CHECK(shallow.depth == 4);

  Search<Counters> by_states({10, 0});
  const SearchCounts few = by_states.run(Counters{{}, {3, 5}}, notes);
  CHECK_FALSE(few.complete);
  CHECK(few.states == 10);
  for (const std::uint64_t most : {23U, 24U}) {  // there are 4 x 6
    Search<Counters> search({most, 0});
    const SearchCounts counts = search.run(Counters{{}, {3, 5}}, notes);
    CHECK(counts.complete == (most == 24));
    CHECK(counts.states == most);
  }

  Notes<Counters> stopped;
  stopped.allowed = 3;
  Search<Counters> interrupted({});
  CHECK_FALSE(interrupted.run(Counters{{}, {3, 5}}, stopped).complete);
}

TEST_CASE("a depth that all reach cuts nothing", "[search]") {
  Notes<Counters> notes;
  Search<Counters> search({0, 8});
  CHECK(search.run(Counters{{}, {3, 5}}, notes).complete);
}

}  // namespace
}  // namespace userqsim::search_test
