// A kernel profile with what it names: the tables of its lifecycle.
#pragma once

#include <string>

#include "models/driver/spec.hpp"
#include "models/lifecycle/lifecycle.hpp"

namespace userqsim {

struct Release {
  KernelSpec kernel;
  const Lifecycle* tables = nullptr;  // never null
};

// `profiles`: directory of further profiles, or empty. `asked_by`: the option that named the kernel. Throws
// InputError when there is no such profile, or when the lifecycle or the policy that it names does not exist.
Release find_release(const std::string& kernel, const std::string& profiles, const std::string& asked_by);

}  // namespace userqsim
