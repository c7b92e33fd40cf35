// What this binary is.
#pragma once

#include <string_view>

namespace userqsim {

struct BuildInfo {
  std::string_view version;
  std::string_view model_version;  // moves when the model's answers are changed on purpose
  std::string_view build_type;
  std::string_view commit;  // empty: not known
};
BuildInfo build_info();

}  // namespace userqsim
