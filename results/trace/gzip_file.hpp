// A gzip file that is written once from its beginning, and one that is read so. No name and no time stand in it, so
// that the same text gives the same bytes. Errors throw OutputError.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string_view>

#include "results/record/csv.hpp"

namespace userqsim {

class GzipFile {
 public:
  // `level`: 1 (fast) to 9 (small).
  GzipFile(const std::filesystem::path& path, int level);
  ~GzipFile();
  GzipFile(const GzipFile&) = delete;
  GzipFile& operator=(const GzipFile&) = delete;

  void write(std::string_view text);
  FileSummary close();  // call once

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// Gives the text of the file to `take`, piece by piece.
void read_gzip(const std::filesystem::path& path, const std::function<void(std::string_view)>& take);

}  // namespace userqsim
