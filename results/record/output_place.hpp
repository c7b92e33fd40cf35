// Where results go: the path that is meant, and whether it may be taken. Errors throw OutputError.
#pragma once

#include <filesystem>
#include <string_view>

namespace userqsim {

std::filesystem::path with_suffix(const std::filesystem::path& path, std::string_view suffix);

// "a/b/" and "a/b/." name a/b, so that a suffix lands beside the directory and not in it. A symbolic link names
// what it points to.
std::filesystem::path normal_output_path(const std::filesystem::path& path);

// Whether there is nothing at the path, or an empty directory.
bool is_free_output(const std::filesystem::path& path);

// Replacing a directory that holds the working directory would take everything in it along.
void refuse_to_replace_ancestors(const std::filesystem::path& out);

// What a sweep keeps of itself in its directory: where this file is, work of an earlier process may be.
inline constexpr const char* sweep_record_file = "sweep.json";

// Who finds a directory that nothing of ours has made leaves it alone. REQUIRES: nobody writes there.
void require_left_over(const std::filesystem::path& partial);

// Removes what is in a directory that a run left, but for the marker of its lock.
void remove_left_over(const std::filesystem::path& partial);

// Renames `from` to `out`. With `force` an `out` that is not empty is renamed away first, and back where the other
// fails; its new path is the answer, for remove_replaced(). Else the answer is empty.
std::filesystem::path put_in_place(const std::filesystem::path& from, const std::filesystem::path& out, bool force);
void remove_replaced(const std::filesystem::path& old);

}  // namespace userqsim
