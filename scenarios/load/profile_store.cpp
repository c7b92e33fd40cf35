#include "scenarios/load/profile_store.hpp"

#include <fmt/format.h>

#include <filesystem>
#include <map>
#include <system_error>

#include "models/profiles/embedded.hpp"
#include "scenarios/load/json_text.hpp"
#include "scenarios/load/reader.hpp"
#include "scenarios/load/scenario.hpp"

namespace userqsim {
namespace {

void require_name_of_file(const std::string& name, const ProfileFile& file) {
  if (name == file.name) return;
  Place{file.file, "/name"}.fail(fmt::format("the profile's name is {}, its file's {}; they must be equal",
                                             in_quotes(name), in_quotes(file.name)));
}

template <class T>
T read_profile(const ProfileFile& file) {
  T profile;
  read_document(parse_json(file.text, file.file), Place{file.file, {}}, profile);
  return profile;
}

// Visits a cost profile's field list: who lists the profile relies on two bounds. The rest is check()'s.
class RangeCheck {
 public:
  explicit RangeCheck(Place place) : place_(std::move(place)) {}

  template <class T>
  void required(std::string_view key, T& cost, std::string_view, Limits = {}) {
    if (cost.range.size() == 2) return;
    place_.at(key).at("range").fail(
        fmt::format("expected two values, least and most; found {}", cost.range.size()));
  }

 private:
  Place place_;
};

}  // namespace

ProfileStore::ProfileStore(std::string directory) : directory_(std::move(directory)) {
  std::error_code error;
  if (!directory_.empty() && !std::filesystem::is_directory(directory_, error)) {
    throw InputError(directory_ + ": is not a directory of profiles (devices/, kernels/, costs/)");
  }
  const auto holds = [&](const char* kind) {
    return std::filesystem::is_directory(std::filesystem::path(directory_) / kind, error);
  };
  if (!directory_.empty() && !holds("devices") && !holds("kernels") && !holds("costs")) {
    throw InputError(directory_ + ": holds no profiles; expected at least one of devices/, kernels/, costs/ in it");
  }
}

std::vector<ProfileFile> ProfileStore::list(std::string_view kind) const {
  std::map<std::string, ProfileFile> by_name;
  for (const EmbeddedFile& file : embedded_profiles()) {
    if (file.kind != kind) continue;
    const std::string name(file.name);
    by_name[name] = {name, fmt::format("built-in profile {}/{}", file.kind, file.name), std::string(file.text)};
  }
  const std::filesystem::path folder = std::filesystem::path(directory_) / kind;
  std::error_code error;
  // A folder that is not there, or cannot be read, adds nothing.
  const bool extended = !directory_.empty() && std::filesystem::is_directory(folder, error);
  std::filesystem::directory_iterator entry;
  if (extended) entry = std::filesystem::directory_iterator(folder, error);
  for (; !error && entry != std::filesystem::directory_iterator{}; entry.increment(error)) {
    if (entry->path().extension() != ".json") continue;
    const std::string name = entry->path().stem().string();
    by_name[name] = {name, entry->path().string(), read_input(entry->path().string())};
  }
  std::vector<ProfileFile> files;
  for (auto& [name, file] : by_name) files.push_back(std::move(file));
  return files;
}

ProfileFile ProfileStore::find(std::string_view kind, std::string_view name, const Place& place) const {
  std::vector<std::string> names;
  for (ProfileFile& file : list(kind)) {
    if (file.name == name) return std::move(file);
    names.push_back(file.name);
  }
  const std::string_view noun = kind == "costs" ? "cost" : kind.substr(0, kind.size() - 1);
  place.fail(unknown_name(fmt::format("{} profile", noun), name, names));
}

ProfileFile ProfileStore::find_costs(std::string_view name, const Place& place) const {
  return whole_costs(find("costs", name, place));
}

ProfileFile ProfileStore::read_costs_file(const std::string& path) const {
  return whole_costs({std::filesystem::path(path).stem().string(), path, read_input(path)});
}

ProfileFile ProfileStore::whole_costs(ProfileFile file) const {
  Json own = parse_json(file.text, file.file);
  const auto based_on = own.is_object() ? own.find("based_on") : own.end();
  if (based_on == own.end()) return file;
  const Place at = Place{file.file, {}}.at("based_on");
  std::string base_name;
  read_leaf(*based_on, at, {}, base_name);
  const ProfileFile base = find("costs", base_name, at);
  Json all = parse_json(base.text, base.file);
  if (all.contains("based_on")) at.fail(fmt::format("{} is based on another itself", in_quotes(base_name)));
  read_costs(base);
  own.erase("based_on");
  all.update(own);
  file.text = all.dump();
  return file;
}

DeviceProfile read_device(const ProfileFile& file) {
  auto profile = read_profile<DeviceProfile>(file);
  require_name_of_file(profile.device.name, file);
  return profile;
}

KernelSpec read_kernel(const ProfileFile& file) {
  auto kernel = read_profile<KernelSpec>(file);
  require_name_of_file(kernel.name, file);
  return kernel;
}

CostSpec read_costs(const ProfileFile& file) {
  auto costs = read_profile<CostSpec>(file);
  RangeCheck ranges(Place{file.file, {}});
  describe(ranges, costs);
  return costs;
}

}  // namespace userqsim
