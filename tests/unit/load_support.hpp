// Scenario texts for the loader's tests: written to a folder of their own that is removed at the end.
#pragma once

#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "scenarios/load/scenario.hpp"

namespace userqsim::load_test {

class ScratchFolder {
 public:
  explicit ScratchFolder(const std::string& test)
      : path_(std::filesystem::temp_directory_path() / ("userqsim-" + test + "-" + std::to_string(::getpid()))) {
    std::filesystem::remove_all(path_);
    std::filesystem::create_directories(path_);
  }
  ~ScratchFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;

  // Writes a file and returns its path.
  std::string write(const std::string& name, const std::string& text) const {
    const std::filesystem::path file = path_ / name;
    std::filesystem::create_directories(file.parent_path());
    std::ofstream(file, std::ios::binary) << text;
    return file.string();
  }
  std::string path() const { return path_.string(); }

 private:
  std::filesystem::path path_;
};

// The least scenario with one queue, with `more` (", \"key\": value") behind its last member.
inline std::string scenario_text(const std::string& jobs, const std::string& more = "") {
  return R"({"format": "userqsim-scenario/1", "name": "small", "device": "ideal", "kernel": "6.18", "horizon": "1s",
  "processes": [{"name": "app", "queues": [{"name": "q0", "type": "compute", "jobs": )" +
         jobs + "}]}]" + more + "}";
}
inline std::string scenario_text() { return scenario_text(R"({"arrival": {"periodic": "1ms"}, "work": "100us"})"); }

// What load_scenario says is wrong, or "(accepted)".
inline std::string error_of(const std::string& path, const LoadOptions& options = {}) {
  try {
    load_scenario(path, options);
    return "(accepted)";
  } catch (const InputError& error) {
    return error.what();
  }
}

inline std::string file_text(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

}  // namespace userqsim::load_test
