#include "sink/unpacker.hpp"

#include <algorithm>

#include "base/text.hpp"
#include "dcdn/units.hpp"
#include "wire/signed_frames.hpp"

namespace dcdn::sink {

namespace {

constexpr std::size_t kMaxHeldBytes = 48u << 20;  // chunks and segments whose place is not known yet
// Beside its bytes, what is held costs places in maps and lists: a chunk of one byte is not to have them for
// one.
constexpr std::size_t kItemCost = 512;
constexpr std::size_t kMaxLoose = kMaxHeldBytes / kItemCost;
constexpr std::size_t kRememberSegments = 65536;
constexpr std::size_t kRememberObjects = 65536;
constexpr std::size_t kMostUnfinished = 256;  // each has files open

}  // namespace

Unpacker::Unpacker(UnpackRules rules, BufferPool& pool)
    : rules_(std::move(rules)),
      pool_(pool),
      cover_({.accepts = {},
              .unsigned_is_fine = !rules_.must_be_signed,
              .most_waiting = kMaxLoose,
              .most_ahead = kMaxLoose,
              .remembered = kRememberSegments}),
      finished_(kRememberObjects) {}

void Unpacker::set_accepted(std::set<NodeId> keys) {
  cover_.set_accepts(pipeline::CoverRules::one_of(std::move(keys)));
}

Result<void> Unpacker::take(const wire::Frame& frame) {
  switch (frame.type) {
    case wire::FrameType::segment:
      return take_segment(frame);
    case wire::FrameType::signature:
      return take_signature(frame);
    case wire::FrameType::chunk:
      return take_chunk(frame);
    default:
      return {};
  }
}

Result<void> Unpacker::take_segment(const wire::Frame& frame) {
  const Digest id = wire::segment_id(frame.body.view());
  if (loose_.contains(id)) return {};
  DCDN_TRY(const wire::SegmentHead segment, wire::parse_head(frame.body.view()));
  const pipeline::SegmentPlace place = pipeline::place_of(segment, id);
  if (is_over(place)) return {};
  DCDN_CHECK(hold(kItemCost + wire::kHeaderBytes + frame.body.size()));
  LooseSegment& loose = loose_[id];
  loose.place = place;
  loose.body_bytes = frame.body.size();
  wire::append_frame(loose.frames, frame.type, frame.body.view());
  DCDN_TRY(const auto covered, cover_.add_segment(id, segment));
  line_up(covered);
  const auto early = early_signatures_.extract(id);
  if (!early.empty()) {
    for (const Buffer& body : early.mapped()) {
      let_go(body.size() + kItemCost);
      DCDN_CHECK(take_signature({wire::FrameType::signature, body}));
    }
  }
  return advance(place.stream);
}

/// It goes with its segment to the sink, which may hand both on.
Result<void> Unpacker::keep_signature(const wire::SegmentSignature& signature, const Buffer& body) {
  if (is_over(pipeline::place_of(signature))) return {};
  std::vector<Buffer>& kept = early_signatures_[signature.segment];
  for (const Buffer& other : kept)
    if (std::ranges::equal(other.view(), body.view())) return {};
  kept.push_back(body);
  return hold(body.size() + kItemCost);
}

Result<void> Unpacker::take_signature(const wire::Frame& frame) {
  DCDN_TRY(const auto signature, wire::parse_segment_signature(frame.body.view()));
  const auto loose = loose_.find(signature.segment);
  if (loose == loose_.end()) return keep_signature(signature, frame.body);
  DCDN_CHECK(hold(wire::kHeaderBytes + frame.body.size()));
  wire::append_frame(loose->second.frames, frame.type, frame.body.view());
  DCDN_TRY(const auto covered, cover_.add_signature(signature));
  if (covered.empty()) return {};
  line_up(covered);
  return advance(signature.stream);
}

void Unpacker::line_up(const pipeline::SignatureCover::Covered& covered) {
  for (const Digest& id : covered) {
    const pipeline::SegmentPlace& place = loose_.at(id).place;
    streams_[place.stream].waiting[place.index] = id;
  }
}

/// Hands over segments in order as far as they are here and covered.
Result<void> Unpacker::advance(const Digest& stream) {
  const auto found = streams_.find(stream);
  if (found == streams_.end()) return {};
  Unpacking& unpacking = found->second;
  while (!unpacking.done) {
    const auto next = unpacking.waiting.find(unpacking.next);
    if (next == unpacking.waiting.end()) return {};
    const Digest id = next->second;
    const auto taken = loose_.extract(id);
    if (taken.empty()) return {};
    const LooseSegment& loose = taken.mapped();
    let_go(kItemCost + loose.frames.size());
    unpacking.waiting.erase(next);
    ++unpacking.next;
    DCDN_TRY(const wire::Segment segment,
             wire::parse_segment(ByteView(loose.frames).subspan(wire::kHeaderBytes, loose.body_bytes)));
    DCDN_CHECK(hand_over(unpacking, segment, id, loose.frames));
  }
  forget_done();
  return {};
}

bool Unpacker::is_over(const pipeline::SegmentPlace& place) const {
  if (finished_.contains(place.stream)) return true;
  const auto unfinished = streams_.find(place.stream);
  return unfinished != streams_.end() && place.index < unfinished->second.next;
}

// Of what is whole only its name is kept, and not for ever: an old one that comes again is unpacked again.
void Unpacker::forget_done() {
  for (auto stream = streams_.begin(); stream != streams_.end();) {
    if (!stream->second.done) {
      ++stream;
      continue;
    }
    finished_.insert(stream->first);
    stream = streams_.erase(stream);
  }
}

Result<void> Unpacker::hand_over(Unpacking& unpacking, const wire::Segment& segment, const Digest& id,
                                 ByteView frames) {
  if (!unpacking.sink && !unpacking.kept) DCDN_CHECK(open_sink(unpacking, *segment.object));
  if (unpacking.kept) {
    unpacking.done = segment.final;
    return {};
  }
  DCDN_TRY(const auto need, unpacking.sink->add_segment(segment, id, frames));
  std::size_t i = 0;
  for (const wire::Record& record : segment.records) {
    const auto* chunk = std::get_if<wire::ChunkRecord>(&record);
    if (chunk == nullptr) continue;
    const bool needed = i < need.needed.size() && need.needed[i];
    ++i;
    const auto early = needed ? early_.find(chunk->carried) : early_.end();
    if (early == early_.end()) continue;
    const Buffer carried = early->second;
    DCDN_CHECK(write(unpacking, {chunk->carried, carried}));
  }
  DCDN_CHECK(unpacking.sink->write_waiting(pool_));
  return finish_if_complete(unpacking);
}

Result<void> Unpacker::open_sink(Unpacking& unpacking, const wire::ObjectHeader& object) {
  const auto unfinished =
      std::ranges::count_if(streams_, [](const auto& stream) { return stream.second.sink != nullptr; });
  if (static_cast<std::size_t>(unfinished) >= kMostUnfinished)
    return Error(Errc::limit, "more than " + std::to_string(kMostUnfinished) +
                                  " objects of the chunk stream are begun and not whole")
        .with_hint("give each object's missing parts before the next object");
  unpacking.name = object.name.empty() ? "stdin" : object.name;
  unpacking.sink = rules_.make_sink(unpacking.name, object.kind);
  unpacking.sink->share_waiting(waiting_);
  const auto opened = unpacking.sink->open();
  if (opened) return {};
  if (opened.error().code != Errc::nothing) return opened.error();
  unpacking.kept = true;
  unpacking.sink.reset();
  tell_kept(opened.error());
  return {};
}

void Unpacker::tell_kept(const Error& why) {
  ++counts_.kept;
  if (rules_.kept) rules_.kept(why);
}

Result<void> Unpacker::take_chunk(const wire::Frame& frame) {
  DCDN_TRY(const auto chunk, pipeline::parse_chunk_frame(frame.body));
  bool used = false;
  for (auto& [stream, unpacking] : streams_) {
    if (!unpacking.sink || unpacking.done || !unpacking.sink->wanted(chunk.carried_digest)) continue;
    used = true;
    DCDN_CHECK(write(unpacking, chunk));
    DCDN_CHECK(finish_if_complete(unpacking));
  }
  forget_done();
  if (used || !early_.emplace(chunk.carried_digest, chunk.carried).second) return {};
  early_order_.push_back(chunk.carried_digest);
  held_ += chunk.carried.size() + kItemCost;
  // The oldest early chunk goes first: if it is needed after all, it is missing at the end and can be given
  // again.
  while (held_ > kMaxHeldBytes && !early_order_.empty()) forget_oldest();
  return {};
}

void Unpacker::forget_oldest() {
  const auto oldest = early_.extract(early_order_.front());
  early_order_.pop_front();
  if (!oldest.empty()) let_go(oldest.mapped().size() + kItemCost);
}

Result<void> Unpacker::hold(std::size_t bytes) {
  held_ += bytes;
  while (held_ > kMaxHeldBytes && !early_order_.empty()) forget_oldest();
  if (held_ > kMaxHeldBytes)
    return Error(Errc::limit, "too many manifest segments wait for earlier ones or signatures");
  return {};
}

void Unpacker::let_go(std::size_t bytes) {
  held_ -= std::min(held_, bytes);
}

Result<void> Unpacker::write(Unpacking& unpacking, const pipeline::ChunkFrame& chunk) {
  DCDN_TRY(const ChunkTaken taken, unpacking.sink->take_chunk(chunk.carried_digest, chunk.carried, pool_));
  // A damaged chunk is as good as none: an intact copy may follow.
  if (taken.damaged) counts_.damaged += chunk.carried.size();
  return {};
}

Result<void> Unpacker::finish_if_complete(Unpacking& unpacking) {
  if (unpacking.done || !unpacking.sink->complete()) return {};
  unpacking.done = true;
  const std::shared_ptr<ObjectSink> sink = std::exchange(unpacking.sink, nullptr);
  if (!sink->finishes_in_group()) return finished(unpacking.name, *sink, sink->finalize());
  group_.add(sink, [this, name = unpacking.name, sink](const Result<std::string>& path) {
    if (auto over = finished(name, *sink, path); !over && group_over_) group_over_ = std::move(over);
  });
  return group_.full() ? finish_waiting() : Result<void>();
}

Result<void> Unpacker::finish_waiting() {
  group_over_ = Result<void>();
  group_.finish();
  return group_over_;
}

Result<void> Unpacker::finished(const std::string& name, const ObjectSink& sink,
                                const Result<std::string>& path) {
  const bool kept = !path && path.error().code == Errc::nothing;
  if (kept) tell_kept(path.error());
  if (!path) return kept ? Result<void>() : path.error();
  UnpackedObject object;
  object.name = name;
  object.path = *path;
  object.bytes = sink.bytes_done();
  object.id = sink.object_id();
  object.left_out = sink.left_out();
  object.not_noted = sink.not_noted();
  object.notes = sink.notes();
  ++counts_.objects;
  counts_.bytes += object.bytes;
  if (rules_.delivered) rules_.delivered(object);
  return {};
}

Error Unpacker::missing_parts(const Unpacking& unpacking, std::uint64_t damaged) const {
  const std::string name = unpacking.name.empty() ? "an object" : escape_for_display(unpacking.name);
  Error error(Errc::incomplete, name + ": parts are missing from the chunk stream");
  if (damaged + counts_.damaged > 0)
    error.message += ", " + format_size(damaged + counts_.damaged) + " were damaged";
  return error;
}

Result<void> Unpacker::finish(std::uint64_t damaged) {
  DCDN_CHECK(finish_waiting());
  for (auto& [stream, unpacking] : streams_)
    if (unpacking.sink && !unpacking.done) (void)unpacking.sink->checkpoint();
  if (cover_.waiting() > 0)
    return Error(Errc::untrusted, "the chunk stream carries no signature by a key that was asked for");
  for (const auto& [stream, unpacking] : streams_)
    if (!unpacking.done) return missing_parts(unpacking, damaged);
  if (counts_.objects + counts_.kept == 0) return Error(Errc::corrupt, "standard input is no chunk stream");
  return {};
}

}  // namespace dcdn::sink
