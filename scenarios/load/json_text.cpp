#include "scenarios/load/json_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <optional>
#include <set>
#include <system_error>
#include <utility>
#include <vector>

#include "scenarios/load/place.hpp"
#include "scenarios/load/scenario.hpp"

namespace userqsim {
namespace {

// Length of the UTF-8 sequence at the start of `text`, 0 when it is none (overlong, surrogate, beyond U+10FFFF).
std::size_t utf8_sequence(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned>(static_cast<unsigned char>(text[i])); };
  const unsigned lead = byte(0);
  if (lead < 0x80) return 1;
  const std::size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  if (lead < 0xC2 || lead > 0xF4 || text.size() < length) return 0;
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xC0U) != 0x80U) return 0;
  }
  const unsigned second = byte(1);
  const bool overlong = (lead == 0xE0 && second < 0xA0) || (lead == 0xF0 && second < 0x90);
  const bool not_a_character = (lead == 0xED && second >= 0xA0) || (lead == 0xF4 && second >= 0x90);
  return overlong || not_a_character ? 0 : length;
}

std::optional<std::size_t> first_bad_utf8(std::string_view text) {
  for (std::size_t i = 0; i < text.size();) {
    const std::size_t length = utf8_sequence(text.substr(i));
    if (length == 0) return i;
    i += length;
  }
  return std::nullopt;
}

// The parser's own sentence without its number and its position, which we state ourselves.
std::string without_prefix(std::string_view what) {
  if (const auto end = what.find("] "); end != std::string_view::npos) what.remove_prefix(end + 2);
  if (what.substr(0, 14) == "parse error at") {
    if (const auto end = what.find(": "); end != std::string_view::npos) what.remove_prefix(end + 2);
  }
  constexpr std::size_t longest = 300;
  if (what.size() <= longest) return std::string(what);
  std::size_t end = longest;
  while (end > 0 && (static_cast<unsigned char>(what[end]) & 0xC0U) == 0x80U) --end;  // not inside a character
  return std::string(what.substr(0, end)) + "...";
}

// Builds the document from the parser's events and stops at the first thing that is not allowed.
class StrictBuilder : public nlohmann::json_sax<Json> {
 public:
  StrictBuilder(std::string_view text, std::string file, Positions positions)
      : text_(text), file_(std::move(file)), positions_(positions) {}

  Json root;
  std::string problem;  // empty: none so far

  bool null() override { return add(nullptr); }
  bool boolean(bool value) override { return add(value); }
  bool number_integer(number_integer_t value) override { return add(value); }
  bool number_unsigned(number_unsigned_t value) override { return add(value); }
  bool number_float(number_float_t value, const string_t&) override { return add(value); }
  bool string(string_t& value) override { return add(std::move(value)); }
  bool binary(binary_t&) override { return false; }  // never in JSON text
  bool start_object(std::size_t) override { return open(Json::object()); }
  bool end_object() override { return frames_.pop_back(), true; }
  bool start_array(std::size_t) override { return open(Json::array()); }
  bool end_array() override { return frames_.pop_back(), true; }

  bool key(string_t& name) override {
    Frame& frame = frames_.back();
    frame.key = name;
    if (frame.keys.insert(name).second) return true;
    return refuse(here(), fmt::format("the key {} stands twice in this object", in_quotes(name, 80)));
  }

  bool parse_error(std::size_t position, const std::string&, const nlohmann::detail::exception& error) override {
    // The position is one past the last byte read.
    const std::string where =
        position_of(text_, std::min(position == 0 ? 0 : position - 1, text_.size()), positions_);
    problem = fmt::format("{}: {}: {}", file_, where, without_prefix(error.what()));
    return false;
  }

 private:
  struct Frame {
    Json* node;
    std::set<std::string, std::less<>> keys;
    std::string key;
  };

  Json* place(Json&& value) {
    if (frames_.empty()) return &(root = std::move(value));
    Frame& frame = frames_.back();
    if (frame.node->is_array()) {
      frame.node->push_back(std::move(value));
      return &frame.node->back();
    }
    return &((*frame.node)[frame.key] = std::move(value));
  }
  bool add(Json&& value) { return place(std::move(value)), true; }
  bool open(Json&& container) {
    if (frames_.size() == json_depth_max) {
      return refuse(here(), fmt::format("nested deeper than {} levels", json_depth_max));
    }
    Json* node = place(std::move(container));
    frames_.push_back({node, {}, {}});
    return true;
  }
  // The place of the innermost key or element under way.
  Place here() const {
    Place at{file_, {}};
    for (const Frame& frame : frames_) {
      at = frame.node->is_array() ? at.at(frame.node->size() - (&frame == &frames_.back() ? 0 : 1))
                                  : at.at(frame.key);
    }
    return at;
  }
  bool refuse(const Place& at, const std::string& message) {
    problem = fmt::format("{}: {}: {}", at.file, at.pointer, message);
    return false;
  }

  std::string_view text_;
  std::string file_;
  Positions positions_;
  std::vector<Frame> frames_;
};

std::string read_stream(std::istream& in, const std::string& file) {
  std::string text;
  std::vector<char> block(1U << 16U);
  while (in.read(block.data(), static_cast<std::streamsize>(block.size())), in.gcount() > 0) {
    text.append(block.data(), static_cast<std::size_t>(in.gcount()));
    if (text.size() > json_size_max) {
      throw InputError(fmt::format("{}: larger than {} MiB", file, json_size_max >> 20U));
    }
  }
  if (in.bad()) throw InputError(fmt::format("{}: cannot be read", file));
  return text;
}

}  // namespace

std::string read_input(const std::string& path) {
  if (path == "-") return read_stream(std::cin, "standard input");
  std::error_code error;
  if (std::filesystem::is_directory(path, error)) throw InputError(path + ": is a directory, not a file");
  errno = 0;
  std::ifstream in(path, std::ios::binary);
  if (!in) {
    const std::error_code reason(errno == 0 ? EIO : errno, std::generic_category());
    throw InputError(fmt::format("{}: cannot be opened: {}", path, reason.message()));
  }
  return read_stream(in, path);
}

Json parse_json(std::string_view text, const std::string& file, Positions positions) {
  if (text.find_first_not_of(" \t\r\n") == std::string_view::npos) throw InputError(file + ": is empty");
  if (const auto bad = first_bad_utf8(text)) {
    throw InputError(fmt::format("{}: {}: byte 0x{:02x} is not UTF-8", file, position_of(text, *bad, positions),
                                 static_cast<unsigned>(static_cast<unsigned char>(text[*bad]))));
  }
  // The parser takes it for the end and would ignore what follows.
  if (const std::size_t nul = text.find('\0'); nul != std::string_view::npos) {
    throw InputError(fmt::format("{}: {}: byte 0x00 is no JSON", file, position_of(text, nul, positions)));
  }
  StrictBuilder builder(text, file, positions);
  if (!Json::sax_parse(text, &builder)) throw InputError(builder.problem);
  return std::move(builder.root);
}

std::string position_of(std::string_view text, std::size_t offset, Positions positions) {
  if (positions == Positions::in_a_line) return fmt::format("column {}", offset + 1);
  const std::string_view before = text.substr(0, offset);
  const auto line = std::count(before.begin(), before.end(), '\n') + 1;
  const std::size_t start = before.rfind('\n') == std::string_view::npos ? 0 : before.rfind('\n') + 1;
  return fmt::format("line {}, column {}", line, offset - start + 1);
}

std::string shown(const Json& value) {
  if (value.is_string()) return "the text " + in_quotes(value.get_ref<const std::string&>(), 60);
  if (value.is_number()) return "the number " + value.dump();
  if (value.is_object()) return "an object";
  if (value.is_array()) return "an array";
  return value.dump();
}

}  // namespace userqsim
