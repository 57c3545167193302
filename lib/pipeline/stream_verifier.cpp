#include "pipeline/stream_verifier.hpp"

#include <algorithm>

#include "base/byte_reader.hpp"
#include "digest/hasher.hpp"
#include "sign/ed25519.hpp"

namespace dcdn::pipeline {

StreamVerifier::StreamVerifier(std::set<NodeId> accepted, std::uint64_t hold_bytes, std::size_t required)
    : hold_bytes_(hold_bytes),
      // A segment that waits has its frame here, so that hold_bytes bounds how many there are.
      cover_({.accepts = CoverRules::one_of(std::move(accepted)),
              .required = required,
              .most_waiting = hold_bytes / kFrameUpkeep,
              .most_ahead = kMaxAhead,
              .remembered = kRememberSegments}) {}

void StreamVerifier::set_accepted(std::set<NodeId> accepted) {
  cover_.set_accepts(CoverRules::one_of(std::move(accepted)));
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
  DCDN_TRY(const wire::SegmentHead segment, wire::parse_head(frame.body.view()));
  const Digest id = wire::segment_id(frame.body.view());
  if (cover_.is_covered(id)) {
    out.push_back(std::move(frame));
    return {};
  }
  DCDN_TRY(const Place place, hold(std::move(frame)));
  HeldSegment& held = held_segments_[id];
  held.frames.push_back(place);
  held.place = place_of(segment, id);
  DCDN_TRY(const auto covered, cover_.add_segment(id, segment));
  return release(covered, out);
}

Result<void> StreamVerifier::take_signature(wire::Frame frame, std::vector<wire::Frame>& out, bool checked) {
  DCDN_TRY(const wire::SegmentSignature signature, wire::parse_segment_signature(frame.body.view()));
  if (!checked)
    if (auto good = wire::verify_segment_signature(signature); !good)
      return good.error().during(segment_text(place_of(signature)));
  const auto standing = cover_.standing_of(signature);
  const auto held = held_segments_.find(signature.segment);
  if (!standing.accepted) {
    if (held != held_segments_.end()) held->second.stranger = signature.signer;
    ++counts_.dropped;
    return {};
  }
  signers_.insert(signature.signer);
  const bool waits = standing.about == SignatureCover::About::waiting;
  if (waits) {
    // Behind its segment, also when that has to wait for another one's signature.
    DCDN_TRY(const Place place, hold(frame));
    held->second.frames.push_back(place);
  }
  DCDN_TRY(const auto covered, cover_.add_signature(signature, true));
  if (!waits) out.push_back(std::move(frame));  // it proves itself
  return release(covered, out);
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

Result<void> StreamVerifier::release(const SignatureCover::Covered& covered, std::vector<wire::Frame>& out) {
  std::vector<Place> places;
  for (const Digest& id : covered) DCDN_CHECK(release_one(id, places));
  let_go(places, out);
  return {};
}

Result<void> StreamVerifier::release_one(const Digest& id, std::vector<Place>& places) {
  const auto held = held_segments_.extract(id);
  const HeldSegment& mine = held.mapped();
  places.insert(places.end(), mine.frames.begin(), mine.frames.end());
  // Parsed again, because a parsed segment takes many times the memory of its bytes while it waits.
  DCDN_TRY(const wire::Segment segment, wire::parse_segment(held_.at(mine.frames.front()).body.view()));
  DCDN_CHECK(note_segment(mine.place.stream, segment));
  for (const wire::Record& record : segment.records)
    if (const auto* chunk = std::get_if<wire::ChunkRecord>(&record))
      DCDN_CHECK(note_chunk(chunk->carried, places));
  return {};
}

Result<void> StreamVerifier::note_segment(const Digest& stream, const wire::Segment& segment) {
  if (!streams_.contains(stream) && streams_.size() >= kMaxStreams) return too_many("objects in one stream");
  Stream& place = streams_[stream];
  ++counts_.segments;
  const std::uint64_t highest = place.ahead.empty() ? place.next : *place.ahead.rbegin() + 1;
  if (segment.final ? highest > segment.index + 1 || (place.last && *place.last != segment.index)
                    : place.last && segment.index >= *place.last)
    return Error(Errc::corrupt, segment_text({segment.index, stream}) + ": does not fit the final segment");
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

bool StreamVerifier::is_released(const SegmentPlace& place) const {
  const auto found = streams_.find(place.stream);
  return found != streams_.end() && found->second.has(place.index);
}

/// About one of the waiting segments: rather one whose signer can be named, then the first that came.
Error StreamVerifier::unsigned_error(bool at_end) const {
  const auto rank = [](const HeldSegment& held) { return std::pair(!held.stranger, held.frames.front()); };
  const auto found = std::min_element(
      held_segments_.begin(), held_segments_.end(),
      [&](const auto& one, const auto& other) { return rank(one.second) < rank(other.second); });
  const HeldSegment& worst = found->second;
  const std::string what = segment_text(worst.place);
  if (const std::size_t signers = cover_.signers_of(found->first).size(); signers > 0)
    return Error(Errc::untrusted, what + ": signed by " + std::to_string(signers) + " of the " +
                                      std::to_string(cover_.required()) + " keys that are required");
  if (worst.stranger) {
    const std::string id = sign::to_text(*worst.stranger);
    return Error(Errc::untrusted, what + ": signed by " + id + ", who is not accepted")
        .with_hint("if you trust that key: --signer " + id + ", or dcdn-sign trust add NAME " + id);
  }
  // The rest of the object is signed: that is how a stream looks that was cut off before a signature.
  const auto stream = streams_.find(worst.place.stream);
  if (at_end && held_segments_.size() == 1 && stream != streams_.end() &&
      stream->second.next == worst.place.index)
    return {Errc::incomplete, what + ": its signature never came"};
  return Error(Errc::untrusted, what + ": not signed").with_hint("sign a stream with: dcdn-sign sign");
}

Result<void> StreamVerifier::check_streams() {
  for (const auto& [id, stream] : streams_) {
    if (!stream.whole())
      return Error(Errc::incomplete, stream.ahead.empty() && !stream.last
                                         ? "object " + short_hex(id) + " ends before its final segment"
                                         : segment_text({stream.next, id}) + " never came");
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
  for (const SegmentPlace& place : cover_.ahead())
    if (!is_released(place))
      return Error(Errc::incomplete, segment_text(place) + ": its signature came, the segment never did");
  if (!held_chunks_.empty())
    return Error(Errc::untrusted,
                 std::to_string(held_chunks_.size()) + " chunks belong to no signed segment");
  if (streams_.empty()) return Error(Errc::incomplete, "the stream holds no segment");
  return {};
}

}  // namespace dcdn::pipeline
