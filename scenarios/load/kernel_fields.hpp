// A kernel profile as names and values, for people.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "models/driver/spec.hpp"

namespace userqsim {

// What the release does, field by field in the order of its field list, as a profile writes it: ("pre_wait",
// "abort"). Fields within fields have a dot: "a.b". Name, title and source are left out.
using KernelFields = std::vector<std::pair<std::string, std::string>>;
KernelFields kernel_fields(const KernelSpec& kernel);

// The fields in which the kernels differ: each field's name, and its value in every kernel (empty: it has none).
std::vector<std::vector<std::string>> differing_fields(const std::vector<KernelFields>& kernels);

}  // namespace userqsim
