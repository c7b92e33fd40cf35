// Marks on the way to a digest: the lowest byte of the digest after the first fact, the second, and so on, so that
// a run whose digest differs can be told where it left the way.
//
// After each of the first `exact` facts there is a mark; from there on half as many (of the power of two within
// `exact`) in each doubling of their number, so that a trail grows with the logarithm of the run
// (docs/adr/0015-trail-of-a-digest.md). A mark is equal by chance once in 256 times: a difference is never found
// too early.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace userqsim {

inline constexpr std::uint64_t least_exact_facts = 2;
inline constexpr std::uint64_t usual_exact_facts = 1024;

// Whether there is a mark after fact number `fact`, from 1. REQUIRES: exact >= least_exact_facts.
bool has_mark(std::uint64_t fact, std::uint64_t exact);

// Of the text of a trail, in characters.
std::size_t trail_length(std::uint64_t facts, std::uint64_t exact);

class TrailWriter {
 public:
  explicit TrailWriter(std::uint64_t exact) : exact_(exact) {}

  // The digest after the next fact.
  void add(std::uint64_t digest);
  std::uint64_t facts() const { return facts_; }
  // Two hexadecimal digits a mark.
  const std::string& text() const { return text_; }

 private:
  std::uint64_t exact_;
  std::uint64_t facts_ = 0;
  std::string text_;
};

// Goes along a trail.
class TrailFollower {
 public:
  // The trail of a run of `facts` facts whose digest is `digest`.
  TrailFollower(std::string_view trail, std::uint64_t exact, std::uint64_t facts, std::uint64_t digest)
      : trail_(trail), exact_(exact), facts_(facts), digest_(digest) {}

  enum class Step { between_marks, equal, different };
  // The digest after the next fact: whether there is a mark, and whether it is the same.
  Step next(std::uint64_t digest);
  std::uint64_t fact() const { return fact_; }         // the last one
  std::uint64_t last_equal() const { return equal_; }  // after which a mark was equal; 0: none
  bool goes_on() const { return fact_ < facts_; }      // the trail has more facts

 private:
  std::string_view trail_;
  std::uint64_t exact_;
  std::uint64_t facts_;
  std::uint64_t digest_;
  std::uint64_t fact_ = 0;
  std::uint64_t equal_ = 0;
  std::size_t mark_ = 0;
};

}  // namespace userqsim
