// The profiles that a scenario may name: the embedded ones, and those of a directory that replace or extend them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "scenarios/load/document.hpp"
#include "scenarios/load/place.hpp"

namespace userqsim {

struct ProfileFile {
  std::string name;
  std::string file;  // for messages: its path, or "built-in profile devices/ideal"
  std::string text;
};

class ProfileStore {
 public:
  // `directory` holds devices/, kernels/ and costs/; empty: the embedded profiles alone. Throws InputError when it
  // is not a directory, or has none of them.
  explicit ProfileStore(std::string directory);

  // All profiles of a kind ("devices", "kernels", "costs"), sorted by name.
  std::vector<ProfileFile> list(std::string_view kind) const;
  // The one of that name; throws at `place` when there is none.
  ProfileFile find(std::string_view kind, std::string_view name, const Place& place) const;
  // The same of cost profiles, where one may be `based_on` another: whole, its own costs in place of the other's.
  ProfileFile find_costs(std::string_view name, const Place& place) const;
  // The cost profile in a file of its own, wherever that is; whole likewise.
  ProfileFile read_costs_file(const std::string& path) const;

 private:
  ProfileFile whole_costs(ProfileFile file) const;

  std::string directory_;
};

// Each throws InputError when the profile is wrong or its name is not its file's.
DeviceProfile read_device(const ProfileFile& file);
KernelSpec read_kernel(const ProfileFile& file);
CostSpec read_costs(const ProfileFile& file);

}  // namespace userqsim
