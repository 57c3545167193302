#include "sink/basis_book.hpp"

#include <algorithm>

#include "pace/basis_choice.hpp"
#include "pipeline/chunk_difference.hpp"
#include "wire/frame.hpp"

namespace dcdn::sink {

namespace {

constexpr std::size_t kReadBytes = 1u << 20;
constexpr std::size_t kWeakBytes = 4;
constexpr double kEditsInPlace = 2;
constexpr double kMovedPlaceBytes = 1u << 20;

std::uint64_t signature_bytes(const delta::SignatureShape& shape, std::uint64_t bytes) {
  const std::uint64_t blocks = (bytes + shape.block_bytes - 1) / shape.block_bytes;
  return delta::kSignatureHeader + blocks * (kWeakBytes + shape.strong_bytes);
}

}  // namespace

// Each chunk that is missing has been edited, say twice, and the rest of the file as what was seen of it.
// Where all are missing they have only moved: their number says nothing, so the edits are twice in each MiB.
delta::SignatureShape BasisBook::shape_for(std::uint64_t old_bytes, std::uint64_t file_bytes) const {
  const double seen =
      static_cast<double>(file_.seen_bytes) / static_cast<double>(std::max(file_bytes, file_.seen_bytes));
  const bool all_missing = file_.missing_bytes == file_.seen_bytes;
  const double places = all_missing ? static_cast<double>(file_.missing_bytes) / kMovedPlaceBytes
                                    : static_cast<double>(file_.missing_chunks);
  const double edits = kEditsInPlace * places / seen;
  delta::SignatureShape shape;
  shape.block_bytes = delta::block_bytes_for_edits(old_bytes, static_cast<std::uint64_t>(edits));
  shape.strong_bytes = delta::least_strong_bytes(old_bytes, shape.block_bytes);
  return shape;
}

Bytes BasisBook::frames_before_want(const wire::Segment& segment, const store::SegmentNeed& need,
                                    std::uint32_t version, const SpotOf& spot_of) {
  Bytes frames;
  message::Compare compare;
  compare.object = object_;
  compare.segment = segment.index;
  compare.version = std::min(version, message::kDifferencesVersion);
  FilePart part;
  std::size_t chunk = 0;
  for (const wire::Record& record : segment.records) {
    if (const auto* begin = std::get_if<wire::EntryBegin>(&record)) {
      close_part(part, spot_of, compare, frames);
      if (begin->kind == wire::EntryKind::file) file_ = CurrentFile{};
    } else if (const auto* data = std::get_if<wire::ChunkRecord>(&record)) {
      ++part.chunks;
      file_.seen_bytes += data->content_size;
      if (!need.needed[chunk++]) continue;
      file_.missing_bytes += data->content_size;
      ++file_.missing_chunks;
      if (part.first_needed == nullptr) part.first_needed = data;
    }
  }
  close_part(part, spot_of, compare, frames);
  const bool any = std::ranges::any_of(compare.runs, [](const auto& run) { return run.basis.has_value(); });
  if (any && compare.runs.size() <= message::kMaxCompareRuns)
    wire::append_frame(frames, wire::FrameType::compare, message::encode(compare));
  return frames;
}

void BasisBook::close_part(FilePart& part, const SpotOf& spot_of, message::Compare& compare, Bytes& frames) {
  if (part.chunks > 0) {
    const auto basis = basis_of(part, spot_of, frames);
    if (!compare.runs.empty() && compare.runs.back().basis == basis) {
      compare.runs.back().chunks += part.chunks;
    } else {
      compare.runs.push_back({part.chunks, basis});
    }
  }
  part = FilePart{};
}

std::optional<std::uint32_t> BasisBook::basis_of(const FilePart& part, const SpotOf& spot_of, Bytes& frames) {
  if (part.first_needed == nullptr || file_.nothing_older || file_.basis) return file_.basis;
  const auto spot = spot_of(*part.first_needed);
  store::OlderContent older = spot ? files_->like(*spot) : store::OlderContent();
  const std::uint64_t bytes = older.bytes();
  file_.nothing_older = bytes == 0;
  if (file_.nothing_older) return std::nullopt;
  const std::uint64_t file_bytes = spot->file_bytes > 0 ? spot->file_bytes : bytes;
  const delta::SignatureShape shape = shape_for(bytes, file_bytes);
  const pace::SignatureQuestion question{file_.seen_bytes, file_.missing_bytes, file_bytes,
                                         signature_bytes(shape, bytes)};
  const bool fits =
      told_.size() < message::kMaxBases && question.signature_bytes <= message::kMaxBasisBytes - told_bytes_;
  if (!fits || !pace::worth_a_signature(question)) return std::nullopt;
  if (!tell(shape, older, frames)) {
    file_.nothing_older = true;
    return std::nullopt;
  }
  told_bytes_ += question.signature_bytes;
  told_.push_back(spot->path);
  file_.basis = static_cast<std::uint32_t>(told_.size() - 1);
  return file_.basis;
}

bool BasisBook::tell(const delta::SignatureShape& shape, store::OlderContent& older, Bytes& frames) {
  const std::uint64_t bytes = older.bytes();
  Bytes signature = delta::encode_signature_header(shape);
  Bytes window(std::max<std::size_t>(kReadBytes / shape.block_bytes, 1) * shape.block_bytes);
  for (std::uint64_t at = 0; at < bytes;) {
    window.resize(std::min<std::uint64_t>(window.size(), bytes - at));
    if (!older.read(*files_, at, window)) return false;
    delta::sign_blocks(shape, window, signature);
    at += window.size();
  }
  message::BasisPiece piece;
  piece.object = object_;
  piece.basis = static_cast<std::uint32_t>(told_.size());
  piece.total = static_cast<std::uint32_t>(signature.size());
  for (std::size_t at = 0; at < signature.size(); at += piece.bytes.size()) {
    const ByteView rest = ByteView(signature).subspan(at);
    const ByteView next = rest.first(std::min(rest.size(), message::kMaxBasisPiece));
    piece.offset = static_cast<std::uint32_t>(at);
    piece.bytes.assign(next.begin(), next.end());
    wire::append_frame(frames, wire::FrameType::basis, message::encode(piece));
  }
  return true;
}

Result<Buffer> BasisBook::make(const message::Difference& difference, const wire::ChunkRecord& record,
                               BufferPool& pool, const SpotOf& spot_of) {
  if (difference.basis >= told_.size())
    return Error(Errc::corrupt, "a difference to a file that was not named");
  if (open_number_ != difference.basis) {
    const std::string& path = told_[difference.basis];
    auto spot = path.empty() ? spot_of(record) : std::nullopt;
    open_ = files_->like(spot ? *std::move(spot) : store::ChunkSpot{path, 0, 0, {}});
    open_number_ = difference.basis;
  }
  const auto read = [this](std::uint64_t offset, MutableByteView into) {
    return open_.read(*files_, offset, into);
  };
  return pipeline::apply_difference(difference, record, read, pool);
}

}  // namespace dcdn::sink
