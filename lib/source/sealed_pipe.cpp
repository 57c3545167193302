#include "source/sealed_pipe.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>

namespace dcdn::source {

namespace {
constexpr int kPipeBytes = 1 << 20;  // what Linux grants everybody
constexpr const char* kName = "encrypted content";
}  // namespace

Result<void> SealedWriter::put(ByteView plain) {
  while (!plain.empty()) {
    // A full piece waits for what follows: the last one is sealed as the last.
    if (plain_.size() == pipeline::kSealedPiece) DCDN_CHECK(seal(false));
    const std::size_t size = std::min(plain.size(), pipeline::kSealedPiece - plain_.size());
    plain_.insert(plain_.end(), plain.begin(), plain.begin() + static_cast<std::ptrdiff_t>(size));
    plain = plain.subspan(size);
  }
  return {};
}

Result<void> SealedWriter::flush() {
  return plain_.empty() ? Result<void>() : seal(false);
}

Result<void> SealedWriter::finish() {
  return seal(true);
}

Result<void> SealedWriter::seal(bool last) {
  sealed_.clear();
  if (!began_) sealed_ = sealer_.header();
  began_ = true;
  DCDN_CHECK(sealer_.seal(plain_, last, sealed_));
  plain_.clear();
  return write_all(fd_, sealed_, kName);
}

Result<std::unique_ptr<SealedPipe>> SealedPipe::start(pipeline::ContentSealer sealer, Produce produce) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return errno_error(errno, std::string(kName) + ": pipe");
  std::unique_ptr<SealedPipe> made(new SealedPipe);
  made->read_.reset(ends[0]);
  UniqueFd write(ends[1]);
  (void)::fcntl(ends[1], F_SETPIPE_SZ, kPipeBytes);  // a smaller one works as well
  auto run = [self = made.get(), sealing = std::move(sealer), made_by = std::move(produce),
              out = std::move(write)]() mutable { self->run(std::move(sealing), made_by, std::move(out)); };
  DCDN_TRY(made->thread_, work::start_thread(kName, std::move(run)));
  return made;
}

SealedPipe::~SealedPipe() {
  stopped_ = true;
  read_.reset();
  if (thread_.joinable()) thread_.join();
}

void SealedPipe::run(pipeline::ContentSealer sealer, const Produce& produce, UniqueFd write) {
  // Who stops reading closes the pipe: that is an error here and must not end the process.
  sigset_t pipe_signal;
  sigemptyset(&pipe_signal);
  sigaddset(&pipe_signal, SIGPIPE);
  (void)::pthread_sigmask(SIG_BLOCK, &pipe_signal, nullptr);
  SealedWriter out(std::move(sealer), write.get());
  result_ = produce(out, [this] { return stopped_.load(); });
  if (result_) result_ = out.finish();
}

Result<void> SealedPipe::finish() {
  if (thread_.joinable()) thread_.join();
  return result_;
}

}  // namespace dcdn::source
