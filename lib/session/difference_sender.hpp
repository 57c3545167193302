// difference_sender.hpp - sends chunks of one object as differences to older files that the receiver told of.
//
// Spec     dcdn-session(5), DIFFERENCES
// Threads  the loop thread; the search runs on the session's own thread for it and on the workers
#pragma once
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "delta/signature.hpp"
#include "message/difference_message.hpp"
#include "session/chunk_queue.hpp"
#include "session/send_shared.hpp"

namespace dcdn::session {

/// The signature of an older file, as it comes; its table is made where it is used.
class OldSignature {
 public:
  OldSignature(std::uint32_t number, std::size_t total) : number_(number), total_(total) {}
  /// error corrupt: not the next piece.
  Result<void> add(const message::BasisPiece& piece);
  [[nodiscard]] bool whole() const { return received_ == total_; }
  [[nodiscard]] std::uint32_t number() const { return number_; }
  /// nullptr: not a signature, or one with blocks that no receiver of ours would make. Always on one thread,
  /// and only of a whole one.
  const delta::SignatureTable* table();

 private:
  std::uint32_t number_;
  std::size_t total_;
  std::size_t received_ = 0;
  Bytes bytes_;
  bool asked_ = false;
  std::optional<delta::SignatureTable> table_;
};
using OldSignaturePtr = std::shared_ptr<OldSignature>;

/// What the receiver said of a segment.
struct Comparison {
  std::vector<OldSignaturePtr> basis;  ///< for each chunk record: what it is compared with, if anything
  std::uint32_t version = 1;           ///< of differences that it takes
};

/// The needed chunks of a segment.
/// Blocks; unpacks the chunks again. A chunk that no difference makes shorter is queued as it is.
std::vector<QueuedChunk> make_differences(const source::PackedSegmentPtr& segment,
                                          const std::vector<bool>& needed, const Comparison& comparison,
                                          std::uint32_t object, compress::CompressChoice compress,
                                          work::WorkerPool& workers, BufferPool& pool);

class DifferenceSender {
 public:
  using Take = std::function<void(std::vector<QueuedChunk>)>;
  /// `take` gets the chunks of a want, later, on the loop thread.
  DifferenceSender(SendShared& shared, std::uint32_t object, Take take);

  /// error corrupt: out of order, too much, or not of what was told.
  Result<void> take(const message::BasisPiece& piece);
  Result<void> take(const message::Compare& compare);
  /// False: nothing was told of this segment, its chunks go as they are.
  bool start(const source::PackedSegmentPtr& segment, const std::vector<bool>& needed);
  /// A further want of a segment: chunks that went as differences, to be sent themselves; each once.
  std::vector<QueuedChunk> again(const message::Want& want);
  [[nodiscard]] bool busy() const { return jobs_ > 0; }
  /// The receiver has segments [0, upto).
  void stored(std::uint64_t upto);
  /// The connection is gone, and what was told on it.
  void forget();

 private:
  struct Sent {
    source::PackedSegmentPtr segment;
    std::vector<bool> as_difference;
  };
  void made(std::vector<QueuedChunk> chunks);

  SendShared& shared_;
  std::uint32_t object_;
  Take take_;
  std::vector<OldSignaturePtr> signatures_;
  std::size_t signature_bytes_ = 0;
  std::map<std::uint64_t, Comparison> compares_;  // by segment
  std::map<std::uint64_t, Sent> sent_;            // by segment
  std::size_t jobs_ = 0;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);  // another one after forget()
};

}  // namespace dcdn::session
