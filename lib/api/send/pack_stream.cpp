// dcdn-send --stdout: sources to a chunk stream, without network and without a key.
#include <chrono>

#include "api/send/send_plan.hpp"
#include "base/random.hpp"
#include "base/text.hpp"
#include "base/unique_fd.hpp"
#include "dcdn/send.hpp"
#include "source/input.hpp"
#include "source/object_packer.hpp"
#include "source/packed_segment.hpp"
#include "source/sealed_source.hpp"
#include "source/segment_output.hpp"
#include "trust/keyring_file.hpp"
#include "trust/recipients.hpp"
#include "wire/left_out.hpp"

namespace dcdn {

namespace {

constexpr std::uint32_t kUsualChunk = 256u << 10;

class StreamPacker {
 public:
  StreamPacker(const SendOptions& options, int output_fd, ProgressSink& progress)
      : options_(options), output_fd_(output_fd), progress_(progress) {}

  Result<SendReport> run() {
    const auto began = std::chrono::steady_clock::now();
    DCDN_TRY(const api::SendPlan plan, api::plan_send(options_));
    std::vector<NodeId> recipients;
    if (!options_.encrypt_to.empty()) {
      DCDN_TRY(const sign::Keyring ring, trust::load_keyring(options_.home));
      DCDN_TRY(recipients, trust::recipients_of(ring, options_.encrypt_to));
    }
    for (const session::SendObject& object : plan.objects) {
      if (!recipients.empty()) {
        DCDN_CHECK(pack_sealed(object, plan, recipients));
        continue;
      }
      if (object.ready_stream)
        return Error(Errc::usage, "standard input is a chunk stream already")
            .with_hint("cat passes it on as it is");
      DCDN_CHECK(pack(object, plan));
    }
    report_.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
    return report_;
  }

 private:
  Result<void> pack(const session::SendObject& object, const api::SendPlan& plan) {
    DCDN_TRY(const source::PackRequest request, request_for(object, plan));
    return pack(object, request);
  }

  Result<void> pack_sealed(const session::SendObject& object, const api::SendPlan& plan,
                           const std::vector<NodeId>& recipients) {
    sign::Secret secret;
    random_bytes(secret.writable());
    DCDN_TRY(auto sealer, pipeline::ContentSealer::make(recipients, secret));
    DCDN_TRY(const std::string name, source::sealed_name(secret));
    DCDN_TRY(source::PackRequest inner, request_for(object, plan));
    DCDN_TRY(const auto pipe,
             object.ready_stream
                 ? source::seal_input(std::move(sealer), plan.input_fd, plan.input_head, {}, plan.input_end)
                 : source::seal_object(std::move(sealer), std::move(inner), workers_, pool_));
    source::PackRequest outer = source::pack_sealed(*pipe, name);
    outer.chunk_bytes = [](std::uint64_t) { return kUsualChunk; };
    return pack(object, outer);
  }

  Result<source::PackRequest> request_for(const session::SendObject& object, const api::SendPlan& plan) {
    source::PackRequest request;
    // What comes from a pipe is likely to go into one: nothing is left out, so that it can be written in
    // order.
    const bool mirror = object.kind == wire::ObjectKind::tree && plan.walk.mirror;
    request.object = {object.kind, object.name, object.rereadable(), mirror};
    if (!object.rereadable() && options_.name.empty()) request.object.name.clear();
    request.path = object.path;
    request.input_fd = plan.input_fd;
    request.input_head = plan.input_head;
    request.input_end = plan.input_end;
    request.walk = plan.walk;
    request.left_out = [this, name = object.name](const std::string& path, const Error& why) {
      ++report_.left_out;
      if (report_.left_out <= wire::LeftOutList::kMostNamed) progress_.on_left_out({name, path, why});
    };
    DCDN_TRY(request.compress, compress::parse_compress_request(options_.compress));
    request.chunk_bytes = [this](std::uint64_t) { return options_.chunk_bytes.value_or(kUsualChunk); };
    request.note = [this](const std::string& text) { progress_.on_note(0, text); };
    return request;
  }

  Result<void> pack(const session::SendObject& object, const source::PackRequest& request) {
    const std::function<bool()> stopped = [this] {
      return failed_ || source::readable(options_.interrupt_fd);
    };
    before_ = report_.bytes;
    content_ = 0;
    auto packed =
        source::pack_object(request, workers_, pool_, stopped,
                            [this](source::PackedSegment segment) { return write(std::move(segment)); });
    if (failed_) return *failed_;
    if (!packed && packed.error().code == Errc::interrupted) return Error(Errc::interrupted, "interrupted");
    DCDN_CHECK(packed);
    ++report_.objects;
    progress_.on_object(
        {object.name, object.path, report_.bytes - before_, report_.object_ids.back(), "", "", nullptr});
    return {};
  }

  bool write(const source::PackedSegment& segment) {
    const auto written = source::write_segment(
        segment, [this](ByteView bytes) { return write_all(output_fd_, bytes, "standard output"); });
    for (const source::SegmentChunk& chunk : segment.chunks)
      (chunk.repeat ? report_.bytes_skipped : report_.wire_bytes) +=
          chunk.repeat ? chunk.record.content_size : chunk.carried.size();
    content_ += segment.content_bytes;
    // What was read of a file that could not be read to its end is in the stream, and nobody gets it.
    report_.bytes = before_ + content_ - segment.left_out_bytes;
    if (segment.final) report_.object_ids.push_back(to_hex(segment.id.view()));
    if (!written) failed_ = written.error();
    return written.has_value();
  }

  const SendOptions& options_;
  int output_fd_;
  ProgressSink& progress_;
  work::WorkerPool workers_{0};
  BufferPool pool_{32u << 20};
  SendReport report_;
  // Of the current object.
  std::uint64_t before_ = 0;
  std::uint64_t content_ = 0;
  std::optional<Error> failed_;
};

}  // namespace

Result<SendReport> pack_to_fd(const SendOptions& options, int output_fd, ProgressSink& progress) {
  return StreamPacker(options, output_fd, progress).run();
}

}  // namespace dcdn
