// object_sink.hpp - where an incoming object goes: a directory, raw bytes on a descriptor, or a chunk stream
// on one.
//
// Threads  everything on the receiver's store thread
#pragma once
#include <functional>
#include <memory>
#include <string>

#include "base/buffer.hpp"
#include "dcdn/result.hpp"
#include "store/part_object.hpp"
#include "wire/control_message.hpp"
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

/// Into a directory, through a staging folder (store/part_object.hpp). An object that was delivered before
/// and is still in place is recognised and only answered, so that a lost receipt does no harm.
std::unique_ptr<ObjectSink> make_directory_sink(std::shared_ptr<store::ReceiveDir> dir,
                                                store::PartObject::Options options,
                                                std::string delivered_dir);

/// Raw content on `fd`, in order, each byte verified before it is written. A tree is refused.
std::unique_ptr<ObjectSink> make_raw_sink(int fd, wire::ObjectKind kind);
/// The same to a function.
using PutContent = std::function<Result<void>(ByteView)>;
std::unique_ptr<ObjectSink> make_raw_sink(PutContent put, wire::ObjectKind kind);

/// Verified frames on `fd`, in the order in which they became verified.
std::unique_ptr<ObjectSink> make_stream_sink(int fd);

}  // namespace dcdn::session
