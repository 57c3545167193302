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
#include "coded/receive_window.hpp"
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

/// Puts streams together again out of blocks in any order. What it keeps it takes from the window.
class StreamJoiner {
 public:
  /// The window outlives this.
  explicit StreamJoiner(ReceiveWindow& window) : window_(window) {}
  /// In order within a stream. What is delivered is taken from the window, before; whoever consumes it gives
  /// it back.
  using Deliver = std::function<void(StreamNumber, ByteView, bool fin)>;
  /// A decoded block. error corrupt: pieces of nothing, that overlap, or lie outside the block; limit: too
  /// much waits.
  Result<void> take(const Buffer& block, const Deliver& deliver);

 private:
  /// Bytes of one stream, one after another.
  struct Run {
    StreamNumber stream = 0;
    std::uint64_t offset = 0;
    std::vector<ByteView> pieces;
    std::size_t size = 0;
    bool fin = false;
  };
  struct Waiting {
    Buffer bytes;
    bool fin;
  };
  struct Stream {
    std::uint64_t delivered = 0;
    std::map<std::uint64_t, Waiting> waiting;  // by offset
  };
  static Result<std::vector<Run>> runs_of(ByteView block);
  Result<void> add(const Run& run, const Deliver& deliver);
  Result<void> keep(Stream& stream, const Run& run);
  Result<void> go_on(StreamNumber number, Stream& stream, const Deliver& deliver);
  Result<void> hand_out(StreamNumber number, Stream& stream, ByteView bytes, bool fin,
                        const Deliver& deliver);
  void finish(StreamNumber number);

  ReceiveWindow& window_;
  std::map<StreamNumber, Stream> streams_;  // of which something came, and not the end
  StreamNumber first_open_ = 0;             // every stream before it is finished
  std::set<StreamNumber> finished_;         // of those from it on
};

}  // namespace dcdn::coded
