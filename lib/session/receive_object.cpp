#include "session/receive_object.hpp"

namespace dcdn::session {

namespace {
constexpr int kMaxSignatures = 64;  // of strangers, before one that is accepted here
}  // namespace

Result<std::optional<SegmentGate::Passed>> SegmentGate::take(const wire::Frame& frame, Micros now) {
  if (frame.type == wire::FrameType::segment) {
    if (waiting_)
      return Error(Errc::untrusted, "a manifest segment carries no signature by a key that is trusted here");
    DCDN_TRY(wire::Segment segment, wire::parse_segment(frame.body.view()));
    Passed passed{std::move(segment), wire::segment_id(frame.body.view()), {}};
    wire::append_frame(passed.frames, frame.type, frame.body.view());
    waiting_ = std::move(passed);
    signatures_ = 0;
    since_ = now;
    return std::optional<Passed>();
  }
  DCDN_TRY(const auto signature, wire::parse_segment_signature(frame.body.view()));
  if (!waiting_) return std::optional<Passed>();  // a further signature on a segment that already passed
  const Digest& stream = waiting_->segment.index == 0 ? waiting_->id : waiting_->segment.stream;
  if (signature.segment != waiting_->id || signature.index != waiting_->segment.index ||
      signature.stream != stream)
    return Error(Errc::bad_signature, "a signature is for another manifest segment");
  const bool accepted = accepts(signature.signer);
  if (++signatures_ > kMaxSignatures)
    return Error(Errc::limit, "a manifest segment carries too many signatures");
  wire::append_frame(waiting_->frames, frame.type, frame.body.view());
  // A sender's own signature is the last that it adds: nothing better will come.
  if (!accepted && signature.signer == peer_) return refused();
  if (!accepted) return std::optional<Passed>();  // another signature may follow
  DCDN_CHECK(wire::verify_segment_signature(signature));
  return std::exchange(waiting_, std::nullopt);
}

Result<void> SegmentGate::check(Micros now) const {
  if (!waiting_ || now - since_ < kSignatureWait) return {};
  return Error(Errc::untrusted, "a manifest segment came and no signature after it");
}

// Asked anew for every segment: the key may have been revoked or replaced since the last one.
bool SegmentGate::accepts(const NodeId& signer) const {
  const auto now = trusted_.current(signer);
  if (!now || *now != signer) return false;
  if (trusted_.allows(signer, kScopeSend)) return true;
  // A peer that the keyring does not know was let in by name; one that it knows may do what its scopes say.
  return signer == peer_ && !trusted_.trusts(signer);
}

Error SegmentGate::refused() const {
  if (const auto now = trusted_.current(peer_); !now) return now.error();
  return {Errc::untrusted, "the key " + to_text(peer_) + " may bring here only what others have signed"};
}

ObjectSink* ChunkDesk::find(std::uint32_t object) {
  const auto it = sinks_.find(object);
  return it == sinks_.end() ? nullptr : it->second.get();
}

ChunkDesk::Outcome ChunkDesk::take(const pipeline::ChunkFrame& chunk, BufferPool& pool, Done credit) {
  Outcome outcome;
  for (auto& [object, sink] : sinks_) write(object, *sink, chunk, pool, outcome);
  const bool used = !outcome.changed.empty() || !outcome.failed.empty();
  const bool repeat = !used && written_.find(chunk.carried_digest) != nullptr;
  if (repeat) thrown_away_.insert(chunk.carried_digest, true);
  if (used || repeat || !held_.try_emplace(chunk.carried_digest, Held{chunk.carried, credit}).second)
    credit();
  return outcome;
}

void ChunkDesk::write(std::uint32_t object, ObjectSink& sink, const pipeline::ChunkFrame& chunk,
                      BufferPool& pool, Outcome& outcome) {
  const auto record = sink.wanted(chunk.carried_digest);
  if (!record) return;
  auto content = pipeline::unpack_chunk(*record, chunk.carried, pool);
  Result<void> written;
  if (content) {
    written = sink.write_chunk(chunk.carried_digest, *content, chunk.carried);
  } else {
    written = content.error();
  }
  if (written) {
    written_.insert(chunk.carried_digest, true);
    outcome.changed.push_back(object);
  } else {
    outcome.failed.emplace_back(object, written.error());
  }
}

ChunkDesk::Outcome ChunkDesk::take_difference(const wire::Difference& difference, BufferPool& pool) {
  Outcome outcome;
  ObjectSink* sink = find(difference.object);
  if (sink == nullptr) return outcome;
  auto again = sink->write_difference(difference, pool);
  if (!again) {
    outcome.failed.emplace_back(difference.object, again.error());
  } else if (*again) {
    outcome.again = std::move(*again);
    outcome.again->object = difference.object;
  } else {
    written_.insert(difference.carried, true);
    outcome.changed.push_back(difference.object);
  }
  return outcome;
}

ChunkDesk::Outcome ChunkDesk::take_held(const std::vector<Digest>& now_wanted, BufferPool& pool) {
  Outcome all;
  for (const Digest& digest : now_wanted) {
    const auto it = held_.find(digest);
    if (it == held_.end()) {
      all.lost = all.lost || thrown_away_.find(digest) != nullptr;
      continue;
    }
    const Held held = std::move(it->second);
    held_.erase(it);
    for (auto& [object, sink] : sinks_) write(object, *sink, {digest, held.carried}, pool, all);
    held.credit();
  }
  return all;
}

void ChunkDesk::clear() {
  sinks_.clear();
  held_.clear();
}

}  // namespace dcdn::session
