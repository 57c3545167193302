#include "coded/stream_pieces.hpp"

#include <algorithm>

#include "base/byte_reader.hpp"
#include "base/byte_writer.hpp"

namespace dcdn::coded {

namespace {

constexpr std::size_t kMostPieceHeader = 30;  // three varints
constexpr std::size_t kLeastPiece = 64;       // a shorter rest of a block is left empty
// How far a stream's number may be from the first that is open.
constexpr StreamNumber kMostOpenStreams = 1 << 16;
// What a piece that waits, and an open stream, cost beside their bytes, here and with whoever reads the
// stream.
constexpr std::size_t kPieceCost = 256;
constexpr std::size_t kStreamCost = 512;

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

// Pieces of one stream that follow each other are one: a small piece must not cost more than it is.
Result<std::vector<StreamJoiner::Run>> StreamJoiner::runs_of(ByteView block) {
  std::vector<Run> runs;
  ByteReader reader(block);
  while (reader.left() > 0) {
    const std::uint64_t key = reader.varint();
    if (reader.ok() && key == 0) break;
    const std::uint64_t offset = reader.varint();
    const std::uint64_t size = reader.varint();
    const bool fin = key % 2 != 0;
    if (!reader.ok() || key < 2 || size > reader.left() || (size == 0 && !fin) || offset > UINT64_MAX - size)
      return Error(Errc::corrupt, "a coded block is not made of pieces");
    const StreamNumber stream = key / 2 - 1;
    const bool follows = !runs.empty() && runs.back().stream == stream && !runs.back().fin &&
                         runs.back().offset + runs.back().size == offset;
    if (!follows) {
      runs.emplace_back();
      runs.back().stream = stream;
      runs.back().offset = offset;
    }
    runs.back().pieces.push_back(reader.raw(static_cast<std::size_t>(size)));
    runs.back().size += static_cast<std::size_t>(size);
    runs.back().fin = fin;
  }
  return runs;
}

Result<void> StreamJoiner::take(const Buffer& block, const Deliver& deliver) {
  DCDN_TRY(const std::vector<Run> runs, runs_of(block.view()));
  for (const Run& run : runs) DCDN_CHECK(add(run, deliver));
  return {};
}

Result<void> StreamJoiner::add(const Run& run, const Deliver& deliver) {
  const StreamNumber number = run.stream;
  if (number < first_open_ || finished_.contains(number) || number - first_open_ >= kMostOpenStreams)
    return Error(Errc::corrupt, "a piece of a stream that is over, or far from open");
  if (!streams_.contains(number)) DCDN_CHECK(window_.take(kStreamCost));
  Stream& stream = streams_[number];
  if (run.offset != stream.delivered) return keep(stream, run);
  for (std::size_t i = 0; i < run.pieces.size(); ++i) {
    const bool last = i + 1 == run.pieces.size();
    DCDN_CHECK(hand_out(number, stream, run.pieces[i], run.fin && last, deliver));
  }
  return run.fin ? Result<void>() : go_on(number, stream, deliver);
}

// Its block goes: of that a piece may be the smallest part.
Result<void> StreamJoiner::keep(Stream& stream, const Run& run) {
  if (run.offset < stream.delivered || stream.waiting.contains(run.offset))
    return Error(Errc::corrupt, "pieces of a stream overlap");
  DCDN_CHECK(window_.take(run.size + kPieceCost));
  Buffer bytes = Buffer::allocate(run.size);
  std::size_t at = 0;
  for (const ByteView piece : run.pieces) {
    std::copy(piece.begin(), piece.end(), bytes.writable().begin() + static_cast<std::ptrdiff_t>(at));
    at += piece.size();
  }
  stream.waiting.emplace(run.offset, Waiting{std::move(bytes), run.fin});
  return {};
}

Result<void> StreamJoiner::go_on(StreamNumber number, Stream& stream, const Deliver& deliver) {
  while (!stream.waiting.empty()) {
    const auto first = stream.waiting.begin();
    if (first->first < stream.delivered) return Error(Errc::corrupt, "pieces of a stream overlap");
    if (first->first > stream.delivered) return {};
    const Waiting next = std::move(first->second);
    stream.waiting.erase(first);
    window_.give(next.bytes.size() + kPieceCost);
    DCDN_CHECK(hand_out(number, stream, next.bytes.view(), next.fin, deliver));
    if (next.fin) return {};
  }
  return {};
}

// The stream is gone after its end.
Result<void> StreamJoiner::hand_out(StreamNumber number, Stream& stream, ByteView bytes, bool fin,
                                    const Deliver& deliver) {
  DCDN_CHECK(window_.take(bytes.size()));
  stream.delivered += bytes.size();
  if (fin && !stream.waiting.empty()) return Error(Errc::corrupt, "a stream goes on after its end");
  if (fin) finish(number);
  deliver(number, bytes, fin);
  return {};
}

void StreamJoiner::finish(StreamNumber number) {
  streams_.erase(number);
  window_.give(kStreamCost);
  finished_.insert(number);
  while (!finished_.empty() && *finished_.begin() == first_open_) {
    finished_.erase(finished_.begin());
    ++first_open_;
  }
}

}  // namespace dcdn::coded
