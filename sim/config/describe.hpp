// One field list a spec. A spec states its fields once, beside its definition:
//
//   template <class Visitor>
//   void describe(Visitor& v, QueueSpec& spec) {
//     v.required("name", spec.name, "Name, unique in its process");
//     v.optional("ring", spec.ring, "Ring entries", within(1, 1 << 20));
//   }
//
// and every reader, writer and schema generator is a Visitor over that list, so they cannot drift apart.
//
// A Visitor offers:
//   required(key, member, doc [, Limits])   the key must be present
//   optional(key, member, doc [, Limits])   absent: the member keeps the value it has (its default)
//   partial(key, member, doc)               optional; inside it `required` means optional too: what is given
//                                           replaces the values that the member already has
//   alternative<T>(key, variant, doc)       the object holds exactly one of the alternatives' keys
//   whole(member, doc [, Limits])           the spec is written as this one bare value, not as an object
//   graph_or_single_job(key, jobs, doc)     a stream's jobs: an array under `key`, or the one job's own fields
//
// A member is a leaf (bool, integers, double, std::string, Duration, Bytes, Bandwidth, Distribution, a
// NamedEnum), a described struct, a variant described by alternatives, or a std::optional or std::vector of
// those. A std::map<std::string, T> is an object with free keys.
#pragma once

#include <cstdint>
#include <limits>
#include <string_view>

namespace userqsim {

// Allowed values in the leaf's base unit (nanoseconds, bytes, bytes a second, or the number itself).
// Times, sizes and counts are non-negative unless a spec says otherwise.
struct Limits {
  std::int64_t least = 0;
  std::int64_t most = std::numeric_limits<std::int64_t>::max();
};

constexpr Limits within(std::int64_t least, std::int64_t most) { return {least, most}; }
constexpr Limits positive() { return {.least = 1}; }

}  // namespace userqsim
