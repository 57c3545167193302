// signature.hpp - signatures as rdiff writes them: a weak and a strong sum for every block of a file.
//
// Spec  librsync's file format: three u32 (magic, bytes of a block, bytes of a strong sum), then for each
//       block its weak sum (u32) and the first bytes of its strong sum; big-endian
#pragma once
#include <optional>

#include "dcdn/result.hpp"
#include "delta/strong_hash.hpp"
#include "delta/weak_sum.hpp"

namespace dcdn::delta {

struct SignatureShape {
  WeakKind weak = WeakKind::rabin_karp;
  StrongKind strong = StrongKind::blake2;
  std::uint32_t block_bytes = 0;
  std::uint32_t strong_bytes = 0;
  bool operator==(const SignatureShape&) const = default;
};

inline constexpr std::size_t kSignatureHeader = 12;
inline constexpr std::uint32_t kMostBlockBytes = 64u << 20;  ///< of a foreign signature, too
inline constexpr std::uint32_t kUsualStrongBytes = 16;

/// Block size for a file of that many bytes whose edits nobody knows, for the least of signature and delta
/// together when there are as many as the root of its size over 32 (160 in 27 MB, 512 in 256 MiB); beyond
/// 256 MiB the root of the size over 8, for the sake of memory. A power of two, 256 bytes to 64 KiB.
std::uint32_t choose_block_bytes(std::optional<std::uint64_t> file_bytes);
/// The same for a search whose signature does not travel: the root of the size over 32, 64 bytes to 16 KiB.
std::uint32_t choose_fine_block_bytes(std::uint64_t file_bytes);
/// The same when the edits can be guessed. With about 8 bytes of sums a block, and a block of literal around
/// each edit, the two cost least together at the root of 8 x file_bytes / edits.
std::uint32_t block_bytes_for_edits(std::uint64_t file_bytes, std::uint64_t edits);
/// Bytes of a strong sum that are enough against accidents: a wrong match has odds of about 1 in 4,000 for
/// the whole file, and who uses so few checks the result by its digest.
std::uint32_t compact_strong_bytes(std::uint64_t file_bytes, std::uint32_t block_bytes);
/// The same for who checks each piece that is made and gets a wrong one whole: at most 1 in 16 for the file,
/// and in truth less, because only what is not copied is looked up at every byte.
std::uint32_t least_strong_bytes(std::uint64_t file_bytes, std::uint32_t block_bytes);

Bytes encode_signature_header(const SignatureShape& shape);
/// error corrupt: not a signature, or impossible sizes.
Result<SignatureShape> parse_signature_header(ByteView bytes);
/// Appends the sums of the blocks of `content`, of which only the last may be short.
void sign_blocks(const SignatureShape& shape, ByteView content, Bytes& out);

/// A signature made ready for searching. Memory: its own bytes and 20 to 36 more for each block. Threads any,
/// once made
class SignatureTable {
 public:
  /// `bytes`: a whole signature. error corrupt, also where sums were made to collide, so that a search never
  /// takes long; limit: over 2^30 blocks.
  static Result<SignatureTable> make(Bytes bytes);

  [[nodiscard]] const SignatureShape& shape() const { return shape_; }
  [[nodiscard]] std::uint32_t blocks() const { return blocks_; }
  /// Fast, and wrong only when it says yes.
  [[nodiscard]] bool may_have(std::uint32_t weak) const {
    const std::uint32_t bit = weak * kSpread >> filter_shift_;
    return (filter_[bit / 64] >> (bit % 64) & 1) != 0;
  }
  [[nodiscard]] bool has_weak(std::uint32_t weak) const;
  /// The first block with these sums.
  [[nodiscard]] std::optional<std::uint32_t> find(std::uint32_t weak, const StrongSum& strong) const;
  /// The first block with the sums of this one.
  [[nodiscard]] std::uint32_t first_like(std::uint32_t block) const { return first_like_[block]; }
  [[nodiscard]] std::uint32_t weak_of(std::uint32_t block) const;
  [[nodiscard]] ByteView strong_of(std::uint32_t block) const;

 private:
  static constexpr std::uint32_t kSpread = 0x9e3779b1;
  SignatureTable() = default;
  bool index();  // false: too many sums in one place
  [[nodiscard]] std::size_t slot_of(std::uint32_t weak, ByteView strong) const;
  /// By the highest bits of the product: weak sums often share their lowest.
  [[nodiscard]] std::size_t weak_slot_of(std::uint32_t weak) const { return weak * kSpread >> weak_shift_; }
  bool remember_weak(std::uint32_t block);

  Bytes bytes_;
  SignatureShape shape_;
  std::uint32_t blocks_ = 0;
  std::vector<std::uint64_t> filter_;
  int filter_shift_ = 0;
  std::size_t mask_ = 0;
  int weak_shift_ = 0;
  std::vector<std::uint32_t> by_weak_;  // block + 1, 0 is empty; open addressing
  std::vector<std::uint32_t> by_both_;
  std::vector<std::uint32_t> first_like_;
};

}  // namespace dcdn::delta
