#include "api/recv/opened_file.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <csignal>
#include <memory>
#include <thread>

#include "api/recv/unpack_stream.hpp"
#include "base/text.hpp"
#include "base/unique_fd.hpp"
#include "pipeline/sealed_content.hpp"
#include "wire/frame_reader.hpp"

namespace dcdn::api {

namespace {

constexpr std::size_t kReadBytes = 256u << 10;

/// Reads a file of sealed bytes and gives what was sealed to `put`.
Result<void> open_file(const std::string& path, std::vector<sign::SecretKey> keys,
                       const pipeline::ContentOpener::Put& put) {
  const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  if (!fd.valid()) return errno_error(errno, escape_for_display(path));
  pipeline::ContentOpener opener(std::move(keys));
  Bytes block(kReadBytes);
  for (;;) {
    DCDN_TRY(const std::size_t got, read_full(fd.get(), block, escape_for_display(path)));
    DCDN_CHECK(opener.push(ByteView(block).first(got), put));
    if (got < block.size()) return opener.finish();
  }
}

/// Decrypts on a thread of its own into a pipe.
class OpenedPipe {
 public:
  static Result<std::unique_ptr<OpenedPipe>> start(const std::string& path,
                                                   std::vector<sign::SecretKey> keys) {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) return errno_error(errno, "pipe");
    std::unique_ptr<OpenedPipe> made(new OpenedPipe);
    made->read_.reset(ends[0]);
    made->thread_ =
        std::thread([self = made.get(), path, mine = std::move(keys), out = UniqueFd(ends[1])]() mutable {
          self->run(path, std::move(mine), std::move(out));
        });
    return made;
  }
  ~OpenedPipe() { (void)finish(); }
  OpenedPipe(const OpenedPipe&) = delete;
  OpenedPipe& operator=(const OpenedPipe&) = delete;

  [[nodiscard]] int fd() const { return read_.get(); }
  Result<void> finish() {
    read_.reset();
    if (thread_.joinable()) thread_.join();
    return result_;
  }

 private:
  OpenedPipe() = default;
  void run(const std::string& path, std::vector<sign::SecretKey> keys, UniqueFd out) {
    sigset_t pipe_signal;  // whoever stops reading makes an error here, not the end of the process
    sigemptyset(&pipe_signal);
    sigaddset(&pipe_signal, SIGPIPE);
    (void)::pthread_sigmask(SIG_BLOCK, &pipe_signal, nullptr);
    result_ = open_file(path, std::move(keys),
                        [&](ByteView plain) { return write_all(out.get(), plain, "decrypted content"); });
  }

  UniqueFd read_;
  Result<void> result_;  // of the thread; read after it ended
  std::thread thread_;
};

/// Whether what is inside is a chunk stream. error as ContentOpener's, as far as it was read.
Result<bool> holds_stream(const std::string& path, const std::vector<sign::SecretKey>& keys) {
  bool stream = false;
  const auto look = [&](ByteView plain) -> Result<void> {
    stream = wire::FrameReader::looks_like_stream(plain);
    return Error(Errc::interrupted, "seen");
  };
  const auto opened = open_file(path, keys, look);
  if (!opened && opened.error().code != Errc::interrupted) return opened.error();
  return stream;
}

}  // namespace

bool is_sealed_file(const std::string& path) {
  const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  Bytes start(pipeline::kSealedFixedBytes);
  if (!fd.valid()) return false;
  const auto got = read_full_at(fd.get(), start, 0, path);
  return got && pipeline::looks_sealed(ByteView(start).first(*got));
}

Result<RecvReport> unpack_sealed_file(const RecvOptions& options, ProgressSink& progress,
                                      const std::string& path, std::vector<sign::SecretKey> keys,
                                      const UnpackTap& tap) {
  DCDN_TRY(const bool stream, holds_stream(path, keys));
  if (!stream)
    return Error(Errc::nothing, "what is encrypted in it is no chunk stream")
        .with_hint("dcdn-sign decrypt < " + escape_for_display(path));
  DCDN_TRY(const auto opened, OpenedPipe::start(path, std::move(keys)));
  RecvOptions inner = options;
  inner.sink = Sink::directory;
  inner.input_fd = opened->fd();
  inner.signers.clear();
  inner.require_signature = false;
  const auto unpacked = unpack_with(inner, progress, tap);
  const auto whole = opened->finish();
  // The reader's going away is not the reason.
  if (!whole && whole.error().code != Errc::closed_pipe) return whole.error();
  if (!unpacked) return unpacked.error();
  if (::unlink(path.c_str()) != 0) return errno_error(errno, escape_for_display(path) + ": remove");
  return unpacked;
}

}  // namespace dcdn::api
