#include "results/record/whole_file.hpp"

#include <system_error>

#include "results/record/csv.hpp"
#include "results/record/output_error.hpp"

namespace userqsim {

void write_whole_file(const std::filesystem::path& path, std::string_view text) {
  std::filesystem::path partial = path;
  partial += ".partial";
  std::error_code error;
  std::filesystem::remove(partial, error);  // of a writer that was killed
  OutputFile file(partial);
  try {
    file.write(text);
    file.close();
  } catch (const OutputError&) {
    std::filesystem::remove(partial, error);
    throw;
  }
  std::filesystem::rename(partial, path, error);
  if (!error) return;
  std::error_code ignored;
  std::filesystem::remove(partial, ignored);
  throw output_error("write", path.string(), error.value());
}

}  // namespace userqsim
