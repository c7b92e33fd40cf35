// A file that appears whole or not at all.
#pragma once

#include <filesystem>
#include <string_view>

namespace userqsim {

// Writes `text` beside `path`, under its name and ".partial", and renames it; what stood there is replaced. Throws
// OutputError, and leaves nothing behind then.
void write_whole_file(const std::filesystem::path& path, std::string_view text);

}  // namespace userqsim
