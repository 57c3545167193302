#include "store/manifest_log.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>

#include "wire/frame_reader.hpp"

namespace dcdn::store {

namespace {

constexpr std::size_t kReadBytes = std::size_t{256} << 10;

// One read through the log; `good` moves on frame by frame.
class Replay {
 public:
  Replay(int fd, const std::string& what, const ManifestLog::Visit& visit)
      : fd_(fd), what_(what), visit_(visit) {}

  Result<std::uint64_t> run() {
    Bytes piece(kReadBytes);
    for (std::uint64_t at = 0; !ended_;) {
      DCDN_TRY(const std::size_t got, read_full_at(fd_, piece, at, what_));
      if (got == 0) break;
      at += got;
      reader_.push(ByteView(piece).first(got));
      DCDN_CHECK(take_frames());
    }
    return good_;
  }

 private:
  Result<void> take_frames() {
    while (!ended_) {
      auto step = reader_.next();
      if (!step || std::holds_alternative<wire::Damage>(*step)) {
        ended_ = true;
        break;
      }
      if (std::holds_alternative<wire::NeedInput>(*step)) break;
      const auto& frame = std::get<wire::Frame>(*step);
      if (frame.type == wire::FrameType::segment) {
        DCDN_TRY(const bool more, take_segment(frame.body.view()));
        ended_ = !more;
      }
      if (!ended_) good_ += wire::kHeaderBytes + frame.body.size();
    }
    return {};
  }
  Result<bool> take_segment(ByteView body) {
    const auto segment = wire::parse_segment(body);
    if (!segment) return false;
    const Digest id = wire::segment_id(body);
    if (!checker_.add(*segment, id)) return false;
    return visit_(*segment, id);
  }

  int fd_;
  const std::string& what_;
  const ManifestLog::Visit& visit_;
  BufferPool pool_{wire::kMaxSegmentBody};
  wire::FrameReader reader_{wire::OnDamage::strict, pool_};
  wire::ManifestChecker checker_;
  std::uint64_t good_ = 0;
  bool ended_ = false;
};

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

Result<std::uint64_t> ManifestLog::replay(const Visit& visit) const {
  return Replay(fd_.get(), what_, visit).run();
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
  if (const auto* begin = std::get_if<wire::EntryBegin>(&record)) {
    entry_ = WholeEntry{};
    entry_.begin = *begin;
    entry_.file = files_;
    entry_.first_chunk = chunks_;
    return begin->kind != wire::EntryKind::file;
  }
  if (const auto* chunk = std::get_if<wire::ChunkRecord>(&record)) {
    if (entry_.chunks++ == 0) entry_.first_chunk_content = chunk->content;
    ++chunks_;
    add_region(chunk->content_size, false);
  } else if (const auto* hole = std::get_if<wire::HoleRecord>(&record)) {
    add_region(hole->size, true);
  } else {
    entry_.end = std::get<wire::EntryEnd>(record);
    ++files_;
    return true;
  }
  return false;
}

void EntryCollector::add_region(std::uint64_t size, bool hole) {
  auto& regions = entry_.regions;
  if (!regions.empty() && regions.back().hole == hole) {
    regions.back().size += size;
    return;
  }
  const std::uint64_t offset = regions.empty() ? 0 : regions.back().offset + regions.back().size;
  regions.push_back({offset, size, hole});
}

Result<void> for_each_entry(const ManifestLog& log, const EntryVisit& visit) {
  EntryCollector collector;
  auto done = log.replay([&](const wire::Segment& segment, const Digest&) -> Result<bool> {
    for (const wire::Record& record : segment.records)
      if (collector.add(record)) DCDN_CHECK(visit(collector.entry()));
    return true;
  });
  if (!done) return done.error();
  return {};
}

}  // namespace dcdn::store
