// stream_arrivals.hpp - which streams the receiver has whole: all blocks that hold bytes of a stream, up to
// its end, are complete.
//
// Path     blocks complete in any order, so a stream has only a count of those that are not.
// Threads  pure.
#pragma once
#include <cstdint>
#include <map>
#include <utility>
#include <vector>

#include "coded/stream_pieces.hpp"

namespace dcdn::coded {

class StreamArrivals {
 public:
  /// `block` is about to be sent and holds these pieces.
  void carried(std::uint32_t block, const std::vector<PieceMark>& pieces);
  /// The receiver has all of `block`. One that is not known, or was told already, changes nothing.
  void complete(std::uint32_t block);
  /// Nobody wants to know of `stream` any more.
  void forget(StreamNumber stream);
  /// Streams that have arrived since the last call, each once.
  std::vector<StreamNumber> take() { return std::exchange(arrived_, {}); }

 private:
  struct Stream {
    std::size_t blocks = 0;  // not complete
    bool ended = false;      // no block will hold more of it
  };
  std::map<StreamNumber, Stream> streams_;
  std::map<std::uint32_t, std::vector<StreamNumber>> blocks_;  // each stream once
  std::vector<StreamNumber> arrived_;
};

}  // namespace dcdn::coded
