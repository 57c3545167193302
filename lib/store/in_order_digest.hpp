// in_order_digest.hpp - the digest of a file's data, whose pieces are written in any order. Holes are no
// data.
//
// Pieces that come in order are hashed from memory. What came early is read back once the gap before it is
// filled, a little at a time, so that no single write waits for gigabytes.
#pragma once
#include <deque>
#include <functional>

#include "dcdn/result.hpp"
#include "digest/hasher.hpp"

namespace dcdn::store {

class InOrderDigest {
 public:
  /// The next piece of data; pieces are announced in order of their offset.
  void expect(std::uint64_t offset, std::uint64_t size);
  /// A piece is on disk, and here are its bytes.
  void written(std::uint64_t offset, ByteView content);
  /// Fills a buffer from the file.
  using Read = std::function<Result<void>(std::uint64_t offset, MutableByteView into)>;
  /// Hashes pieces that came early and are next now, at most about `budget` bytes.
  Result<void> catch_up(std::uint64_t budget, const Read& read);
  /// Every announced piece is hashed.
  [[nodiscard]] bool caught_up() const { return pieces_.empty(); }
  [[nodiscard]] Digest digest() const { return hasher_.digest(); }

 private:
  struct Piece {
    std::uint64_t offset;
    std::uint64_t size;
    bool is_written;
  };

  digest::Hasher hasher_;
  std::deque<Piece> pieces_;  // announced and not hashed yet
};

}  // namespace dcdn::store
