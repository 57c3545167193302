// dcdn-recv --stdin: a chunk stream, in any order and with damage, to files, raw bytes or a clean chunk
// stream.
#include "api/recv/unpack_stream.hpp"

#include <poll.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <map>
#include <set>

#include "api/recv/opened_file.hpp"
#include "api/recv/recv_run.hpp"
#include "base/text.hpp"
#include "pipeline/chunk_packer.hpp"
#include "sink/directory_sink.hpp"
#include "sink/object_sink.hpp"
#include "sink/raw_sink.hpp"
#include "sink/stream_sink.hpp"
#include "trust/chosen_keys.hpp"
#include "trust/trust_ledger.hpp"
#include "wire/frame_reader.hpp"
#include "wire/signed_frames.hpp"

namespace dcdn {

namespace {

constexpr std::size_t kMaxHeldBytes = 48u << 20;  // chunks and segments whose place is not known yet

// A segment frame with the signatures seen for it.
struct LooseSegment {
  wire::Segment segment;
  Bytes frames;
  bool vouched = false;
};

// One chain of segments.
struct Unpacking {
  std::string name;
  std::unique_ptr<sink::ObjectSink> sink;
  std::uint64_t next = 0;
  std::map<std::uint64_t, Digest> waiting;  // index: id of a loose segment that can follow
  bool done = false;
};

class Unpacker {
 public:
  Unpacker(const RecvOptions& options, ProgressSink& progress, const api::UnpackTap& tap)
      : options_(options), progress_(progress), tap_(tap), reader_(wire::OnDamage::recover, pool_) {}

  Result<RecvReport> run() {
    const auto began = std::chrono::steady_clock::now();
    DCDN_CHECK(open());
    reader_.push(tap_.head);
    DCDN_CHECK(drain());
    Bytes piece(256u << 10);
    for (;;) {
      DCDN_TRY(const std::size_t got, read_some(piece));
      if (got == 0) break;
      report_.wire_bytes += got;
      reader_.push(ByteView(piece).first(got));
      DCDN_CHECK(drain());
    }
    DCDN_TRY(const auto rest, reader_.finish());
    if (rest) report_.damaged_bytes += rest->bytes;
    DCDN_CHECK(drain());  // frames inside a claim that the end of input cut off
    report_.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
    return outcome();
  }

 private:
  Result<void> open() {
    DCDN_TRY(auto ledger, trust::TrustLedger::open(options_.home, [this](const std::string& text) {
               progress_.on_note(0, text);
             }));
    ledger_.emplace(std::move(ledger));
    must_be_signed_ = options_.require_signature || !options_.signers.empty();
    DCDN_CHECK(choose_signers());
    dir_ = tap_.dir;
    if (options_.sink == Sink::directory && !dir_) {
      DCDN_TRY(dir_, store::ReceiveDir::open(options_.directory));
    }
    return {};
  }

  Result<void> choose_signers() {
    if (!must_be_signed_) return {};
    auto accepted = trust::accepted_keys(ledger_->ring(), options_.signers, "");
    if (!accepted && options_.signers.empty()) return accepted.error().during("--require-signature");
    DCDN_TRY(signers_, std::move(accepted));
    return {};
  }

  // A key that is revoked or replaced signs nothing from here on; what it signed before and was handed over
  // stays.
  Result<void> take_statement(const wire::Frame& frame) {
    DCDN_TRY(const bool changed, ledger_->take(frame));
    return changed || !options_.signers.empty() ? choose_signers() : Result<void>();
  }

  Result<std::size_t> read_some(Bytes& piece) {
    for (;;) {
      pollfd wait[2] = {{options_.input_fd, POLLIN, 0}, {options_.interrupt_fd, POLLIN, 0}};
      if (::poll(wait, options_.interrupt_fd >= 0 ? 2 : 1, -1) < 0 && errno != EINTR)
        return errno_error(errno, "standard input: poll");
      if (wait[1].revents != 0)
        return Error(Errc::interrupted, "interrupted; what is complete so far is kept");
      if (wait[0].revents == 0) continue;
      const ssize_t n = ::read(options_.input_fd, piece.data(), piece.size());
      if (n >= 0) return static_cast<std::size_t>(n);
      if (errno != EINTR && errno != EAGAIN) return errno_error(errno, "standard input: read");
    }
  }

  Result<void> drain() {
    for (;;) {
      DCDN_TRY(auto step, reader_.next());
      if (std::holds_alternative<wire::NeedInput>(step)) return {};
      if (const auto* damage = std::get_if<wire::Damage>(&step)) report_.damaged_bytes += damage->bytes;
      if (auto* frame = std::get_if<wire::Frame>(&step)) DCDN_CHECK(take(*frame));
    }
  }

  Result<void> take(wire::Frame& frame) {
    switch (frame.type) {
      case wire::FrameType::segment:
        return take_segment(frame);
      case wire::FrameType::signature:
        return take_signature(frame);
      case wire::FrameType::chunk:
        return take_chunk(frame);
      case wire::FrameType::key_rotation:
      case wire::FrameType::key_revocation:
        return take_statement(frame);
      default:
        return {};
    }
  }

  Result<void> take_segment(const wire::Frame& frame) {
    const Digest id = wire::segment_id(frame.body.view());
    if (loose_.contains(id) || seen_.contains(id)) return {};
    DCDN_TRY(wire::Segment segment, wire::parse_segment(frame.body.view()));
    LooseSegment loose{std::move(segment), {}, false};
    wire::append_frame(loose.frames, frame.type, frame.body.view());
    DCDN_CHECK(hold(loose.frames.size()));
    const Digest stream = loose.segment.index == 0 ? id : loose.segment.stream;
    streams_.try_emplace(stream);
    loose_.emplace(id, std::move(loose));
    if (!must_be_signed_ || vouched_before_.contains(id)) vouch(id);
    const auto early = early_signatures_.extract(id);
    if (!early.empty()) {
      for (const Buffer& body : early.mapped()) {
        held_ -= std::min(held_, body.size());
        DCDN_CHECK(take_signature({wire::FrameType::signature, body}));
      }
    }
    return advance(stream);
  }

  // Frames come in any order: a signature may be here before its segment.
  Result<void> keep_signature(const Digest& segment, const Buffer& body) {
    if (seen_.contains(segment)) return {};
    std::vector<Buffer>& kept = early_signatures_[segment];
    for (const Buffer& other : kept)
      if (std::ranges::equal(other.view(), body.view())) return {};
    kept.push_back(body);
    return hold(body.size());
  }

  Result<void> take_signature(const wire::Frame& frame) {
    DCDN_TRY(const auto signature, wire::parse_segment_signature(frame.body.view()));
    const auto it = loose_.find(signature.segment);
    if (it == loose_.end()) return keep_signature(signature.segment, frame.body);
    wire::append_frame(it->second.frames, frame.type, frame.body.view());
    if (!signers_.contains(signature.signer) || it->second.vouched) return {};
    DCDN_CHECK(wire::verify_segment_signature(signature));
    vouch(signature.segment);
    return advance(signature.stream);
  }

  // A segment names the one before it by digest, so a signature counts for all that came before
  // (dcdn-format(5)).
  void vouch(Digest id) {
    for (;;) {
      const auto it = loose_.find(id);
      if (it == loose_.end()) {
        if (!seen_.contains(id)) vouched_before_.insert(id);
        return;
      }
      if (it->second.vouched) return;
      it->second.vouched = true;
      const wire::Segment& segment = it->second.segment;
      streams_[segment.index == 0 ? id : segment.stream].waiting[segment.index] = id;
      if (segment.index == 0) return;
      id = segment.previous;
    }
  }

  // Hands over segments in order as far as they are here and vouched for.
  Result<void> advance(const Digest& stream) {
    Unpacking& unpacking = streams_[stream];
    for (;;) {
      const auto next = unpacking.waiting.find(unpacking.next);
      if (next == unpacking.waiting.end()) return {};
      const auto it = loose_.find(next->second);
      if (it == loose_.end() || !it->second.vouched) return {};
      LooseSegment loose = std::move(it->second);
      held_ -= std::min(held_, loose.frames.size());
      const Digest id = it->first;
      loose_.erase(it);
      unpacking.waiting.erase(next);
      ++unpacking.next;
      seen_.insert(id);
      DCDN_CHECK(hand_over(unpacking, loose, id));
    }
  }

  Result<void> hand_over(Unpacking& unpacking, const LooseSegment& loose, const Digest& id) {
    DCDN_CHECK(count_content(loose.segment));
    if (!unpacking.sink) DCDN_CHECK(open_sink(unpacking, *loose.segment.object));
    DCDN_TRY(const auto need, unpacking.sink->add_segment(loose.segment, id, loose.frames));
    std::size_t i = 0;
    for (const wire::Record& record : loose.segment.records) {
      const auto* chunk = std::get_if<wire::ChunkRecord>(&record);
      if (chunk == nullptr) continue;
      const bool needed = i < need.needed.size() && need.needed[i];
      ++i;
      const auto early = needed ? early_.find(chunk->carried) : early_.end();
      if (early == early_.end()) continue;
      const Buffer carried = early->second;
      DCDN_CHECK(write(unpacking, {chunk->carried, carried}));
    }
    return finish_if_complete(unpacking);
  }

  Result<void> count_content(const wire::Segment& segment) {
    for (const wire::Record& record : segment.records) {
      if (const auto* chunk = std::get_if<wire::ChunkRecord>(&record)) content_bytes_ += chunk->content_size;
      if (const auto* hole = std::get_if<wire::HoleRecord>(&record)) content_bytes_ += hole->size;
      if (content_bytes_ > tap_.most_bytes)
        return Error(Errc::limit, "unpacked it is more than --max-object, --quota or the disk allows");
    }
    return {};
  }

  Result<void> open_sink(Unpacking& unpacking, const wire::ObjectHeader& object) {
    unpacking.name = object.name.empty() ? "stdin" : object.name;
    if (tap_.put) {
      unpacking.sink = sink::make_raw_sink(
          [put = tap_.put](const Buffer& bytes) { return put(bytes.view()); }, object.kind);
    } else if (options_.sink == Sink::raw_stdout) {
      unpacking.sink = sink::make_raw_sink(options_.output_fd, object.kind);
    } else if (options_.sink == Sink::chunk_stream) {
      unpacking.sink = sink::make_stream_sink(options_.output_fd);
    } else {
      store::PartObject::Options part;
      part.name = unpacking.name;
      part.kind = object.kind;
      part.collision = api::collision_of(options_.on_collision);
      part.fsync = options_.fsync;
      unpacking.sink = sink::make_directory_sink(dir_, part, options_.home.state_dir + "/delivered");
    }
    DCDN_TRY(const message::Answer here, unpacking.sink->open());
    (void)here;
    return {};
  }

  Result<void> take_chunk(const wire::Frame& frame) {
    DCDN_TRY(const auto chunk, pipeline::parse_chunk_frame(frame.body));
    bool used = false;
    for (auto& [stream, unpacking] : streams_) {
      if (!unpacking.sink || unpacking.done || !unpacking.sink->wanted(chunk.carried_digest)) continue;
      used = true;
      DCDN_CHECK(write(unpacking, chunk));
      DCDN_CHECK(finish_if_complete(unpacking));
    }
    if (used || !early_.emplace(chunk.carried_digest, chunk.carried).second) return {};
    early_order_.push_back(chunk.carried_digest);
    held_ += chunk.carried.size();
    // The oldest early chunk goes first: if it is needed after all, it is missing at the end and can be given
    // again.
    while (held_ > kMaxHeldBytes && !early_order_.empty()) forget_oldest();
    return {};
  }

  void forget_oldest() {
    const auto it = early_.find(early_order_.front());
    early_order_.pop_front();
    if (it == early_.end()) return;
    held_ -= std::min(held_, it->second.size());
    early_.erase(it);
  }

  Result<void> hold(std::size_t bytes) {
    held_ += bytes;
    while (held_ > kMaxHeldBytes && !early_order_.empty()) forget_oldest();
    if (held_ > kMaxHeldBytes)
      return Error(Errc::limit, "too many manifest segments wait for earlier ones or signatures");
    return {};
  }

  Result<void> write(Unpacking& unpacking, const pipeline::ChunkFrame& chunk) {
    const auto record = unpacking.sink->wanted(chunk.carried_digest);
    if (!record) return {};
    auto content = pipeline::unpack_chunk(*record, chunk.carried, pool_);
    if (!content) {
      // A damaged chunk is as good as none: an intact copy may follow.
      report_.damaged_bytes += chunk.carried.size();
      return {};
    }
    return unpacking.sink->write_chunk(chunk.carried_digest, *content, chunk.carried);
  }

  Result<void> finish_if_complete(Unpacking& unpacking) {
    if (unpacking.done || !unpacking.sink->complete()) return {};
    const std::uint64_t bytes = unpacking.sink->bytes_done();
    DCDN_TRY(const std::string path, unpacking.sink->finalize());
    unpacking.done = true;
    ++report_.objects;
    report_.bytes += bytes;
    const Digest object = unpacking.sink->object_id();
    unpacking.sink.reset();
    if (!path.empty()) report_.paths.push_back(path);
    if (tap_.sealed != nullptr && !path.empty() && api::is_sealed_file(path)) {
      tap_.sealed->push_back({unpacking.name, path, bytes, object});
      return {};
    }
    progress_.on_object(escape_for_display(unpacking.name), escape_for_display(path), bytes,
                        to_hex(object.view()), nullptr);
    return {};
  }

  Result<RecvReport> outcome() {
    bool unsigned_seen = false;
    for (auto& [id, loose] : loose_) unsigned_seen = unsigned_seen || !loose.vouched;
    for (auto& [stream, unpacking] : streams_) {
      if (unpacking.sink && !unpacking.done) (void)unpacking.sink->checkpoint();
    }
    if (unsigned_seen)
      return Error(Errc::untrusted, "the chunk stream carries no signature by a key that was asked for");
    for (auto& [stream, unpacking] : streams_) {
      if (unpacking.done) continue;
      const std::string name = unpacking.name.empty() ? "an object" : escape_for_display(unpacking.name);
      Error error(Errc::incomplete, name + ": parts are missing from the chunk stream");
      if (report_.damaged_bytes > 0)
        error.message += ", " + format_size(report_.damaged_bytes) + " were damaged";
      if (options_.sink == Sink::directory)
        error.hint = "what is here is kept: give the missing part to the same command";
      return error;
    }
    if (report_.objects == 0) return Error(Errc::corrupt, "standard input is no chunk stream");
    return report_;
  }

  const RecvOptions& options_;
  ProgressSink& progress_;
  const api::UnpackTap& tap_;
  BufferPool pool_{16u << 20};
  wire::FrameReader reader_;
  std::optional<trust::TrustLedger> ledger_;
  bool must_be_signed_ = false;
  std::set<NodeId> signers_;
  std::shared_ptr<store::ReceiveDir> dir_;
  std::map<Digest, Unpacking> streams_;
  std::map<Digest, LooseSegment> loose_;
  std::set<Digest> seen_;
  std::set<Digest> vouched_before_;  // not here yet, but a signed segment comes after it
  std::map<Digest, std::vector<Buffer>> early_signatures_;  // by segment
  std::unordered_map<Digest, Buffer, Name32Hash> early_;
  std::deque<Digest> early_order_;
  std::size_t held_ = 0;
  std::uint64_t content_bytes_ = 0;
  RecvReport report_;
};

}  // namespace

namespace api {

Result<RecvReport> unpack_with(const RecvOptions& options, ProgressSink& progress, const UnpackTap& tap) {
  return Unpacker(options, progress, tap).run();
}

}  // namespace api
}  // namespace dcdn
