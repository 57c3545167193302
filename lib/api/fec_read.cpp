// fec_decode and fec_repair of dcdn/fec.hpp.
#include <fmt/format.h>

#include <algorithm>

#include "api/parity_input.hpp"
#include "api/parity_output.hpp"
#include "dcdn/fec.hpp"
#include "pipeline/chunk_packer.hpp"
#include "session/object_sink.hpp"

namespace dcdn {

namespace {

constexpr std::size_t kPoolBytes = 64u << 20;
constexpr const char* kMore = "give it more of what was encoded: dcdn-fec verify tells what is missing";

/// Where decoded frames go.
class GroupSink {
 public:
  virtual ~GroupSink() = default;
  virtual Result<void> take(const pipeline::CollectedGroup& group) = 0;
  virtual Result<void> finish(FecReadReport& report) = 0;
};

/// The chunk stream as it was; with repair shards for fec_repair.
class StreamOut : public GroupSink {
 public:
  StreamOut(int fd, bool with_shards, session::WorkerPool& workers, BufferPool& pool)
      : output_(fd, "standard output"), with_shards_(with_shards), mint_(workers, pool) {}

  Result<void> take(const pipeline::CollectedGroup& group) override {
    for (const pipeline::NamedFrame* frame : frames_in_order(group))
      DCDN_CHECK(output_.put(frame->type, frame->body.view()));
    if (with_shards_) {
      std::vector<const pipeline::SourceBlock*> blocks;
      for (const pipeline::CollectedBlock& block : group.blocks) blocks.push_back(&block.source);
      DCDN_TRY(const auto shards, mint_.mint(blocks));
      DCDN_TRY(const std::uint64_t count, api::put_shards(output_, shards));
      static_cast<void>(count);
    }
    return output_.flush();
  }
  Result<void> finish(FecReadReport& report) override {
    report.bytes = output_.bytes();
    return output_.flush();
  }

 private:
  api::FrameOutput output_;
  bool with_shards_;
  api::GroupMint mint_;
};

/// The content of the packed stream.
class RawOut : public GroupSink {
 public:
  RawOut(int fd, BufferPool& pool)
      : pool_(pool), sink_(session::make_raw_sink(fd, wire::ObjectKind::stream)) {}

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
    DCDN_TRY(const Buffer content, pipeline::unpack_chunk(*record, chunk.carried, pool_));
    return sink_->write_chunk(chunk.carried_digest, content, chunk.carried);
  }

  BufferPool& pool_;
  std::unique_ptr<session::ObjectSink> sink_;
};

Error lost_error(const pipeline::CollectedGroup& group) {
  if (group.absent_before > 0)
    return Error(Errc::incomplete, fmt::format("{} groups from group {} on: nothing of their parity is here",
                                               group.absent_before, group.number - group.absent_before))
        .with_hint(kMore);
  for (std::size_t b = 0; b < group.blocks.size(); ++b) {
    const pipeline::CollectedBlock& block = group.blocks[b];
    const std::string where = fmt::format("group {}, block {}", group.number, b);
    if (!block.known)
      return Error(Errc::incomplete, where + ": none of its repair shards is here").with_hint(kMore);
    if (block.recoverable()) continue;
    const std::size_t lost = block.lost_symbols();
    const std::size_t shards = block.parity.size() - block.lost_shards();
    return Error(Errc::incomplete, fmt::format("{}: {} of its {} symbols are missing and {} of its {} repair "
                                               "shards are here: {} more are needed",
                                               where, lost, block.symbols_here.size(), shards,
                                               block.parity.size(), lost - shards))
        .with_hint(kMore);
  }
  return {Errc::internal, "a group that can be recovered was not"};
}

class Reader {
 public:
  Reader(const FecReadOptions& options, bool repair)
      : options_(options), repair_(repair), workers_(options.threads), input_(options, workers_, pool_) {
    pipeline::GroupCollector::Options collect;
    collect.hold_bytes = options.hold_bytes;
    collector_.emplace(collect);
  }

  Result<FecReadReport> run() {
    DCDN_CHECK(input_.open());
    for (bool more = true; more;) {
      DCDN_TRY(more, input_.feed(*collector_));
      while (auto group = collector_->next()) DCDN_CHECK(give(*group));
      if (collector_->over_limit()) return too_much();
    }
    report_.damaged_bytes = input_.damaged_bytes();
    report_.bad_frames = input_.bad_frames() + collector_->counts().bad_shards;
    report_.encodings = collector_->encodings();
    return end();
  }

 private:
  Result<FecReadReport> end() {
    auto rest = collector_->take_rest();
    if (collector_->encodings() == 0)
      return Error(Errc::corrupt, "there is no repair shard in the input")
          .with_hint("dcdn-fec encode makes them; a chunk stream without any can be read as it is");
    report_.unclaimed_frames = rest.unclaimed_frames + collector_->counts().forgotten;
    std::optional<Error> lost;
    for (pipeline::CollectedGroup& group : rest.groups) {
      if (!lost && (group.absent_before > 0 || !group.recoverable())) lost = lost_error(group);
      if (lost) break;
      DCDN_CHECK(give(group));
    }
    if (!lost && !rest.ended)
      lost = Error(Errc::incomplete, fmt::format("the end is missing: {} frames belong to no known block",
                                                 report_.unclaimed_frames))
                 .with_hint(kMore);
    if (lost) return *lost;
    if (sink_) DCDN_CHECK(sink_->finish(report_));
    return report_;
  }

  Error too_much() {
    return Error(Errc::limit,
                 fmt::format("more than {} bytes wait for a part that did not come yet", options_.hold_bytes))
        .with_hint("give the files as arguments, so that they are read side by side, or allow more: --hold");
  }

  Result<void> give(pipeline::CollectedGroup& group) {
    if (!sink_) {
      report_.raw = group.raw;
      encoding_ = group.encoding;
      if (group.raw && !repair_)
        sink_ = std::make_unique<RawOut>(options_.output_fd, pool_);
      else
        sink_ = std::make_unique<StreamOut>(options_.output_fd, repair_, workers_, pool_);
    }
    if (!repair_ && group.encoding != encoding_ && (group.raw || report_.raw))
      return Error(Errc::usage, "the input holds more than one encoding of bytes")
          .with_hint("decode them one at a time; dcdn-fec info lists them");
    DCDN_CHECK(recover(group));
    ++report_.groups;
    report_.blocks += group.blocks.size();
    return sink_->take(group);
  }

  Result<void> recover(pipeline::CollectedGroup& group) {
    if (decoders_.size() < group.blocks.size()) decoders_.resize(group.blocks.size());
    for (const pipeline::CollectedBlock& block : group.blocks)
      report_.recovered_symbols += block.lost_symbols();
    std::vector<std::optional<Error>> errors(group.blocks.size());
    workers_.run(group.blocks.size(), [&](std::size_t b) {
      if (group.blocks[b].lost_symbols() == 0) return;
      const auto done = recover_block(group.blocks[b], decoders_[b], pool_);
      if (!done) errors[b] = done.error().during(fmt::format("group {}, block {}", group.number, b));
    });
    for (const auto& error : errors)
      if (error) return *error;
    return {};
  }

  const FecReadOptions& options_;
  bool repair_;
  session::WorkerPool workers_;
  BufferPool pool_{kPoolBytes};
  api::ParityInput input_;
  std::optional<pipeline::GroupCollector> collector_;
  std::vector<fec::SourceDecoder> decoders_;  // by block
  std::unique_ptr<GroupSink> sink_;
  std::size_t encoding_ = 0;
  FecReadReport report_;
};

}  // namespace

Result<FecReadReport> fec_decode(const FecReadOptions& options) {
  return Reader(options, false).run();
}

Result<FecReadReport> fec_repair(const FecReadOptions& options) {
  return Reader(options, true).run();
}

}  // namespace dcdn
