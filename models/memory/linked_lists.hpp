// Doubly linked lists whose links lie in one vector and are named by their places in it: what stands in a list is
// taken out of its middle at once, nothing is allocated while others come and go, and a copy is a copy.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "sim/core/ensure.hpp"

namespace userqsim {

template <class T>
class LinkedLists {
 public:
  static constexpr std::uint32_t none = ~std::uint32_t{0};
  struct List {
    std::uint32_t first = none, last = none;
    std::size_t size = 0;
    bool empty() const { return size == 0; }
  };

  // Puts the value at the tail; names its link.
  std::uint32_t push_back(List& list, const T& value) {
    if (free_ == none) {
      free_ = static_cast<std::uint32_t>(links_.size());
      links_.emplace_back();
    }
    const std::uint32_t link = free_;
    free_ = links_[link].next;
    links_[link] = {value, list.last, none};
    (list.last == none ? list.first : links_[list.last].next) = link;
    list.last = link;
    ++list.size;
    return link;
  }
  // REQUIRES: the link is in the list.
  void erase(List& list, std::uint32_t link) {
    const auto [value, before, next] = links_[link];
    std::uint32_t& to_it = before == none ? list.first : links_[before].next;
    ensure(to_it == link, "what leaves a list does not stand in it");
    to_it = next;
    (next == none ? list.last : links_[next].before) = before;
    --list.size;
    links_[link].next = free_;
    free_ = link;
  }
  // The first value that f accepts; null when there is none.
  template <class F>
  const T* find(const List& list, const F& f) const {
    for (std::uint32_t link = list.first; link != none; link = links_[link].next) {
      if (f(links_[link].value)) return &links_[link].value;
    }
    return nullptr;
  }

 private:
  struct Link {
    T value{};
    std::uint32_t before = none, next = none;  // of one that is free, the next that is
  };
  std::vector<Link> links_;
  std::uint32_t free_ = none;
};

}  // namespace userqsim
