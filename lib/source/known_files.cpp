#include "source/known_files.hpp"

namespace dcdn::source {

bool KnownFiles::find(const SourceEntry& entry) {
  piece_.reset();
  piece_at_ = 0;
  known_ = request_.known ? request_.known->find(entry.begin.path) : nullptr;
  if (known_ && !is_unchanged(*known_, entry.begin, entry.look, request_.looks)) forget();
  return known_ != nullptr;
}

bool KnownFiles::is_still(const SourceFile& file) const {
  return known_ && is_unchanged(*known_, file.begin(), file.look(), request_.looks);
}

std::optional<KnownPiece> KnownFiles::first() {
  if (known_) piece_ = request_.known->next_piece();
  return piece_;
}

std::optional<KnownPiece> KnownFiles::at(std::uint64_t at, std::uint64_t cell, std::uint64_t left) {
  while (known_ && piece_ && piece_at_ < at) {
    piece_at_ += piece_->size;
    piece_ = request_.known->next_piece();
  }
  if (!known_ || !piece_ || piece_at_ != at || piece_->chunk_offset > 0) return std::nullopt;
  const bool is_cell = piece_->size == cell;
  const bool is_cells = piece_->size <= left && (piece_->size % cell == 0 || piece_->size == left);
  return (piece_->chunk ? is_cell : is_cells) ? piece_ : std::nullopt;
}

std::optional<Digest> KnownFiles::digest() {
  if (!known_ || request_.known->next_piece()) return std::nullopt;
  return request_.known->digest();
}

}  // namespace dcdn::source
