#include "scenarios/cli/version.hpp"

#include "models/machine/model_version.hpp"

// The build gives these to this file alone, so that a new commit recompiles nothing else.
#ifndef USERQSIM_VERSION
#define USERQSIM_VERSION "unknown"
#endif
#ifndef USERQSIM_BUILD_TYPE
#define USERQSIM_BUILD_TYPE ""
#endif
#ifndef USERQSIM_COMMIT
#define USERQSIM_COMMIT ""
#endif

namespace userqsim {

BuildInfo build_info() {
  return {.version = USERQSIM_VERSION,
          .model_version = model_version,
          .build_type = USERQSIM_BUILD_TYPE,
          .commit = USERQSIM_COMMIT};
}

}  // namespace userqsim
