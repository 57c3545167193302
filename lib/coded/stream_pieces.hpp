// stream_pieces.hpp - what is inside a source block: pieces of streams; and how they become streams again.
//
// Path     the sender cuts whatever is queued into blocks of k symbols, one piece after the other, so that
// only the last
//          block of a queue that runs empty is short. Blocks complete in any order, streams are delivered in
//          theirs.
// Format   piece = varint (stream + 1) * 2 + fin, varint offset, varint length, bytes; a key of 0 ends the
// block, and the
//          rest is zeros
// Threads  pure.
#pragma once
#include <deque>
#include <functional>
#include <map>
#include <set>
#include <vector>

#include "base/buffer.hpp"
#include "dcdn/result.hpp"

namespace dcdn::coded {

/// A stream's number within its direction of the connection, in the order of opening.
using StreamNumber = std::uint64_t;

/// Of one stream in a block.
struct PieceMark {
  StreamNumber stream = 0;
  bool fin = false;  ///< it ends here
  bool operator==(const PieceMark&) const = default;
};

/// Bytes waiting to be cut into blocks.
class PieceQueue {
 public:
  void push(StreamNumber stream, Buffer bytes, bool fin);
  /// What is not cut yet of `stream` is forgotten.
  void drop(StreamNumber stream);
  [[nodiscard]] bool empty() const { return pieces_.empty(); }
  /// Bytes of content queued.
  [[nodiscard]] std::size_t bytes() const { return bytes_; }
  /// Content of a block, and whose it is.
  struct Cut {
    Bytes bytes;
    std::vector<PieceMark> pieces;
  };
  /// Takes pieces into a block of at most `most` bytes.
  Cut cut(std::size_t most);

 private:
  struct Piece {
    StreamNumber stream;
    std::uint64_t offset;  // within the stream
    Buffer bytes;
    bool fin;
  };
  std::deque<Piece> pieces_;
  std::map<StreamNumber, std::uint64_t> lengths_;  // of open streams: what was pushed so far
  std::size_t bytes_ = 0;
};

/// Puts streams together again out of blocks in any order.
class StreamJoiner {
 public:
  /// In order within a stream.
  using Deliver = std::function<void(StreamNumber, ByteView, bool fin)>;
  /// A decoded block; content bytes in it. error corrupt: pieces that overlap, or lie outside the block.
  Result<std::size_t> take(const Buffer& block, const Deliver& deliver);

 private:
  struct Waiting {
    Buffer bytes;
    bool fin;
  };
  struct Stream {
    std::uint64_t delivered = 0;
    std::map<std::uint64_t, Waiting> waiting;  // by offset
  };
  Result<void> add(StreamNumber number, std::uint64_t offset, Buffer bytes, bool fin, const Deliver& deliver);
  void finish(StreamNumber number);

  std::map<StreamNumber, Stream> streams_;
  StreamNumber first_open_ = 0;      // every stream before it is finished
  std::set<StreamNumber> finished_;  // of those from it on
};

}  // namespace dcdn::coded
