// Output that cannot be written, told apart by whose fault it is.
#pragma once

#include <stdexcept>
#include <string>

namespace userqsim {

enum class OutputFault {
  path,    // the path cannot be written to: wrong, protected, or already taken
  system,  // the system failed: disk full, input/output error
};

class OutputError : public std::runtime_error {
 public:
  OutputError(OutputFault fault, const std::string& message) : std::runtime_error(message), fault_(fault) {}
  OutputFault fault() const { return fault_; }

 private:
  OutputFault fault_;
};

// "cannot <what> <path>: <reason of errno_value>", with the fault that the reason tells.
OutputError output_error(const std::string& what, const std::string& path, int errno_value);

}  // namespace userqsim
