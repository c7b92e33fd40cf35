// What comes of each step of a sequence, in words: for who reads it, beside what happened.
#pragma once

#include <string>
#include <vector>

#include "models/machine/machine.hpp"

namespace userqsim {

class Effects {
 public:
  // REQUIRES: both stay where they are.
  explicit Effects(Machine& machine);
  Effects(const Effects&) = delete;
  Effects& operator=(const Effects&) = delete;

  // Since the last call, in order.
  std::vector<std::string> take();

 private:
  void add(std::string words) { words_.push_back(std::move(words)); }

  const Layout& layout_;
  std::vector<std::string> words_;
};

}  // namespace userqsim
