#include "source/ready_stream.hpp"

#include <algorithm>
#include <deque>
#include <unordered_map>

#include "base/unique_fd.hpp"
#include "pipeline/chunk_packer.hpp"
#include "source/input.hpp"
#include "source/packed_segment.hpp"
#include "wire/frame_reader.hpp"
#include "wire/left_out.hpp"
#include "wire/repeat_window.hpp"
#include "wire/signed_frames.hpp"

namespace dcdn::source {

namespace {

constexpr std::size_t kMaxWaitingBytes = 32u << 20;

// A segment whose chunks are still coming.
struct Waiting {
  PackedSegment segment;
  Digest stream;
  Bytes frames;  // as they stood in the input
  bool signed_by_us = false;
  std::size_t missing = 0;
};

class Passer {
 public:
  Passer(const ReadyStreamRequest& request, BufferPool& pool, const std::function<bool()>& stopped,
         const EmitSegment& emit)
      : request_(request),
        stopped_(stopped),
        input_(request.input_fd, "standard input", {-1, stopped, "packing was stopped"}),
        emit_(emit),
        reader_(wire::OnDamage::strict, pool) {}

  Result<void> run() {
    reader_.push(request_.head.empty() ? ByteView{} : request_.head.view());
    DCDN_CHECK(drain());
    Bytes piece(256u << 10);
    for (;;) {
      DCDN_TRY(const std::size_t got, input_.read(piece));
      if (got == 0) break;
      reader_.push(ByteView(piece).first(got));
      DCDN_CHECK(drain());
    }
    if (!reader_.finish())
      return Error(Errc::incomplete, "the chunk stream on standard input is cut off inside a frame");
    if (request_.input_end) DCDN_CHECK(request_.input_end(stopped_));
    DCDN_CHECK(emit_complete());
    if (checker_.finished() && waiting_.empty()) return {};
    return Error(Errc::incomplete, "the chunk stream on standard input ends before its object does");
  }

 private:
  Result<void> drain() {
    for (;;) {
      DCDN_TRY(auto step, reader_.next());
      if (std::holds_alternative<wire::NeedInput>(step)) return {};
      if (auto* frame = std::get_if<wire::Frame>(&step)) DCDN_CHECK(take(*frame));
    }
  }

  Result<void> take(const wire::Frame& frame) {
    if (frame.type == wire::FrameType::signature) return take_signature(frame);
    DCDN_CHECK(emit_complete());
    if (frame.type == wire::FrameType::segment) return take_segment(frame);
    if (frame.type == wire::FrameType::chunk) return take_chunk(frame);
    return {};
  }

  Result<void> take_segment(const wire::Frame& frame) {
    DCDN_TRY(wire::Segment segment, wire::parse_segment(frame.body.view()));
    const Digest id = wire::segment_id(frame.body.view());
    if (ids_.contains(id)) return {};  // a repeated frame does no harm
    if (segment.index == 0 && checker_.started())
      return Error(Errc::unsupported, "the chunk stream on standard input holds more than one object")
          .with_hint("send them one by one, or as files");
    DCDN_CHECK(checker_.add(segment, id));
    ids_.insert(id);
    if (segment.object) repeats_omitted_ = segment.object->repeats_omitted;
    Waiting waiting;
    waiting.segment.index = segment.index;
    waiting.segment.id = id;
    waiting.segment.final = segment.final;
    waiting.segment.records = segment.records.size();
    waiting.stream = checker_.stream();
    wire::append_frame(waiting.frames, frame.type, frame.body.view());
    for (const wire::Record& record : segment.records) list_record(waiting, record);
    waiting_.push_back(std::move(waiting));
    return {};
  }

  void list_record(Waiting& waiting, const wire::Record& record) {
    if (const auto* hole = std::get_if<wire::HoleRecord>(&record))
      waiting.segment.content_bytes += hole->size;
    const auto* left = std::get_if<wire::LeftOut>(&record);
    if (left != nullptr && request_.left_out) request_.left_out(left->path, wire::error_of(left->reason));
    const auto* chunk = std::get_if<wire::ChunkRecord>(&record);
    if (chunk == nullptr) return;
    waiting.segment.content_bytes += chunk->content_size;
    const bool repeat = repeats_omitted_ && seen_.find(chunk->carried) != nullptr;
    if (!repeat) seen_.insert(chunk->carried, true);
    SegmentChunk item{*chunk, Buffer(), repeat};
    auto early = repeat ? early_.end() : early_.find(chunk->carried);
    if (early != early_.end()) {
      item.carried = std::move(early->second);
      early_.erase(early);
    } else if (!repeat) {
      ++waiting.missing;
    }
    waiting.segment.chunks.push_back(std::move(item));
  }

  Result<void> take_signature(const wire::Frame& frame) {
    DCDN_TRY(const auto signature, wire::parse_segment_signature(frame.body.view()));
    for (Waiting& waiting : waiting_) {
      if (waiting.segment.id != signature.segment) continue;
      wire::append_frame(waiting.frames, frame.type, frame.body.view());
      waiting.signed_by_us = waiting.signed_by_us || signature.signer == request_.key.id();
    }
    return {};
  }

  Result<void> take_chunk(const wire::Frame& frame) {
    DCDN_TRY(const auto chunk, pipeline::parse_chunk_frame(frame.body));
    for (Waiting& waiting : waiting_) {
      for (SegmentChunk& item : waiting.segment.chunks) {
        if (item.repeat || !item.carried.empty() || item.record.carried != chunk.carried_digest) continue;
        item.carried = chunk.carried;
        --waiting.missing;
        held_ += chunk.carried.size();
        return {};
      }
    }
    if (seen_.find(chunk.carried_digest) != nullptr) return {};
    held_ += chunk.carried.size();
    if (held_ > kMaxWaitingBytes)
      return Error(Errc::limit,
                   "the chunk stream on standard input has more than 32 MiB of chunks before their segment");
    early_.emplace(chunk.carried_digest, chunk.carried);
    return {};
  }

  // Called when something other than a signature follows: then a whole segment has all its signatures.
  Result<void> emit_complete() {
    while (!waiting_.empty() && waiting_.front().missing == 0) {
      // Whoever has the last one has all of it: that waits until the input is known to be whole.
      if (waiting_.front().segment.final && request_.input_end && !input_.ended()) return {};
      Waiting waiting = std::move(waiting_.front());
      waiting_.pop_front();
      for (const SegmentChunk& chunk : waiting.segment.chunks) held_ -= std::min(held_, chunk.carried.size());
      // Others' signatures travel with it; ours is the one that every receiver of ours accepts.
      if (!waiting.signed_by_us) DCDN_CHECK(sign(waiting));
      waiting.segment.frames = Buffer::copy_of(waiting.frames);
      if (!emit_(std::move(waiting.segment))) return Error(Errc::interrupted, "packing was stopped");
    }
    return {};
  }

  Result<void> sign(Waiting& waiting) {
    DCDN_TRY(const auto signature, wire::sign_segment(request_.key, waiting.stream, waiting.segment.index,
                                                      waiting.segment.id, request_.time_s));
    wire::append_frame(waiting.frames, wire::FrameType::signature, wire::encode(signature));
    return {};
  }

  struct IdSet {
    wire::RepeatWindow<bool> window;
    bool contains(const Digest& id) const { return window.find(id) != nullptr; }
    void insert(const Digest& id) { window.insert(id, true); }
  };

  const ReadyStreamRequest& request_;
  const std::function<bool()>& stopped_;
  Input input_;
  const EmitSegment& emit_;
  wire::FrameReader reader_;
  wire::ManifestChecker checker_;
  IdSet ids_;
  wire::RepeatWindow<bool> seen_;
  bool repeats_omitted_ = false;
  std::deque<Waiting> waiting_;
  std::unordered_map<Digest, Buffer, Name32Hash> early_;
  std::size_t held_ = 0;
};

}  // namespace

Result<void> pass_ready_stream(const ReadyStreamRequest& request, BufferPool& pool,
                               const std::function<bool()>& stopped, const EmitSegment& emit) {
  return Passer(request, pool, stopped, emit).run();
}

}  // namespace dcdn::source
