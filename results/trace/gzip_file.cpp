#include "results/trace/gzip_file.hpp"

#include <zlib.h>

#include <array>
#include <cerrno>
#include <new>

#include "results/record/output_error.hpp"
#include "sim/core/ensure.hpp"

namespace userqsim {
namespace {

constexpr int gzip_window = 15 + 16;  // a gzip header and trailer around the largest window
constexpr int memory_level = 8;       // zlib's default

}  // namespace

struct GzipFile::State {
  explicit State(const std::filesystem::path& path) : file(path) {}
  ~State() { deflateEnd(&stream); }

  // Compresses what the stream has been given.
  void run(int flush) {
    do {
      stream.next_out = out.data();
      stream.avail_out = static_cast<uInt>(out.size());
      ensure(deflate(&stream, flush) != Z_STREAM_ERROR, "the compressor is in order");
      file.write({reinterpret_cast<const char*>(out.data()), out.size() - stream.avail_out});
    } while (stream.avail_out == 0);
  }

  OutputFile file;
  z_stream stream{};
  std::array<Bytef, 1 << 15> out{};
};

GzipFile::GzipFile(const std::filesystem::path& path, int level) : state_(std::make_unique<State>(path)) {
  const int made = deflateInit2(&state_->stream, level, Z_DEFLATED, gzip_window, memory_level, Z_DEFAULT_STRATEGY);
  if (made != Z_OK) throw std::bad_alloc();
}

GzipFile::~GzipFile() = default;

void GzipFile::write(std::string_view text) {
  state_->stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  state_->stream.avail_in = static_cast<uInt>(text.size());
  state_->run(Z_NO_FLUSH);
}

FileSummary GzipFile::close() {
  state_->run(Z_FINISH);
  return state_->file.close();
}

void read_gzip(const std::filesystem::path& path, const std::function<void(std::string_view)>& take) {
  const std::unique_ptr<gzFile_s, int (*)(gzFile)> file(gzopen(path.c_str(), "rbe"), gzclose);
  if (!file) throw output_error("read", path.string(), errno);
  std::array<char, 1 << 16> text{};
  for (;;) {
    const int read = gzread(file.get(), text.data(), static_cast<unsigned>(text.size()));
    if (read < 0) throw output_error("read", path.string(), EIO);
    if (read == 0) return;
    take({text.data(), static_cast<std::size_t>(read)});
  }
}

}  // namespace userqsim
