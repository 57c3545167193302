#include "source/source_index.hpp"

#include <fcntl.h>

#include <algorithm>
#include <utility>

#include "compress/codec.hpp"
#include "wire/path_order.hpp"

namespace dcdn::source {

namespace {

constexpr std::size_t kReadBytes = 256u << 10;

std::size_t files_in(const wire::Segment& segment) {
  return static_cast<std::size_t>(
      std::count_if(segment.records.begin(), segment.records.end(), [](const wire::Record& record) {
        const auto* begin = std::get_if<wire::EntryBegin>(&record);
        return begin != nullptr && begin->kind == wire::EntryKind::file;
      }));
}

constexpr std::int64_t kCoarsestTickS = 2;

}  // namespace

bool is_unchanged(const KnownFile& known, const wire::EntryBegin& now, const wire::FileLook& look,
                  LookRules rules) {
  const wire::FileLook& then = known.look;
  if (then.racy || known.begin.size != now.size || known.begin.mtime_ns != now.mtime_ns) return false;
  if (rules.inode && then.inode != look.inode) return false;
  return !rules.ctime || (then.changed_s == look.changed_s && then.changed_ns == look.changed_ns);
}

wire::FileLook look_of(const struct stat& info) {
  return {info.st_ino, info.st_ctim.tv_sec, static_cast<std::uint32_t>(info.st_ctim.tv_nsec), false};
}

wire::FileLook look_of(const struct stat& info, std::int64_t opened_s) {
  wire::FileLook look = look_of(info);
  const std::int64_t newest = std::max<std::int64_t>(info.st_mtim.tv_sec, info.st_ctim.tv_sec);
  look.racy = newest >= opened_s - kCoarsestTickS;
  return look;
}

std::unique_ptr<SourceIndex> SourceIndex::open(const std::string& path) {
  UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  return fd.valid() ? std::make_unique<SourceIndex>(std::move(fd)) : nullptr;
}

SourceIndex::SourceIndex(UniqueFd fd) : fd_(std::move(fd)) {}

const KnownFile* SourceIndex::find(const std::string& path) {
  found_.reset();
  in_pack_.reset();
  digest_.reset();
  while (const wire::Record* record = peek()) {
    const auto* begin = std::get_if<wire::EntryBegin>(record);
    if (begin != nullptr && wire::path_before(path, begin->path)) return nullptr;
    if (begin != nullptr && begin->path == path) return found(*begin);
    advance();
  }
  return nullptr;
}

const KnownFile* SourceIndex::found(const wire::EntryBegin& begin) {
  if (begin.kind != wire::EntryKind::file || !begin.size) return nullptr;
  found_ = KnownFile{begin, looks_[file_]};
  if (const auto part = advance())
    in_pack_ = KnownPiece{KnownChunk{segment_, chunks_ - 1}, part->chunk_offset, part->size};
  return &*found_;
}

std::optional<KnownPiece> SourceIndex::next_piece() {
  if (in_pack_) return std::exchange(in_pack_, std::nullopt);
  const wire::Record* record = found_ ? peek() : nullptr;
  if (record == nullptr) return std::nullopt;
  if (const auto* hole = std::get_if<wire::HoleRecord>(record)) {
    const KnownPiece piece{std::nullopt, 0, hole->size};
    advance();
    return piece;
  }
  if (const auto* chunk = std::get_if<wire::ChunkRecord>(record)) {
    const KnownPiece piece{KnownChunk{segment_, chunks_}, 0, chunk->content_size};
    advance();
    return piece;
  }
  if (const auto* end = std::get_if<wire::EntryEnd>(record)) digest_ = end->content;
  return std::nullopt;
}

// The next record, of the next segment if that is where it is.
const wire::Record* SourceIndex::peek() {
  while (at_ == records_.size())
    if (!load()) return nullptr;
  return &records_[at_];
}

// What it says of the content of the file that is open.
std::optional<wire::ContentPart> SourceIndex::advance() {
  const wire::Record& record = records_[at_++];
  if (const auto* begin = std::get_if<wire::EntryBegin>(&record))
    file_ += begin->kind == wire::EntryKind::file ? 1 : 0;
  if (std::holds_alternative<wire::ChunkRecord>(record)) ++chunks_;
  return cursor_.add(record);
}

bool SourceIndex::load() {
  if (ended_) return false;
  ended_ = true;  // unless all of the next segment is right
  auto frame = next_frame();
  if (!frame || frame->type != wire::FrameType::segment) return false;
  auto segment = wire::parse_segment(frame->body.view());
  if (!segment) return false;
  const Digest id = wire::segment_id(frame->body.view());
  const auto beside = next_frame();
  if (!beside || beside->type != wire::FrameType::stat) return false;
  auto looks = wire::parse_looks(beside->body.view());
  if (!looks || looks->segment != id || looks->zstd != compress::zstd_version()) return false;
  if (looks->files.size() != files_in(*segment) || !checker_.add(*segment, id)) return false;
  segment_ = std::make_shared<KnownSegment>();
  segment_->head = static_cast<const wire::SegmentHead&>(*segment);
  for (const wire::Record& record : segment->records)
    if (const auto* chunk = std::get_if<wire::ChunkRecord>(&record)) segment_->chunks.push_back(*chunk);
  records_ = std::move(segment->records);
  looks_ = std::move(looks->files);
  at_ = file_ = chunks_ = 0;
  ended_ = segment_->head.final;
  return true;
}

std::optional<wire::Frame> SourceIndex::next_frame() {
  Bytes piece(kReadBytes);
  for (;;) {
    auto step = reader_.next();
    if (!step) return std::nullopt;
    if (auto* frame = std::get_if<wire::Frame>(&*step)) return std::move(*frame);
    const auto got = read_full(fd_.get(), piece, "index");
    if (!got || *got == 0) return std::nullopt;
    reader_.push(ByteView(piece).first(*got));
  }
}

}  // namespace dcdn::source
