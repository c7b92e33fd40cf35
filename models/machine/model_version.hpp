// The version of the model's answers. It moves when they are changed on purpose, with the golden digests
// (tests/golden/golden_test.py), and stands in every manifest.
#pragma once

#include <string_view>

namespace userqsim {

constexpr std::string_view model_version = "14";

}  // namespace userqsim
