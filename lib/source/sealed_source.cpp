#include "source/sealed_source.hpp"

#include "base/text.hpp"
#include "source/input.hpp"
#include "source/packed_segment.hpp"
#include "source/segment_output.hpp"

namespace dcdn::source {

namespace {

constexpr std::size_t kReadBytes = 256u << 10;

Result<void> seal_rest(Input& input, std::chrono::milliseconds flush_after, SealedWriter& out) {
  Bytes block(kReadBytes);
  for (;;) {
    if (flush_after.count() > 0) {
      DCDN_TRY(const bool more, input.wait_for(flush_after));
      if (!more) DCDN_CHECK(out.flush());
    }
    DCDN_TRY(const std::size_t got, input.read(block));
    if (got == 0) return {};
    DCDN_CHECK(out.put(ByteView(block).first(got)));
  }
}

}  // namespace

Result<std::unique_ptr<SealedPipe>> seal_input(pipeline::ContentSealer sealer, int fd, Buffer head,
                                               std::chrono::milliseconds flush_after, InputEnd input_end) {
  return SealedPipe::start(std::move(sealer),
                           [fd, head = std::move(head), flush_after, input_end = std::move(input_end)](
                               SealedWriter& out, const std::function<bool()>& stopped) -> Result<void> {
                             DCDN_CHECK(out.put(head.view()));
                             Input input(fd, "standard input", {-1, stopped, "encryption was stopped"});
                             DCDN_CHECK(seal_rest(input, flush_after, out));
                             return input_end ? input_end(stopped) : Result<void>();
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
  request.input_end = [&pipe](const std::function<bool()>&) { return pipe.finish(); };
  request.compress.choice.mode = compress::CompressMode::none;
  request.note = [](const std::string&) {};
  return request;
}

}  // namespace dcdn::source
