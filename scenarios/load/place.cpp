#include "scenarios/load/place.hpp"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "scenarios/load/scenario.hpp"
#include "sim/config/units.hpp"

namespace userqsim {
namespace {

constexpr std::size_t longest_name_shown = 80;

// A key as a JSON pointer writes it, fit for a message.
std::string pointer_escaped(std::string_view key) {
  std::string out;
  for (const char c : printable(key, longest_name_shown)) {
    if (c == '~') {
      out += "~0";
    } else if (c == '/') {
      out += "~1";
    } else {
      out += c;
    }
  }
  return out;
}

}  // namespace

Place Place::at(std::string_view key) const { return {file, pointer + "/" + pointer_escaped(key)}; }

Place Place::at(std::size_t index) const { return {file, fmt::format("{}/{}", pointer, index)}; }

void Place::fail(std::string_view message) const {
  if (pointer.empty()) throw InputError(fmt::format("{}: {}", file, message));
  throw InputError(fmt::format("{}: {}: {}", file, pointer, message));
}

std::string unknown_name(std::string_view noun, std::string_view found, const std::vector<std::string>& allowed) {
  const std::string nearest = nearest_name(found, allowed);
  const std::string guess = nearest.empty() ? "" : fmt::format("; did you mean {}?", in_quotes(nearest));
  return fmt::format("unknown {} {}{}{} allowed: {}", noun, in_quotes(found, longest_name_shown), guess,
                     guess.empty() ? ";" : "", joined(allowed));
}

std::string joined(const std::vector<std::string>& words) { return fmt::format("{}", fmt::join(words, ", ")); }

std::string printable(std::string_view text, std::size_t most) {
  std::string out;
  std::size_t end = std::min(text.size(), most);
  // Never cut inside a UTF-8 sequence.
  while (end < text.size() && end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) --end;
  for (const char c : text.substr(0, end)) {
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == '\t') {
      out += "\\t";
    } else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) {
      out += fmt::format("\\u{:04x}", static_cast<unsigned>(static_cast<unsigned char>(c)));
    } else {
      out += c;
    }
  }
  return out + (end < text.size() ? "..." : "");
}

std::string in_quotes(std::string_view text, std::size_t most) { return "\"" + printable(text, most) + "\""; }

}  // namespace userqsim
