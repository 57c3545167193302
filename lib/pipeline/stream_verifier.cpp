#include "pipeline/stream_verifier.hpp"

#include <algorithm>

#include "base/byte_reader.hpp"
#include "base/text.hpp"
#include "digest/hasher.hpp"
#include "sign/ed25519.hpp"

namespace dcdn::pipeline {

namespace {

constexpr std::size_t kShownDigest = 6;  // bytes

std::string short_hex(const Digest& digest) {
  return to_hex(digest.view().first(kShownDigest));
}

std::string segment_text(std::uint64_t index, const Digest& stream) {
  return "segment " + std::to_string(index) + " of object " + short_hex(stream);
}

Error too_many(const std::string& what) {
  return {Errc::limit, what + ": more than can be kept in mind"};
}

/// What is signed says where it belongs, and so does who signs it.
Error other_place(std::uint64_t index, const Digest& stream) {
  return {Errc::bad_signature, segment_text(index, stream) + ": what is signed is about another place"};
}

}  // namespace

StreamVerifier::StreamVerifier(std::set<NodeId> accepted, std::uint64_t hold_bytes, std::size_t required)
    : accepted_(std::move(accepted)), hold_bytes_(hold_bytes), required_(required) {}

void StreamVerifier::set_accepted(std::set<NodeId> accepted) {
  accepted_ = std::move(accepted);
  const auto gone = [this](const NodeId& signer) { return !accepted_.contains(signer); };
  for (auto& [id, waiting] : held_segments_) std::erase_if(waiting.signers, gone);
  for (auto& [id, vouched] : awaited_) std::erase_if(vouched.signers, gone);
}

Result<void> StreamVerifier::take(wire::Frame frame, std::vector<wire::Frame>& out, bool checked) {
  switch (frame.type) {
    case wire::FrameType::chunk:
      return take_chunk(std::move(frame), out);
    case wire::FrameType::segment:
      return take_segment(std::move(frame), out);
    case wire::FrameType::signature:
      return take_signature(std::move(frame), out, checked);
    default:
      ++counts_.dropped;
      return {};
  }
}

Result<void> StreamVerifier::take_chunk(wire::Frame frame, std::vector<wire::Frame>& out) {
  ByteReader in(frame.body.view());
  const auto digest = in.name32<Digest>();
  const ByteView carried = in.raw(in.left());
  if (!in.ok() || carried.empty()) return Error(Errc::corrupt, "chunk frame: too short");
  if (digest::blake3(carried) != digest)
    return Error(Errc::corrupt, "chunk " + short_hex(digest) + ": its bytes do not match its digest");
  const bool wanted = expected_.erase(digest) > 0;
  if (wanted || arrived_.contains(digest)) {
    arrived_.insert(digest);
    ++counts_.chunks;
    out.push_back(std::move(frame));
    return {};
  }
  DCDN_TRY(const Place place, hold(std::move(frame)));
  held_chunks_[digest].push_back(place);
  return {};
}

Result<void> StreamVerifier::take_segment(wire::Frame frame, std::vector<wire::Frame>& out) {
  DCDN_TRY(const wire::Segment segment, wire::parse_segment(frame.body.view()));
  const Digest id = wire::segment_id(frame.body.view());
  if (released_segments_.contains(id)) {
    out.push_back(std::move(frame));
    return {};
  }
  const Claim claim{segment.index, segment.index == 0 ? id : segment.stream};
  DCDN_TRY(const Place place, hold(std::move(frame)));
  WaitingSegment& waiting = held_segments_[id];
  waiting.places.push_back(place);
  waiting.claim = claim;
  waiting.previous = segment.previous;
  const auto awaited = awaited_.find(id);
  if (awaited == awaited_.end()) return {};
  if (awaited->second.claim != claim) return other_place(claim.index, claim.stream);
  const std::set<NodeId> signers = std::move(awaited->second.signers);
  awaited_.erase(awaited);
  return vouch(id, signers, out);
}

Result<void> StreamVerifier::take_signature(wire::Frame frame, std::vector<wire::Frame>& out, bool checked) {
  DCDN_TRY(const wire::SegmentSignature signature, wire::parse_segment_signature(frame.body.view()));
  if (!checked)
    if (auto good = wire::verify_segment_signature(signature); !good)
      return good.error().during(segment_text(signature.index, signature.stream));
  const auto waiting = held_segments_.find(signature.segment);
  if (!accepted_.contains(signature.signer)) {
    if (waiting != held_segments_.end()) waiting->second.stranger = signature.signer;
    ++counts_.dropped;
    return {};
  }
  signers_.insert(signature.signer);
  const Claim claim{signature.index, signature.stream};
  if (waiting == held_segments_.end()) {
    DCDN_CHECK(await(signature.segment, claim, {signature.signer}));
    out.push_back(std::move(frame));  // it proves itself
    return {};
  }
  if (waiting->second.claim != claim) return other_place(claim.index, claim.stream);
  // Behind its segment, also when that has to wait for another one's signature.
  DCDN_TRY(const Place place, hold(std::move(frame)));
  waiting->second.places.push_back(place);
  return vouch(signature.segment, {signature.signer}, out);
}

/// For it and, since each segment names the one before by digest, for all before it.
Result<void> StreamVerifier::vouch(const Digest& id, std::set<NodeId> signers,
                                   std::vector<wire::Frame>& out) {
  std::optional<Digest> ready;  // the last one that enough have signed: so have they all before it
  for (Digest next = id;;) {
    WaitingSegment& waiting = held_segments_.at(next);
    const std::size_t before = waiting.signers.size();
    waiting.signers.insert(signers.begin(), signers.end());
    if (!ready && waiting.signers.size() >= required_) ready = next;
    if (waiting.claim.index == 0 || waiting.signers.size() == before) break;
    const Claim earlier{waiting.claim.index - 1, waiting.claim.stream};
    const auto previous = held_segments_.find(waiting.previous);
    if (previous == held_segments_.end()) {
      DCDN_CHECK(await(waiting.previous, earlier, waiting.signers));
      break;
    }
    if (previous->second.claim != earlier) return other_place(earlier.index, earlier.stream);
    next = waiting.previous;
  }
  return ready ? release(*ready, out) : Result<void>();
}

Result<StreamVerifier::Place> StreamVerifier::hold(wire::Frame frame) {
  const std::uint64_t cost = frame.body.size() + kFrameUpkeep;
  if (cost > hold_bytes_ - held_bytes_) {
    const std::string much = std::to_string(hold_bytes_) + " bytes wait for a signature";
    if (!held_segments_.empty()) return unsigned_error(false).during(much);
    return Error(Errc::limit, much + ", and no segment has come that lists them")
        .with_hint("put the segments before the chunks, as dcdn-send --stdout does");
  }
  held_bytes_ += cost;
  held_.emplace(next_place_, std::move(frame));
  return next_place_++;
}

void StreamVerifier::let_go(std::vector<Place>& places, std::vector<wire::Frame>& out) {
  std::sort(places.begin(), places.end());
  for (const Place place : places) {
    const auto at = held_.find(place);
    held_bytes_ -= at->second.body.size() + kFrameUpkeep;
    out.push_back(std::move(at->second));
    held_.erase(at);
  }
}

/// It and, since each segment names the one before by digest, all before it that wait.
Result<void> StreamVerifier::release(const Digest& id, std::vector<wire::Frame>& out) {
  std::vector<Place> places;
  for (std::optional<Digest> next = id; next;) {
    DCDN_TRY(next, release_one(*next, places));
  }
  let_go(places, out);
  return {};
}

Result<std::optional<Digest>> StreamVerifier::release_one(const Digest& id, std::vector<Place>& places) {
  const auto waiting = held_segments_.find(id);
  const WaitingSegment mine = std::move(waiting->second);
  held_segments_.erase(waiting);
  places.insert(places.end(), mine.places.begin(), mine.places.end());
  // Parsed again, because a parsed segment takes many times the memory of its bytes while it waits.
  DCDN_TRY(const wire::Segment segment, wire::parse_segment(held_.at(mine.places.front()).body.view()));
  DCDN_CHECK(note_segment(mine.claim.stream, segment));
  released_segments_.insert(id);
  for (const wire::Record& record : segment.records)
    if (const auto* chunk = std::get_if<wire::ChunkRecord>(&record))
      DCDN_CHECK(note_chunk(chunk->carried, places));
  if (segment.index == 0) return std::optional<Digest>();
  const Claim before{segment.index - 1, segment.stream};
  const auto previous = held_segments_.find(segment.previous);
  if (previous == held_segments_.end()) return std::optional<Digest>();  // vouch() has made it awaited
  if (previous->second.claim != before) return other_place(before.index, before.stream);
  return std::optional<Digest>(segment.previous);
}

/// A segment that is covered but not here: it need not wait when it comes.
Result<void> StreamVerifier::await(const Digest& id, const Claim& claim, const std::set<NodeId>& signers) {
  if (is_released(claim)) return {};
  if (!awaited_.contains(id) && awaited_.size() >= kMaxAhead)
    return too_many("signed segments that did not come");
  Vouched& vouched = awaited_[id];
  vouched.claim = claim;
  vouched.signers.insert(signers.begin(), signers.end());
  return {};
}

Result<void> StreamVerifier::note_segment(const Digest& stream, const wire::Segment& segment) {
  if (!streams_.contains(stream) && streams_.size() >= kMaxStreams) return too_many("objects in one stream");
  Stream& place = streams_[stream];
  ++counts_.segments;
  const std::uint64_t highest = place.ahead.empty() ? place.next : *place.ahead.rbegin() + 1;
  if (segment.final ? highest > segment.index + 1 || (place.last && *place.last != segment.index)
                    : place.last && segment.index >= *place.last)
    return Error(Errc::corrupt, segment_text(segment.index, stream) + ": does not fit the final segment");
  if (segment.final) place.last = segment.index;
  if (place.has(segment.index)) return {};
  if (segment.index != place.next) {
    if (ahead_ >= kMaxAhead) return too_many("segments beyond a missing one");
    place.ahead.insert(segment.index);
    ++ahead_;
    return {};
  }
  ++place.next;
  while (place.ahead.erase(place.next) > 0) {
    --ahead_;
    ++place.next;
  }
  return {};
}

Result<void> StreamVerifier::note_chunk(const Digest& digest, std::vector<Place>& places) {
  if (const auto held = held_chunks_.find(digest); held != held_chunks_.end()) {
    counts_.chunks += held->second.size();
    places.insert(places.end(), held->second.begin(), held->second.end());
    held_chunks_.erase(held);
    arrived_.insert(digest);
    return {};
  }
  if (arrived_.contains(digest)) return {};
  if (expected_.size() >= kMaxExpected) return too_many("chunks that are listed and did not come");
  expected_.insert(digest);
  return {};
}

bool StreamVerifier::is_released(const Claim& claim) const {
  const auto found = streams_.find(claim.stream);
  return found != streams_.end() && found->second.has(claim.index);
}

/// About one of the waiting segments: rather one whose signer can be named, then the first that came.
Error StreamVerifier::unsigned_error(bool at_end) const {
  const WaitingSegment* worst = nullptr;
  for (const auto& [id, waiting] : held_segments_) {
    const auto rank = [](const WaitingSegment& w) { return std::pair(!w.stranger, w.places.front()); };
    if (worst == nullptr || rank(waiting) < rank(*worst)) worst = &waiting;
  }
  const std::string what = segment_text(worst->claim.index, worst->claim.stream);
  if (!worst->signers.empty())
    return Error(Errc::untrusted, what + ": signed by " + std::to_string(worst->signers.size()) + " of the " +
                                      std::to_string(required_) + " keys that are required");
  if (worst->stranger) {
    const std::string id = sign::to_text(*worst->stranger);
    return Error(Errc::untrusted, what + ": signed by " + id + ", who is not accepted")
        .with_hint("if you trust that key: --key " + id + ", or dcdn-sign trust add NAME " + id);
  }
  // The rest of the object is signed: that is how a stream looks that was cut off before a signature.
  // off there.
  const auto stream = streams_.find(worst->claim.stream);
  if (at_end && held_segments_.size() == 1 && stream != streams_.end() &&
      stream->second.next == worst->claim.index)
    return {Errc::incomplete, what + ": its signature never came"};
  return Error(Errc::untrusted, what + ": not signed").with_hint("sign a stream with: dcdn-sign sign");
}

Result<void> StreamVerifier::check_streams() {
  for (const auto& [id, stream] : streams_) {
    if (!stream.whole())
      return Error(Errc::incomplete, stream.ahead.empty() && !stream.last
                                         ? "object " + short_hex(id) + " ends before its final segment"
                                         : segment_text(stream.next, id) + " never came");
    ++counts_.objects;
  }
  if (!expected_.empty())
    return Error(Errc::incomplete, std::to_string(expected_.size()) +
                                       " signed chunks never came, one of them " +
                                       short_hex(*std::min_element(expected_.begin(), expected_.end())));
  return {};
}

Result<void> StreamVerifier::finish() {
  if (!held_segments_.empty()) return unsigned_error(true);
  DCDN_CHECK(check_streams());
  for (const auto& [id, vouched] : awaited_)
    if (!is_released(vouched.claim))
      return Error(Errc::incomplete, segment_text(vouched.claim.index, vouched.claim.stream) +
                                         ": its signature came, the segment never did");
  if (!held_chunks_.empty())
    return Error(Errc::untrusted,
                 std::to_string(held_chunks_.size()) + " chunks belong to no signed segment");
  if (streams_.empty()) return Error(Errc::incomplete, "the stream holds no segment");
  return {};
}

}  // namespace dcdn::pipeline
