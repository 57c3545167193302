#include "store/manifest_log.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <utility>

namespace dcdn::store {

namespace {

constexpr std::size_t kReadBytes = std::size_t{256} << 10;

}  // namespace

Result<ManifestLog> ManifestLog::open(int slot, std::string what) {
  ManifestLog log;
  log.what_ = std::move(what);
  log.fd_.reset(::openat(slot, "manifest.dcs", O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!log.fd_.valid()) return errno_error(errno, log.what_ + ": open");
  struct stat info {};
  if (::fstat(log.fd_.get(), &info) != 0) return errno_error(errno, log.what_);
  log.end_ = static_cast<std::uint64_t>(info.st_size);
  return log;
}

ManifestLog::Reader::Reader(const ManifestLog& log) : fd_(log.fd()), what_(log.what_), piece_(kReadBytes) {}

Result<std::optional<ManifestLog::Reader::Read>> ManifestLog::Reader::next() {
  intact_ += std::exchange(given_, 0);
  while (!ended_) {
    auto step = frames_.next();
    if (!step || std::holds_alternative<wire::Damage>(*step)) break;
    if (std::holds_alternative<wire::NeedInput>(*step)) {
      DCDN_TRY(const std::size_t got, read_full_at(fd_, piece_, at_, what_));
      if (got == 0) break;
      at_ += got;
      frames_.push(ByteView(piece_).first(got));
      continue;
    }
    const auto& frame = std::get<wire::Frame>(*step);
    const std::size_t size = wire::kHeaderBytes + frame.body.size();
    if (frame.type != wire::FrameType::segment) {
      intact_ += size;
      continue;
    }
    auto segment = wire::parse_segment(frame.body.view());
    const Digest id = wire::segment_id(frame.body.view());
    if (!segment || !checker_.add(*segment, id)) break;
    given_ = size;
    return std::optional<Read>(Read{*std::move(segment), id, intact_});
  }
  ended_ = true;
  return std::optional<Read>();
}

Result<std::uint64_t> ManifestLog::replay(const Visit& visit) const {
  Reader reader(*this);
  for (;;) {
    DCDN_TRY(const auto read, reader.next());
    if (!read) return reader.intact_bytes();
    DCDN_TRY(const bool more, visit(read->segment, read->id));
    if (!more) return reader.intact_bytes();
  }
}

Result<wire::Segment> ManifestLog::segment_at(std::uint64_t at) const {
  BufferPool pool(0);
  wire::FrameReader frames(wire::OnDamage::strict, pool);
  Bytes piece(kReadBytes);
  for (;;) {
    DCDN_TRY(auto step, frames.next());
    if (const auto* frame = std::get_if<wire::Frame>(&step))
      return frame->type == wire::FrameType::segment
                 ? wire::parse_segment(frame->body.view())
                 : Result<wire::Segment>(Error(Errc::corrupt, what_ + ": a segment is not where it was"));
    DCDN_TRY(const std::size_t got, read_full_at(fd_.get(), piece, at, what_));
    if (got == 0) return Error(Errc::corrupt, what_ + ": is shorter than it was");
    at += got;
    frames.push(ByteView(piece).first(got));
  }
}

Result<void> ManifestLog::append(ByteView frames) {
  auto written = write_all_at(fd_.get(), frames, end_, what_);
  if (!written) {
    (void)!::ftruncate(fd_.get(), static_cast<off_t>(end_));
    return written;
  }
  end_ += frames.size();
  return {};
}

Result<void> ManifestLog::cut(std::uint64_t bytes) {
  if (bytes == end_) return {};
  if (::ftruncate(fd_.get(), static_cast<off_t>(bytes)) != 0) return errno_error(errno, what_ + ": truncate");
  end_ = bytes;
  return {};
}

Result<void> ManifestLog::sync() const {
  if (::fdatasync(fd_.get()) != 0) return errno_error(errno, what_ + ": fdatasync");
  return {};
}

bool WholeEntry::has_holes() const {
  return std::any_of(regions.begin(), regions.end(), [](const Region& region) { return region.hole; });
}

bool EntryCollector::add(const wire::Record& record) {
  const auto part = cursor_.add(record);
  if (const auto* begin = std::get_if<wire::EntryBegin>(&record)) {
    entry_ = WholeEntry{};
    entry_.begin = *begin;
    entry_.number = entries_++;
    entry_.file = files_;
    entry_.first_chunk = chunks_;
    in_file_ = begin->kind == wire::EntryKind::file;
    if (part) add_part(*part);
    return !in_file_;
  }
  if (std::holds_alternative<wire::LeftOut>(record)) {
    entry_.left_out = in_file_;
    files_ += in_file_ ? 1 : 0;
    return std::exchange(in_file_, false);
  }
  if (const auto* chunk = std::get_if<wire::ChunkRecord>(&record)) {
    if (entry_.chunks++ == 0) entry_.first_chunk_content = chunk->content;
    ++chunks_;
    if (entry_.runs.empty() || entry_.runs.back().size != chunk->content_size)
      entry_.runs.push_back({chunk->content_size, 0});
    ++entry_.runs.back().count;
    add_part(*part);
  } else if (std::holds_alternative<wire::HoleRecord>(record)) {
    add_part(*part);
  } else {
    entry_.end = std::get<wire::EntryEnd>(record);
    in_file_ = false;
    ++files_;
    return true;
  }
  return false;
}

void EntryCollector::add_part(const wire::ContentPart& part) {
  auto& regions = entry_.regions;
  if (!regions.empty() && regions.back().hole == part.hole) {
    regions.back().size += part.size;
  } else {
    regions.push_back({part.file_offset, part.size, part.hole});
  }
}

Result<const WholeEntry*> EntryReader::next() {
  for (;;) {
    for (; read_ && next_record_ < read_->segment.records.size();)
      if (collector_.add(read_->segment.records[next_record_++])) return &collector_.entry();
    DCDN_TRY(read_, segments_.next());
    next_record_ = 0;
    if (!read_) return static_cast<const WholeEntry*>(nullptr);
  }
}

Result<void> for_each_entry(const ManifestLog& log, const EntryVisit& visit) {
  EntryReader entries(log);
  for (;;) {
    DCDN_TRY(const WholeEntry* entry, entries.next());
    if (entry == nullptr) return {};
    DCDN_CHECK(visit(*entry));
  }
}

}  // namespace dcdn::store
