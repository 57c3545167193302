// block_places.hpp - where the blocks of a file that is to be fetched lie in an older one, and what is left
// to fetch.
//
// The search is that of deltas with the two files exchanged: the signature is of the new file, and what is
// walked through is the old one.
#pragma once
#include <optional>
#include <vector>

#include "delta/delta_commands.hpp"
#include "delta/signature.hpp"

namespace dcdn::delta {

/// Bytes [offset, offset + size) of a file; size is at least 1.
struct Range {
  std::uint64_t offset = 0;
  std::uint64_t size = 0;
  bool operator==(const Range&) const = default;
};

class BlockPlaces {
 public:
  /// `table`: of the new file, which has `file_bytes`; must outlive this. error corrupt: that many bytes have
  /// another number of blocks.
  static Result<BlockPlaces> make(const SignatureTable& table, std::uint64_t file_bytes);

  /// The commands of a search of the old file, in order.
  void copied(const CopyStep& step);
  void passed(std::uint64_t bytes) { at_ += bytes; }

  /// Where in the old file a block lies.
  [[nodiscard]] std::optional<std::uint64_t> place_of(std::uint32_t block) const;
  [[nodiscard]] std::uint32_t blocks() const { return table_->blocks(); }
  [[nodiscard]] std::uint64_t offset_of(std::uint32_t block) const {
    return std::uint64_t{block} * table_->shape().block_bytes;
  }
  /// Bytes of a block, of which the last may be short.
  [[nodiscard]] std::uint64_t size_of(std::uint32_t block) const;
  /// What the old file does not have, ascending, nothing adjoining.
  [[nodiscard]] std::vector<Range> needed() const;

 private:
  BlockPlaces(const SignatureTable& table, std::uint64_t file_bytes)
      : table_(&table), file_bytes_(file_bytes), places_(table.blocks(), kNowhere) {}
  static constexpr std::uint64_t kNowhere = UINT64_MAX;

  const SignatureTable* table_;
  std::uint64_t file_bytes_;
  std::vector<std::uint64_t> places_;  // by block; of equal ones only the first need have one
  std::uint64_t at_ = 0;               // in the old file
};

}  // namespace dcdn::delta
