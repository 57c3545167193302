#include "sink/opened_file.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>

#include "base/text.hpp"
#include "wire/frame_reader.hpp"

namespace dcdn::sink {

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

}  // namespace

bool is_sealed_file(const std::string& path) {
  const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  Bytes start(pipeline::kSealedFixedBytes);
  if (!fd.valid()) return false;
  const auto got = read_full_at(fd.get(), start, 0, path);
  return got && pipeline::looks_sealed(ByteView(start).first(*got));
}

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

Result<std::unique_ptr<OpenedPipe>> OpenedPipe::start(const std::string& path,
                                                      std::vector<sign::SecretKey> keys) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return errno_error(errno, "pipe");
  std::unique_ptr<OpenedPipe> made(new OpenedPipe);
  made->read_.reset(ends[0]);
  auto run = [self = made.get(), path, mine = std::move(keys), out = UniqueFd(ends[1])]() mutable {
    self->run(path, std::move(mine), std::move(out));
  };
  DCDN_TRY(made->thread_, work::start_thread("decrypted content", std::move(run)));
  return made;
}

Result<void> OpenedPipe::finish() {
  read_.reset();
  if (thread_.joinable()) thread_.join();
  return result_;
}

void OpenedPipe::run(const std::string& path, std::vector<sign::SecretKey> keys, UniqueFd out) {
  sigset_t pipe_signal;  // whoever stops reading makes an error here, not the end of the process
  sigemptyset(&pipe_signal);
  sigaddset(&pipe_signal, SIGPIPE);
  (void)::pthread_sigmask(SIG_BLOCK, &pipe_signal, nullptr);
  result_ = open_file(path, std::move(keys),
                      [&](ByteView plain) { return write_all(out.get(), plain, "decrypted content"); });
}

}  // namespace dcdn::sink
