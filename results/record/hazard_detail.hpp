// What each kind of hazard means, in a clause: the column `detail` of hazards.csv.
#pragma once

#include <string_view>

namespace userqsim {

// Empty: there is no such kind.
std::string_view hazard_detail(std::string_view kind);

}  // namespace userqsim
