// Containers that keep their room: where things come and go all the time, nothing is allocated once there has been
// room for the most that were there at once. By Boost; here they have the names and the little that we need.
#pragma once

#include <algorithm>
#include <boost/circular_buffer.hpp>
#include <boost/container/flat_map.hpp>
#include <boost/container/flat_set.hpp>
#include <boost/container/small_vector.hpp>
#include <cstddef>
#include <functional>
#include <utility>

namespace userqsim {

// The first N lie in the object itself.
template <class T, std::size_t N>
using SmallVector = boost::container::small_vector<T, N>;

// In order, side by side: what is put in or taken out invalidates iterators.
template <class T>
using FlatSet = boost::container::flat_set<T>;
template <class T, std::size_t N>
using SmallSet = boost::container::flat_set<T, std::less<T>, SmallVector<T, N>>;
template <class Key, class T>
using FlatMap = boost::container::flat_map<Key, T>;
template <class Key, class T, std::size_t N>
using SmallMap = boost::container::flat_map<Key, T, std::less<Key>, SmallVector<std::pair<Key, T>, N>>;
template <class Key, class T>
using FlatMultimap = boost::container::flat_multimap<Key, T>;  // equal keys in order of insertion

// First in, first out, with a way in at the front; any place can be looked at.
template <class T>
class Fifo : private boost::circular_buffer<T> {
  using Ring = boost::circular_buffer<T>;

 public:
  using Ring::back;
  using Ring::begin;
  using Ring::clear;
  using Ring::empty;
  using Ring::end;
  using Ring::erase;
  using Ring::front;
  using Ring::pop_front;
  using Ring::size;
  using typename Ring::const_iterator;
  using typename Ring::iterator;
  using typename Ring::value_type;
  using Ring::operator[];

  void push_back(T value) {
    make_room();
    Ring::push_back(value);
  }
  void push_front(T value) {
    make_room();
    Ring::push_front(value);
  }
  void swap(Fifo& other) { Ring::swap(other); }

 private:
  void make_room() {
    if (Ring::full()) Ring::set_capacity(std::max<std::size_t>(8, 2 * Ring::capacity()));
  }
};

// Takes out all that `drops` accepts; how many there were.
template <class Container, class Drops>
std::size_t erase_where(Container& container, const Drops& drops) {
  const auto kept = std::remove_if(container.begin(), container.end(), drops);
  const auto count = static_cast<std::size_t>(container.end() - kept);
  container.erase(kept, container.end());
  return count;
}
template <class Container, class Value>
std::size_t erase_value(Container& container, const Value& value) {
  return erase_where(container, [&](const auto& each) { return each == value; });
}

}  // namespace userqsim
