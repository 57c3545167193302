#include "source/sealed_source.hpp"

#include <poll.h>

#include <cerrno>

#include "base/text.hpp"
#include "source/packed_segment.hpp"
#include "source/segment_output.hpp"

namespace dcdn::source {

namespace {

constexpr std::size_t kReadBytes = 256u << 10;
constexpr int kLookAgainMs = 100;

class InputSealer {
 public:
  InputSealer(int fd, std::chrono::milliseconds flush_after) : fd_(fd), flush_after_(flush_after) {}

  Result<void> run(SealedWriter& out, const std::function<bool()>& stopped) {
    Bytes block(kReadBytes);
    std::chrono::milliseconds silent{0};
    while (!stopped()) {
      pollfd wait{fd_, POLLIN, 0};
      const int ready = ::poll(&wait, 1, kLookAgainMs);
      if (ready < 0 && errno != EINTR) return errno_error(errno, "standard input: poll");
      if (ready == 0) silent += std::chrono::milliseconds(kLookAgainMs);
      if (ready == 0 && flush_after_.count() > 0 && silent >= flush_after_) DCDN_CHECK(out.flush());
      if (ready <= 0) continue;
      silent = std::chrono::milliseconds(0);
      const ssize_t got = ::read(fd_, block.data(), block.size());
      if (got < 0 && errno != EINTR && errno != EAGAIN) return errno_error(errno, "standard input: read");
      if (got == 0) return {};
      if (got > 0) DCDN_CHECK(out.put(ByteView(block).first(static_cast<std::size_t>(got))));
    }
    return Error(Errc::interrupted, "encryption was stopped");
  }

 private:
  int fd_;
  std::chrono::milliseconds flush_after_;
};

}  // namespace

Result<std::unique_ptr<SealedPipe>> seal_input(pipeline::ContentSealer sealer, int fd, Buffer head,
                                               std::chrono::milliseconds flush_after) {
  return SealedPipe::start(std::move(sealer), [fd, head = std::move(head), flush_after](
                                                  SealedWriter& out, const std::function<bool()>& stopped) {
    Result<void> done = out.put(head.view());
    if (done) done = InputSealer(fd, flush_after).run(out, stopped);
    return done;
  });
}

Result<std::unique_ptr<SealedPipe>> seal_object(pipeline::ContentSealer sealer, PackRequest inner,
                                                work::WorkerPool& workers, BufferPool& pool) {
  return SealedPipe::start(std::move(sealer), [inner = std::move(inner), &workers, &pool](
                                                  SealedWriter& out, const std::function<bool()>& stopped) {
    Result<void> written;
    const auto packed = pack_object(inner, workers, pool, stopped, [&](const PackedSegment& segment) {
      written = write_segment(segment, [&](ByteView bytes) { return out.put(bytes); });
      return written.has_value();
    });
    return written ? packed : written;
  });
}

Result<std::string> sealed_name(const sign::Secret& secret) {
  constexpr std::size_t kNameBytes = 8;
  DCDN_TRY(const sign::Secret name, sign::expand(secret, {as_bytes("dcdn encrypted name 1\n")}));
  return "encrypted-" + to_hex(name.view().first(kNameBytes));
}

PackRequest pack_sealed(SealedPipe& pipe, const std::string& name) {
  PackRequest request;
  request.object = {wire::ObjectKind::stream, name, false};
  request.input_fd = pipe.fd();
  request.input_end = [&pipe] { return pipe.finish(); };
  request.compress.mode = compress::CompressMode::none;
  request.note = [](const std::string&) {};
  return request;
}

}  // namespace dcdn::source
