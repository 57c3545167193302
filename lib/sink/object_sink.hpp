// object_sink.hpp - where an incoming object goes: directory_sink, raw_sink and stream_sink are such.
//
// Threads  everything on the receiver's store thread
#pragma once
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/buffer.hpp"
#include "dcdn/result.hpp"
#include "message/difference_message.hpp"
#include "message/session_message.hpp"
#include "sink/waiting_budget.hpp"
#include "store/promise_ledger.hpp"
#include "store/segment_need.hpp"
#include "store/sync_batch.hpp"
#include "wire/left_out.hpp"
#include "wire/manifest.hpp"

namespace dcdn::sink {

/// What became of a chunk that came.
struct ChunkTaken {
  bool wanted = false;
  std::optional<Error> damaged;  ///< why it is not what the record says; an intact one may follow
};

class ObjectSink {
 public:
  /// promise: what its object may come to; null: nobody limits it.
  explicit ObjectSink(std::shared_ptr<store::ObjectPromise> promise = nullptr)
      : promise_(std::move(promise)) {}
  virtual ~ObjectSink();
  ObjectSink(const ObjectSink&) = delete;
  ObjectSink& operator=(const ObjectSink&) = delete;
  /// After open(): its sender says that it has `bytes` (0: it does not know), `here` of which are here, and
  /// `holes` of which are holes. error limit, no_space: as ObjectPromise.
  Result<void> offered(std::uint64_t bytes, std::uint64_t here, std::uint64_t holes) {
    return promise_ ? promise_->offered(bytes, here, holes) : Result<void>();
  }
  /// What is here already, as the answer to an offer (its object number is the caller's to fill in).
  virtual Result<message::Answer> open() = 0;
  /// The next segment; its signature was checked. `frames`: its segment and signature frames. error limit,
  /// no_space: it may not come (ObjectPromise).
  virtual Result<store::SegmentNeed> add_segment(const wire::Segment& segment, const Digest& id,
                                                 ByteView frames) = 0;
  /// The record to verify a chunk against; nullopt if nobody waits for it.
  [[nodiscard]] virtual std::optional<wire::ChunkRecord> wanted(const Digest& carried) const = 0;
  /// Whether write_chunk wants the content. If not, no decompressor sees a chunk: what is carried has the
  /// digest that a signed record states, and whether that makes the content is for whoever unpacks it.
  [[nodiscard]] virtual bool needs_content() const { return true; }
  /// A chunk as it travelled: checked as far as this sink needs it, unpacked, and written. One whose past is
  /// not here is kept until it is. error limit: too much waits so (WaitingBudget); corrupt: what waited does
  /// not unpack although it is what a record says; and those of write_chunk.
  Result<ChunkTaken> take_chunk(const Digest& carried_digest, const Buffer& carried, BufferPool& pool);
  /// Before anything waits: what waits here counts with what waits for others of that budget.
  void share_waiting(std::shared_ptr<WaitingBudget> budget) { budget_ = std::move(budget); }
  /// What waited for what has come in another way (add_segment, write_difference). Errors as take_chunk.
  Result<void> write_waiting(BufferPool& pool);
  /// The content that a wanted chunk is compressed after, in one piece; nullopt: not all of it is here.
  /// Asked only where content is needed.
  virtual Result<std::optional<Buffer>> past_of(const wire::ChunkRecord& record, BufferPool& pool) = 0;
  /// `content` was verified against wanted() (empty if it is not needed), and `carried`, what it was unpacked
  /// from.
  virtual Result<void> write_chunk(const Digest& digest, const Buffer& content, const Buffer& carried) = 0;
  /// Frames for the sender ahead of the want of a segment, so that it can send differences to older files,
  /// up to that version of them.
  virtual Bytes frames_before_want(const wire::Segment& segment, const store::SegmentNeed& need,
                                   std::uint32_t version) {
    (void)segment, (void)need, (void)version;
    return {};
  }
  /// What comes instead of a wanted chunk. nullopt: its content is here now; a want: the older file has
  /// changed or the difference is no good, so the chunk itself is asked for.
  virtual Result<std::optional<message::Want>> write_difference(const message::Difference& difference,
                                                                BufferPool& pool) {
    (void)difference, (void)pool;
    return std::optional<message::Want>();
  }
  [[nodiscard]] virtual std::uint64_t segments_done() const = 0;
  [[nodiscard]] virtual std::uint64_t bytes_done() const = 0;
  [[nodiscard]] virtual bool complete() const = 0;
  /// Makes what was written survive a power failure.
  virtual Result<void> checkpoint() { return {}; }
  /// Goes on with the final checks, about `bytes` of content. True: they are done, or it is not complete().
  virtual Result<bool> check_some(std::uint64_t bytes) {
    (void)bytes;
    return true;
  }
  /// Final checks and the final name, which is returned (empty: no file).
  virtual Result<std::string> finalize() = 0;
  /// complete(), and what finalize() does can be done for many at once (sink/finish_group.hpp): stage() each,
  /// sync what that gave, give_name() each, sync what that gave.
  [[nodiscard]] virtual bool finishes_in_group() const { return false; }
  virtual Result<void> stage(store::SyncBatch& batch) {
    (void)batch;
    return {};
  }
  virtual Result<std::string> give_name(store::SyncBatch& folders) {
    (void)folders;
    return finalize();
  }
  virtual Result<void> discard() = 0;
  [[nodiscard]] virtual Digest object_id() const = 0;  ///< after complete()
  /// What the sender could not read; of an object that was delivered earlier only how much. After finalize().
  [[nodiscard]] virtual wire::LeftOutList left_out() const { return {}; }
  /// After finalize(): why there is no note of a delivery that is whole all the same; nullopt: there is one,
  /// or none is kept. A sender whose receipt was lost then meets the name as taken.
  [[nodiscard]] virtual std::optional<Error> not_noted() const { return std::nullopt; }
  /// After finalize(): what else a person should know of how it was delivered.
  [[nodiscard]] virtual std::vector<std::string> notes() const { return {}; }

 protected:
  [[nodiscard]] const std::shared_ptr<store::ObjectPromise>& promise() const { return promise_; }

 private:
  struct Waiting {
    Digest carried_digest;
    Buffer carried;
  };
  Result<ChunkTaken> take_after(const wire::ChunkRecord& record, const Buffer& carried, BufferPool& pool);
  Result<void> wait_for_past(const Digest& carried_digest, const Buffer& carried);
  /// True: it no longer waits.
  Result<bool> write_if_ready(const Waiting& waiting, BufferPool& pool);

  std::shared_ptr<store::ObjectPromise> promise_;
  std::vector<Waiting> waiting_;  // for their past
  std::shared_ptr<WaitingBudget> budget_ = std::make_shared<WaitingBudget>();
};

}  // namespace dcdn::sink
