// What has to outlive a loss of power: a renamed file may else be there and empty. Errors throw OutputError; a file
// system that cannot do it is taken as it is.
#pragma once

#include <filesystem>

namespace userqsim {

// Waits until the disk holds the file, or of a directory the names in it.
void sync_to_disk(const std::filesystem::path& path);
// Of a directory also everything below it.
void sync_tree_to_disk(const std::filesystem::path& directory);

// Renames a whole file into its place.
void rename_durably(const std::filesystem::path& from, const std::filesystem::path& to);

}  // namespace userqsim
