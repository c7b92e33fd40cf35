#include "results/check/trail.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <bit>

namespace userqsim {
namespace {

std::string mark_of(std::uint64_t digest) { return fmt::format("{:02x}", digest & 0xffU); }

}  // namespace

bool has_mark(std::uint64_t fact, std::uint64_t exact) {
  if (fact <= exact) return true;
  // The distance doubles with each doubling of the facts, from the largest power of two within `exact`.
  return fact % (std::bit_floor(fact) / std::bit_floor(exact) * 2) == 0;
}

std::size_t trail_length(std::uint64_t facts, std::uint64_t exact) {
  std::uint64_t marks = std::min(facts, exact);
  for (std::uint64_t from = exact; from < facts;) {  // to the end of each doubling
    const std::uint64_t distance = std::bit_floor(from + 1) / std::bit_floor(exact) * 2;
    const std::uint64_t to = std::min(facts, 2 * std::bit_floor(from + 1) - 1);
    marks += to / distance - from / distance;
    from = to;
  }
  return 2 * marks;
}

void TrailWriter::add(std::uint64_t digest) {
  if (has_mark(++facts_, exact_)) text_ += mark_of(digest);
}

TrailFollower::Step TrailFollower::next(std::uint64_t digest) {
  ++fact_;
  if (fact_ > facts_) return Step::different;  // the trail has ended
  const bool marked = has_mark(fact_, exact_);
  if (marked && trail_.substr(2 * mark_++, 2) != mark_of(digest)) return Step::different;
  if (fact_ == facts_ && digest != digest_) return Step::different;
  if (!marked && fact_ != facts_) return Step::between_marks;
  equal_ = fact_;
  return Step::equal;
}

}  // namespace userqsim
