// fec_decode and fec_repair of dcdn/fec.hpp.
#include "api/fec/group_reader.hpp"
#include "api/fec/parity_output.hpp"
#include "base/unique_fd.hpp"
#include "dcdn/fec.hpp"
#include "pipeline/chunk_packer.hpp"
#include "sink/object_sink.hpp"
#include "sink/raw_sink.hpp"

namespace dcdn {

namespace {

constexpr std::size_t kMostWaiting = 16u << 20;  // bytes to be written

using MadeSink = Result<std::unique_ptr<api::GroupSink>>;

/// The chunk stream as it was; with repair shards for fec_repair.
class StreamOut : public api::GroupSink {
 public:
  StreamOut(int fd, bool with_shards, bool threaded, work::WorkerPool& workers, BufferPool& pool)
      : output_(fd, "standard output", threaded), with_shards_(with_shards), mint_(workers, pool) {}

  Result<void> take(const pipeline::CollectedGroup& group) override {
    for (const pipeline::NamedFrame* frame : frames_in_order(group))
      DCDN_CHECK(output_.put(frame->type, frame->body));
    if (with_shards_) {
      std::vector<const pipeline::SourceBlock*> blocks;
      for (const pipeline::CollectedBlock& block : group.blocks) blocks.push_back(&block.source);
      DCDN_TRY(const auto shards, mint_.mint(blocks));
      DCDN_TRY(const std::uint64_t count, output_.put_shards(shards));
      static_cast<void>(count);
    }
    return output_.push();
  }
  Result<void> settle() override {
    DCDN_TRY(bytes_, output_.finish());
    return {};
  }
  Result<void> finish(FecReadReport& report) override {
    report.bytes = bytes_;
    return {};
  }

 private:
  api::FrameWriter output_;
  bool with_shards_;
  api::GroupMint mint_;
  std::uint64_t bytes_ = 0;
};

/// The content of the packed stream; digested on the thread that gives it and written by one of its own.
class RawOut : public api::GroupSink {
 public:
  RawOut(int fd, bool threaded, BufferPool& pool)
      : pool_(pool),
        writing_(threaded, kMostWaiting,
                 [fd](Buffer& content) { return write_all(fd, content.view(), "standard output"); }),
        sink_(sink::make_raw_sink(
            [this](const Buffer& content) { return writing_.put(content, content.size()); },
            wire::ObjectKind::stream)) {}

  Result<void> take(const pipeline::CollectedGroup& group) override {
    for (const pipeline::NamedFrame* frame : frames_in_order(group)) {
      if (frame->type == wire::FrameType::segment) {
        DCDN_TRY(const wire::Segment segment, wire::parse_segment(frame->body.view()));
        DCDN_TRY(const auto need,
                 sink_->add_segment(segment, wire::segment_id(frame->body.view()), ByteView()));
        static_cast<void>(need);
      } else if (frame->type == wire::FrameType::chunk) {
        DCDN_CHECK(take_chunk(frame->body));
      }
    }
    return {};
  }
  Result<void> settle() override { return writing_.drain(); }
  Result<void> finish(FecReadReport& report) override {
    report.bytes = sink_->bytes_done();
    if (sink_->complete()) return {};
    return Error(Errc::incomplete, "the content ends before its end");
  }

 private:
  Result<void> take_chunk(const Buffer& body) {
    DCDN_TRY(const auto chunk, pipeline::parse_chunk_frame(body));
    const auto record = sink_->wanted(chunk.carried_digest);
    if (!record) return Error(Errc::corrupt, "a chunk that the manifest does not list");
    // The carried digest was checked when the frame got its name.
    const bool plain = record->codec == wire::CodecId::raw && record->content == record->carried &&
                       record->content_size == chunk.carried.size();
    if (plain) return sink_->write_chunk(chunk.carried_digest, chunk.carried, chunk.carried);
    DCDN_TRY(const sink::ChunkTaken taken, sink_->take_chunk(chunk.carried_digest, chunk.carried, pool_));
    return taken.damaged ? Result<void>(*taken.damaged) : Result<void>();
  }

  BufferPool& pool_;
  work::Stage<Buffer> writing_;
  std::unique_ptr<sink::ObjectSink> sink_;
};

}  // namespace

Result<FecReadReport> fec_decode(const FecReadOptions& options) {
  return api::read_groups(
      options, true,
      [&options](const pipeline::CollectedGroup& first, work::WorkerPool& workers,
                 BufferPool& pool) -> MadeSink {
        if (first.raw)
          return MadeSink(std::make_unique<RawOut>(options.output_fd, options.threads != 1, pool));
        return MadeSink(
            std::make_unique<StreamOut>(options.output_fd, false, options.threads != 1, workers, pool));
      });
}

Result<FecReadReport> fec_repair(const FecReadOptions& options) {
  return api::read_groups(
      options, false,
      [&options](const pipeline::CollectedGroup&, work::WorkerPool& workers, BufferPool& pool) -> MadeSink {
        return MadeSink(
            std::make_unique<StreamOut>(options.output_fd, true, options.threads != 1, workers, pool));
      });
}

}  // namespace dcdn
