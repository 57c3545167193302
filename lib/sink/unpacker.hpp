// unpacker.hpp - objects out of the frames of a chunk stream, which come in any order and not all of them.
//
// A segment goes to its object's sink when all before it are there and, if the rules ask for it, an accepted
// signature covers it. Chunks whose place is not known yet are held, the oldest of them only as long as there
// is room: what is then missing can be given again. What waits is bounded. Threads  one
#pragma once
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/buffer.hpp"
#include "pipeline/chunk_packer.hpp"
#include "pipeline/recent_digests.hpp"
#include "pipeline/signature_cover.hpp"
#include "sink/finish_group.hpp"
#include "sink/object_sink.hpp"
#include "wire/frame.hpp"
#include "wire/signed_frames.hpp"

namespace dcdn::sink {

struct UnpackedObject {
  std::string name;  ///< as its sender calls it; "stdin" if it has none
  std::string path;  ///< its final name; empty: it went elsewhere
  std::uint64_t bytes = 0;
  Digest id;
  wire::LeftOutList left_out;
  std::optional<Error> not_noted;  ///< ObjectSink::not_noted()
  std::vector<std::string> notes;  ///< ObjectSink::notes()
};

struct UnpackRules {
  using MakeSink = std::function<std::unique_ptr<ObjectSink>(const std::string& name, wire::ObjectKind kind)>;
  /// Where an object goes; it is opened here. What it may come to is its sink's promise.
  MakeSink make_sink;
  std::function<void(const UnpackedObject&)> delivered;  ///< told of every object that is whole; may be empty
  /// Told of an object of which something else was kept at its place, as was asked: no delivery; may be
  /// empty.
  std::function<void(const Error&)> kept;
  bool must_be_signed = false;  ///< by a key of set_accepted(), or nothing of it goes on
};

class Unpacker {
 public:
  struct Counts {
    std::uint64_t objects = 0;  ///< delivered
    std::uint64_t bytes = 0;    ///< their content
    std::uint64_t kept = 0;     ///< those of which UnpackRules::kept was told
    std::uint64_t damaged = 0;  ///< bytes of chunks that do not make what the manifest says
  };

  /// `pool` gives the buffers for content and outlives this.
  Unpacker(UnpackRules rules, BufferPool& pool);

  /// From now on these sign. What a key signed before that is no longer one of them, and what has not been
  /// covered by it yet, will not be.
  void set_accepted(std::set<NodeId> keys);
  /// Takes the next frame; kinds that say nothing of an object are passed over. error corrupt, bad_signature:
  /// of a frame; limit: too much waits; whatever a sink says. Not to be called after an error.
  Result<void> take(const wire::Frame& frame);
  /// Small objects wait for others that get their names with them; nothing comes for a while, so they do now.
  /// Errors as of take().
  Result<void> finish_waiting();
  /// The input has ended; what is unfinished is kept as far as its sink can. `damaged`: bytes of the input
  /// that belonged to no frame. error untrusted: something is not signed; incomplete: something is missing;
  /// corrupt: there was nothing in it.
  Result<void> finish(std::uint64_t damaged);
  [[nodiscard]] const Counts& counts() const { return counts_; }

 private:
  // Not parsed: that takes many times the memory of its bytes, and only the bytes are counted while it waits.
  struct LooseSegment {
    pipeline::SegmentPlace place;
    std::size_t body_bytes = 0;
    Bytes frames;  // its own and the signatures seen for it
  };
  struct Unpacking {  // one chain of segments
    std::string name;
    std::shared_ptr<ObjectSink> sink;
    std::uint64_t next = 0;
    std::map<std::uint64_t, Digest> waiting;  // by index: loose segments that may follow
    bool kept = false;                        // something else is at its place: the rest is passed over
    bool done = false;                        // it goes to finished_ next
  };

  Result<void> take_segment(const wire::Frame& frame);
  Result<void> take_signature(const wire::Frame& frame);
  Result<void> keep_signature(const wire::SegmentSignature& signature, const Buffer& body);
  Result<void> take_chunk(const wire::Frame& frame);
  void line_up(const pipeline::SignatureCover::Covered& covered);
  Result<void> advance(const Digest& stream);
  Result<void> hand_over(Unpacking& unpacking, const wire::Segment& segment, const Digest& id,
                         ByteView frames);
  /// Whether the segment at `place` went to its sink.
  [[nodiscard]] bool is_over(const pipeline::SegmentPlace& place) const;
  void forget_done();
  Result<void> open_sink(Unpacking& unpacking, const wire::ObjectHeader& object);
  Result<void> write(Unpacking& unpacking, const pipeline::ChunkFrame& chunk);
  Result<void> finished(const std::string& name, const ObjectSink& sink, const Result<std::string>& path);
  Result<void> finish_if_complete(Unpacking& unpacking);
  void tell_kept(const Error& why);
  Result<void> hold(std::size_t bytes);
  void let_go(std::size_t bytes);
  void forget_oldest();
  [[nodiscard]] Error missing_parts(const Unpacking& unpacking, std::uint64_t damaged) const;

  UnpackRules rules_;
  BufferPool& pool_;
  pipeline::SignatureCover cover_;
  std::map<Digest, Unpacking> streams_;  // unfinished
  pipeline::RecentDigests finished_;
  std::map<Digest, LooseSegment> loose_;  // not handed over: not covered, or one before it is missing
  std::map<Digest, std::vector<Buffer>> early_signatures_;  // by segment: they came before it
  std::unordered_map<Digest, Buffer, Name32Hash> early_;    // chunks whose segment has not come
  std::deque<Digest> early_order_;
  std::shared_ptr<WaitingBudget> waiting_ = std::make_shared<WaitingBudget>();  // of all objects
  std::size_t held_ = 0;  // bytes of what is loose and early, with what it costs to keep track of them
  FinishGroup group_;
  Result<void> group_over_;  // what went wrong in it first
  Counts counts_;
};

}  // namespace dcdn::sink
