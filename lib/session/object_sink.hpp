// object_sink.hpp - where an incoming object goes: a directory, raw bytes on a descriptor, or a chunk stream
// on one.
//
// Threads  everything on the receiver's store thread
#pragma once
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/buffer.hpp"
#include "dcdn/result.hpp"
#include "pace/basis_choice.hpp"
#include "store/part_object.hpp"
#include "wire/control_message.hpp"
#include "wire/difference_message.hpp"
#include "wire/manifest.hpp"

namespace dcdn::session {

class ObjectSink {
 public:
  virtual ~ObjectSink() = default;
  /// What is here already, as the answer to an offer (its object number is the caller's to fill in).
  virtual Result<wire::Answer> open() = 0;
  /// The next segment; its signature was checked. `frames`: its segment and signature frames.
  virtual Result<store::SegmentNeed> add_segment(const wire::Segment& segment, const Digest& id,
                                                 ByteView frames) = 0;
  /// The record to verify a chunk against; nullopt if nobody waits for it.
  [[nodiscard]] virtual std::optional<wire::ChunkRecord> wanted(const Digest& carried) const = 0;
  /// `content` was verified against wanted(); `carried` is what it was unpacked from.
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
  virtual Result<std::optional<wire::Want>> write_difference(const wire::Difference& difference,
                                                             BufferPool& pool) {
    (void)difference, (void)pool;
    return std::optional<wire::Want>();
  }
  [[nodiscard]] virtual std::uint64_t segments_done() const = 0;
  [[nodiscard]] virtual std::uint64_t bytes_done() const = 0;
  [[nodiscard]] virtual bool complete() const = 0;
  /// Makes what was written survive a power failure.
  virtual Result<void> checkpoint() { return {}; }
  /// Final checks and the final name, which is returned (empty: no file).
  virtual Result<std::string> finalize() = 0;
  virtual Result<void> discard() = 0;
  [[nodiscard]] virtual Digest object_id() const = 0;  ///< after complete()
};

/// Which older files a directory sink may use, and what it takes to decide whether that pays.
struct OlderFiles {
  bool use = false;
  std::vector<std::string> named;  ///< --basis: files and directories
  std::uint32_t object = 0;        ///< its number in the session
  std::optional<std::uint64_t> content_bytes;
  pace::LinkGuess link;
};

/// Into a directory, through a staging folder (store/part_object.hpp). An object that was delivered before
/// and is still in place is recognised and only answered, so that a lost receipt does no harm.
std::unique_ptr<ObjectSink> make_directory_sink(std::shared_ptr<store::ReceiveDir> dir,
                                                store::PartObject::Options options, std::string delivered_dir,
                                                OlderFiles older = {});

/// Raw content on `fd`, in order, each byte verified before it is written. A tree is refused.
std::unique_ptr<ObjectSink> make_raw_sink(int fd, wire::ObjectKind kind);
/// The same to a function, which may keep what it is given.
using PutContent = std::function<Result<void>(const Buffer&)>;
std::unique_ptr<ObjectSink> make_raw_sink(PutContent put, wire::ObjectKind kind);

/// Verified frames on `fd`, in the order in which they became verified.
std::unique_ptr<ObjectSink> make_stream_sink(int fd);

}  // namespace dcdn::session
