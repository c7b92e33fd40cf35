// Text for a shell.
#pragma once

#include <string>

namespace userqsim {

// `text` as one word of a POSIX shell.
std::string quoted_for_shell(const std::string& text);

}  // namespace userqsim
