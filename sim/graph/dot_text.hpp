// Text as Graphviz reads it.
#pragma once

#include <string>

namespace userqsim {

// In double quotes; a line break is one in the picture.
std::string dot_quoted(const std::string& text);

}  // namespace userqsim
