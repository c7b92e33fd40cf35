// A hash over everything a scenario was read from, so that two results can be told to have had the same input.
#pragma once

#include <string>
#include <string_view>

#include "results/record/file_hash.hpp"

namespace userqsim {

// XXH3-128 over a sequence of parts; the split into parts counts.
class InputHash {
 public:
  void add(std::string_view part);
  std::string hexadecimal() const { return hash_.hexadecimal(); }

 private:
  FileHash hash_;
};

}  // namespace userqsim
