#include "coded/stream_pieces.hpp"

#include <algorithm>

#include "base/byte_reader.hpp"
#include "base/byte_writer.hpp"

namespace dcdn::coded {

namespace {

constexpr std::size_t kMostPieceHeader = 30;  // three varints
constexpr std::size_t kLeastPiece = 64;       // a shorter rest of a block is left empty
// Streams that a peer may have open at once; a sender has as many as fit its window of blocks.
constexpr StreamNumber kMostOpenStreams = 1 << 16;

}  // namespace

void PieceQueue::push(StreamNumber stream, Buffer bytes, bool fin) {
  std::uint64_t& length = lengths_[stream];
  const std::uint64_t offset = length;
  length += bytes.size();
  if (fin) lengths_.erase(stream);
  if (bytes.empty() && !fin) return;
  bytes_ += bytes.size();
  pieces_.push_back(Piece{stream, offset, std::move(bytes), fin});
}

void PieceQueue::drop(StreamNumber stream) {
  for (const Piece& piece : pieces_)
    if (piece.stream == stream) bytes_ -= piece.bytes.size();
  std::erase_if(pieces_, [&](const Piece& piece) { return piece.stream == stream; });
  lengths_.erase(stream);
}

PieceQueue::Cut PieceQueue::cut(std::size_t most) {
  Cut made;
  Bytes& block = made.bytes;
  ByteWriter writer(block);
  while (!pieces_.empty() && block.size() + kMostPieceHeader <= most) {
    Piece& piece = pieces_.front();
    const std::size_t room = most - block.size() - kMostPieceHeader;
    const std::size_t size = std::min(room, piece.bytes.size());
    if (size < piece.bytes.size() && size < kLeastPiece && !block.empty()) break;
    const bool whole = size == piece.bytes.size();
    const bool fin = whole && piece.fin;
    made.pieces.push_back({piece.stream, fin});
    writer.varint((piece.stream + 1) * 2 + (fin ? 1 : 0));
    writer.varint(piece.offset);
    writer.varint(size);
    writer.raw(piece.bytes.view().first(size));
    bytes_ -= size;
    if (whole) {
      pieces_.pop_front();
    } else {
      piece.bytes = piece.bytes.part(size, piece.bytes.size() - size);
      piece.offset += size;
    }
  }
  return made;
}

Result<std::size_t> StreamJoiner::take(const Buffer& block, const Deliver& deliver) {
  ByteReader reader(block.view());
  std::size_t content = 0;
  while (reader.left() > 0) {
    const std::uint64_t key = reader.varint();
    if (reader.ok() && key == 0) break;
    const std::uint64_t offset = reader.varint();
    const std::uint64_t size = reader.varint();
    const std::size_t at = reader.position();
    if (!reader.ok() || key < 2 || size > reader.left())
      return Error(Errc::corrupt, "a coded block is not made of pieces");
    (void)reader.raw(static_cast<std::size_t>(size));
    content += static_cast<std::size_t>(size);
    DCDN_CHECK(
        add(key / 2 - 1, offset, block.part(at, static_cast<std::size_t>(size)), key % 2 != 0, deliver));
  }
  return content;
}

Result<void> StreamJoiner::add(StreamNumber number, std::uint64_t offset, Buffer bytes, bool fin,
                               const Deliver& deliver) {
  if (number < first_open_ || finished_.contains(number) || number - first_open_ >= kMostOpenStreams)
    return Error(Errc::corrupt, "a piece of a stream that is over, or far from open");
  Stream& stream = streams_[number];
  if (offset < stream.delivered || offset > UINT64_MAX - bytes.size() ||
      !stream.waiting.try_emplace(offset, Waiting{std::move(bytes), fin}).second)
    return Error(Errc::corrupt, "pieces of a stream overlap");
  while (!stream.waiting.empty()) {
    const auto first = stream.waiting.begin();
    if (first->first < stream.delivered) return Error(Errc::corrupt, "pieces of a stream overlap");
    if (first->first > stream.delivered) return {};
    const Waiting next = std::move(first->second);
    stream.waiting.erase(first);
    stream.delivered += next.bytes.size();
    if (next.fin && !stream.waiting.empty()) return Error(Errc::corrupt, "a stream goes on after its end");
    if (next.fin) finish(number);
    deliver(number, next.bytes.view(), next.fin);
    if (next.fin) return {};
  }
  return {};
}

void StreamJoiner::finish(StreamNumber number) {
  streams_.erase(number);
  finished_.insert(number);
  while (!finished_.empty() && *finished_.begin() == first_open_) {
    finished_.erase(finished_.begin());
    ++first_open_;
  }
}

}  // namespace dcdn::coded
