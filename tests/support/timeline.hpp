// What happened when, and the words to ask for it. A bench notes every message and every fact with its time; a test
// says what it expects in order, to the nanosecond.
#pragma once

#include <any>
#include <cstdint>
#include <initializer_list>
#include <typeinfo>
#include <vector>

#include "sim/core/source_location.hpp"
#include "sim/core/time.hpp"
#include "tests/support/catch.hpp"

namespace userqsim::test {

// True of everything: the default for `which`.
struct Any {
  template <class T>
  bool operator()(const T&) const {
    return true;
  }
};

template <class IdType>
struct OfQueue {
  IdType queue;
  template <class T>
  bool operator()(const T& what) const {
    return what.queue == queue;
  }
};
template <class IdType>
OfQueue<IdType> of(IdType queue) {
  return {queue};
}

class Timeline {
 public:
  Timeline() = default;
  Timeline(const Timeline&) = delete;
  Timeline& operator=(const Timeline&) = delete;
  virtual ~Timeline() = default;

  template <class T>
  void note(SimTime at, const T& what) {
    entries_.push_back({at, what, false});
  }

  // The next T of that kind that no expectation has met yet came at `t`, not before and not after.
  template <class T, class Which = Any>
  T expect_at(Duration t, Which which = {}, SourceLocation where = SourceLocation::current()) {
    INFO("expected at line " << where.line() << ": " << typeid(T).name());
    run_to(SimTime{t});
    Entry* entry = next<T>(which);
    REQUIRE(entry != nullptr);
    entry->met = true;
    CHECK(entry->at.time_since_epoch().count() == t.count());
    return std::any_cast<T>(entry->what);
  }
  // No further T of that kind before `t`.
  template <class T, class Which = Any>
  void nothing_before(Duration t, Which which = {}, SourceLocation where = SourceLocation::current()) {
    INFO("nothing expected before " << t.count() << " ns, line " << where.line() << ": " << typeid(T).name());
    run_to(SimTime{t - Duration{1}});
    const Entry* entry = next<T>(which);
    const std::int64_t came = entry != nullptr ? entry->at.time_since_epoch().count() : t.count();
    CHECK(came >= t.count());
  }
  // All T's of that kind up to now, met or not.
  template <class T, class Which = Any>
  std::vector<T> all(Which which = {}) const {
    std::vector<T> found;
    for (const Entry& e : entries_) {
      const T* what = std::any_cast<T>(&e.what);
      if (what != nullptr && which(*what)) found.push_back(*what);
    }
    return found;
  }
  template <class T, class Which = Any>
  std::size_t count(Which which = {}) const {
    return all<T>(which).size();
  }
  // When they came, in nanoseconds.
  template <class T, class Which = Any>
  std::vector<std::int64_t> times(Which which = {}) const {
    std::vector<std::int64_t> found;
    for (const Entry& e : entries_) {
      const T* what = std::any_cast<T>(&e.what);
      if (what != nullptr && which(*what)) found.push_back(e.at.time_since_epoch().count());
    }
    return found;
  }

 protected:
  // Everything up to and including `t` happens.
  virtual void run_to(SimTime t) = 0;

 private:
  struct Entry {
    SimTime at;
    std::any what;
    bool met = false;
  };

  template <class T, class Which>
  Entry* next(Which which) {
    for (Entry& e : entries_) {
      const T* what = std::any_cast<T>(&e.what);
      if (what != nullptr && !e.met && which(*what)) return &e;
    }
    return nullptr;
  }

  std::vector<Entry> entries_;
};

inline std::vector<std::int64_t> in_ns(std::initializer_list<Duration> times) {
  std::vector<std::int64_t> ns;
  for (const Duration t : times) ns.push_back(t.count());
  return ns;
}

}  // namespace userqsim::test
