// known_files.hpp - what is known of the file that a walk has come to, as far as it is still true by its
// looks.
#pragma once
#include <optional>

#include "source/object_packer.hpp"
#include "source/source_file.hpp"
#include "source/source_index.hpp"

namespace dcdn::source {

/// Asked of each file in the order of the walk.
class KnownFiles {
 public:
  /// `request` outlives it.
  explicit KnownFiles(const PackRequest& request) : request_(request) {}

  /// Nobody has touched it since it was sent. What follows is about this file, until the next is asked for.
  bool find(const SourceEntry& entry);
  /// The same of what was opened.
  [[nodiscard]] bool is_still(const SourceFile& file) const;
  /// The file counts for a new one.
  void forget() { known_ = nullptr; }
  /// Its first piece; nullopt: nothing is known of its content.
  std::optional<KnownPiece> first();
  /// The piece at `at`, if it was cut as it would be cut now: a cell of the grid that `left` bytes are in, or
  /// a hole of whole cells. Ascending.
  std::optional<KnownPiece> at(std::uint64_t at, std::uint64_t cell, std::uint64_t left);
  /// After its last piece: of its data, as its end has it.
  std::optional<Digest> digest();

 private:
  const PackRequest& request_;
  const KnownFile* known_ = nullptr;
  std::optional<KnownPiece> piece_;
  std::uint64_t piece_at_ = 0;
};

}  // namespace dcdn::source
