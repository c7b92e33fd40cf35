// Names, times and lists as the story says them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "models/workload/ids.hpp"
#include "results/record/nanoseconds.hpp"
#include "results/record/rows.hpp"

namespace userqsim {

// "41208.000": microseconds, exact to the nanosecond.
std::string exact_us(std::int64_t ns);
// "+76.000 us", "at 0".
std::string offset_text(std::int64_t ns);

std::string size_text(std::int64_t bytes);
std::string length_text(std::int64_t ns);

// "3 buffers", "1 buffer".
std::string count_text(std::size_t count, std::string_view noun);

// "a, b and c"; of more than `most` the first ones, "a, b and 5 more".
std::string list_text(const std::vector<std::string>& words, std::size_t most = 4);

// How much of [start, end] lies within [from, to]; 0 when nothing.
std::int64_t overlap_ns(std::int64_t start, std::int64_t end, std::int64_t from, std::int64_t to);

// "game"; "nobody" for none.
std::string process_name(const RunRecord& record, std::uint32_t process);
// "game/gfx0".
std::string queue_name(const RunRecord& record, QueueId queue);

}  // namespace userqsim
