// A hash over everything a scenario was read from, so that two results can be told to have had the same input.
#pragma once

#include <memory>
#include <string>
#include <string_view>

namespace userqsim {

// XXH3, 128 bits, over a sequence of parts; the split into parts counts.
class InputHash {
 public:
  InputHash();
  ~InputHash();
  InputHash(const InputHash&) = delete;
  InputHash& operator=(const InputHash&) = delete;

  void add(std::string_view part);
  std::string hex() const;  // 32 digits

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace userqsim
