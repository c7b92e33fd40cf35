#include "scenarios/cli/release.hpp"

#include <algorithm>
#include <vector>

#include "models/policy/policies.hpp"
#include "scenarios/load/place.hpp"
#include "scenarios/load/profile_store.hpp"

namespace userqsim {

Release find_release(const std::string& kernel, const std::string& profiles, const std::string& asked_by) {
  const ProfileFile file = ProfileStore(profiles).find("kernels", kernel, Place{asked_by, {}});
  const KernelSpec spec = read_kernel(file);
  const auto& all = lifecycles();
  const auto tables =
      std::find_if(all.begin(), all.end(), [&](const Lifecycle& each) { return each.name == spec.lifecycle; });
  if (tables == all.end()) {
    std::vector<std::string> names;
    for (const Lifecycle& each : all) names.emplace_back(each.name);
    Place{file.file, "/lifecycle"}.fail(unknown_name("lifecycle", spec.lifecycle, names));
  }
  if (find_policy(spec.native_policy) == nullptr) {
    Place{file.file, "/native_policy"}.fail(unknown_name("policy", spec.native_policy, policy_names()));
  }
  return {spec, &*tables};
}

}  // namespace userqsim
