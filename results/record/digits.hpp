// Whole numbers as decimal digits, written straight into a buffer.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>

namespace userqsim {

// What put_digits() writes at most: 20 characters, and behind them as many as it writes at once.
constexpr std::size_t room_for_digits = 28;

namespace digits_detail {

constexpr std::uint64_t ten_to_8 = 100'000'000;
constexpr std::uint64_t eight_zeros = 0x3030'3030'3030'3030;  // as text

// The eight digits of a number below 10^8, the first in the lowest byte, each as a value from 0 to 9. All of them
// at once: halves of four, of two, of one digit lie beside one another in the word, divided by multiplication.
constexpr std::uint64_t eight_digits(std::uint64_t number) {
  const std::uint64_t fours = number / 10'000 | (number % 10'000) << 32U;
  const std::uint64_t hundreds = ((fours * 10'486) >> 20U) & 0x0000'007f'0000'007f;
  const std::uint64_t twos = hundreds | (fours - hundreds * 100) << 16U;
  const std::uint64_t tens = ((twos * 103) >> 10U) & 0x000f'000f'000f'000f;
  return tens | (twos - tens * 10) << 8U;
}

inline char* put_word(char* at, std::uint64_t word, std::size_t bytes) {
  if constexpr (std::endian::native == std::endian::big) word = __builtin_bswap64(word);
  std::memcpy(at, &word, sizeof word);
  return at + bytes;
}

// Without leading zeros; a zero is one digit.
inline char* put_first(char* at, std::uint64_t number) {
  const std::uint64_t digits = eight_digits(number);
  const auto zeros = static_cast<std::size_t>(std::countr_zero(digits | std::uint64_t{1} << 56U)) / 8;
  return put_word(at, (digits + eight_zeros) >> (zeros * 8), 8 - zeros);
}

}  // namespace digits_detail

// Writes the digits from `at` on and returns their end. REQUIRES: room_for_digits; what is there
// behind the end is not to be read.
inline char* put_digits(char* at, std::uint64_t number) {
  using namespace digits_detail;
  if (number < 10) {
    *at = static_cast<char>('0' + number);
    return at + 1;
  }
  if (number < ten_to_8) return put_first(at, number);
  const std::uint64_t above = number / ten_to_8;
  at = above < ten_to_8 ? put_first(at, above) : put_digits(at, above);
  return put_word(at, eight_digits(number % ten_to_8) + eight_zeros, 8);
}

inline char* put_digits(char* at, std::int64_t number) {
  if (number >= 0) return put_digits(at, static_cast<std::uint64_t>(number));
  *at = '-';
  return put_digits(at + 1, std::uint64_t{0} - static_cast<std::uint64_t>(number));
}

}  // namespace userqsim
