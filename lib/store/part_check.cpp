// Checking an object that is all here: each file against its digest, a slice at a time.
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "base/text.hpp"
#include "digest/hasher.hpp"
#include "store/part_impl.hpp"

namespace dcdn::store {

namespace {

constexpr std::size_t kReadBytes = std::size_t{1} << 20;
constexpr std::uint64_t kEntryCost = 4096;  // of a slice, to open a file

// error interrupted: it is time to give up.
using Stop = std::function<Result<void>()>;

// Bytes that an earlier chain left where a hole is due, on a file system that cannot make holes. Only what is
// there is looked at: a hole may be longer than any disk.
Result<void> write_zeros(int fd, const Region& hole, const Stop& stop, const std::string& what) {
  const std::uint64_t end = hole.offset + hole.size;
  Bytes piece(kReadBytes);
  for (std::uint64_t at = hole.offset; at < end;) {
    const off_t data = ::lseek(fd, static_cast<off_t>(at), SEEK_DATA);
    if (data < 0 && errno == ENXIO) return {};
    at = data < 0 ? at : static_cast<std::uint64_t>(data);
    if (at >= end) return {};
    DCDN_CHECK(stop());
    piece.resize(std::min<std::uint64_t>(kReadBytes, end - at));
    DCDN_TRY(const std::size_t got, read_full_at(fd, piece, at, what));
    if (got == 0) return {};
    if (!digest::is_all_zero(ByteView(piece).first(got))) {
      std::fill(piece.begin(), piece.end(), std::uint8_t{0});
      DCDN_CHECK(write_all_at(fd, ByteView(piece).first(got), at, what));
    }
    at += got;
  }
  return {};
}

// Regions that the manifest says are zero become holes again.
Result<void> punch_holes(int fd, const WholeEntry& entry, const Stop& stop, const std::string& what) {
  for (const Region& region : entry.regions) {
    if (!region.hole) continue;
    if (::fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, static_cast<off_t>(region.offset),
                    static_cast<off_t>(region.size)) == 0)
      continue;
    if (errno != EOPNOTSUPP && errno != ENOSYS) return errno_error(errno, what + ": make a hole");
    DCDN_CHECK(write_zeros(fd, region, stop, what));
  }
  return {};
}

// Hashes about `bytes` of a file's data. True: all of it is hashed, or it is shorter than it should be, and
// the digest will be wrong.
Result<bool> hash_some(CheckedFile& file, std::uint64_t& bytes, const Stop& stop) {
  Bytes piece(kReadBytes);
  while (file.region < file.entry.regions.size()) {
    const Region& region = file.entry.regions[file.region];
    if (region.hole || file.at == region.size) {
      ++file.region;
      file.at = 0;
      continue;
    }
    if (bytes == 0) return false;
    DCDN_CHECK(stop());
    const auto want = static_cast<std::size_t>(std::min<std::uint64_t>(piece.size(), region.size - file.at));
    DCDN_TRY(const std::size_t got, read_full_at(file.fd.get(), MutableByteView(piece).first(want),
                                                 region.offset + file.at, file.shown));
    if (got == 0) return true;
    file.hasher.update(ByteView(piece).first(got));
    file.at += got;
    bytes -= std::min<std::uint64_t>(bytes, got);
  }
  return true;
}

}  // namespace

Result<bool> PartObject::Impl::check_some(std::uint64_t bytes) {
  const Stop stop = [this] { return options.stopped() ? Result<void>(stopped_error()) : Result<void>(); };
  if (checked) return true;
  if (!check) begin_check();
  while (bytes > 0) {
    if (check->file) {
      DCDN_TRY(const bool done, hash_some(*check->file, bytes, stop));
      if (!done) break;
      const CheckedFile file = *std::exchange(check->file, std::nullopt);
      DCDN_CHECK(judge(file.entry, file.hasher.digest() == file.entry.end.content));
      continue;
    }
    DCDN_TRY(const WholeEntry* entry, check->entries.next());
    if (entry == nullptr) return end_check();
    DCDN_TRY(const std::uint64_t taken, begin_check(*entry));
    bytes -= std::min(bytes, taken);
  }
  return false;
}

void PartObject::Impl::begin_check() {
  check = std::make_unique<PartCheck>(*log);
  if (laid_over && laid_over->index) {
    if (auto reader = IndexReader::open(options.index_path))
      check->index.emplace(*std::move(reader), laid_over->place);
  }
}

Result<std::uint64_t> PartObject::Impl::begin_check(const WholeEntry& entry) {
  if (entry.begin.kind != wire::EntryKind::file || entry.left_out) return std::uint64_t{0};
  if (!entry.end.content) return check_packed(entry);
  DCDN_TRY(const Whereabouts where, find_file(entry));
  if (where == Whereabouts::changed) {
    check->changed_here = check->changed_here || check->first_wrong.empty();
    DCDN_CHECK(judge(entry, false));
    return kEntryCost;
  }
  const bool verified =
      where != Whereabouts::gathered &&
      (chain.is_verified(entry.file) || (entry.chunks == 0 && entry.end.content == digest::blake3({})));
  if (where == Whereabouts::in_place)
    return verified ? Result<std::uint64_t>(0) : begin_check_in_place(entry);
  if (verified && !entry.has_holes()) return std::uint64_t{0};
  const Stop stop = [this] { return options.stopped() ? Result<void>(stopped_error()) : Result<void>(); };
  const std::string path = options.kind == wire::ObjectKind::tree ? entry.begin.path : kSingleFileName;
  const std::string shown = files->tree().display(path);
  DCDN_TRY(UniqueFd fd, open_staged(files->tree(), path, Missing::make));
  if (entry.has_holes() && ::ftruncate(fd.get(), static_cast<off_t>(entry.end.size)) != 0)
    return errno_error(errno, shown + ": set length");
  DCDN_CHECK(punch_holes(fd.get(), entry, stop, shown));
  if (verified) return std::uint64_t{0};
  return begin_reading(entry, std::move(fd), shown);
}

std::uint64_t PartObject::Impl::begin_reading(const WholeEntry& entry, UniqueFd fd,
                                              const std::string& shown) {
  check->file.emplace();
  check->file->entry = entry;
  check->file->fd = std::move(fd);
  check->file->shown = shown;
  return kEntryCost;
}

Result<std::uint64_t> PartObject::Impl::begin_check_in_place(const WholeEntry& entry) {
  if (check->index && check->index->whole(entry.begin.path) == entry.end.content) return std::uint64_t{0};
  DCDN_TRY(UniqueFd fd, laid_over->place.open(entry.begin.path));
  return begin_reading(entry, std::move(fd), laid_over->place.folder().display(entry.begin.path));
}

// A pack that another process wrote is hashed as it came: one of its small files after another.
Result<std::uint64_t> PartObject::Impl::check_packed(const WholeEntry& entry) {
  if (entry.chunks == 1) {
    DCDN_CHECK(judge_pack());
    if (!chain.is_verified(entry.file)) check->pack = CheckedPack{entry, {}};
  }
  if (!check->pack) return std::uint64_t{0};
  if (options.stopped()) return stopped_error();
  const std::string shown = files->tree().display(entry.begin.path);
  DCDN_TRY(const UniqueFd fd, open_part(entry));
  Bytes content(static_cast<std::size_t>(entry.end.size));
  DCDN_TRY(const std::size_t got, read_full_at(fd.get(), content, 0, shown));
  check->pack->hasher.update(ByteView(content).first(got));
  return kEntryCost + entry.end.size;
}

Result<void> PartObject::Impl::judge_pack() {
  if (!check->pack) return {};
  const CheckedPack pack = *std::exchange(check->pack, std::nullopt);
  return judge(pack.first, pack.hasher.digest() == pack.first.first_chunk_content);
}

Result<void> PartObject::Impl::judge(const WholeEntry& entry, bool right) {
  if (right) return {};
  if (check->first_wrong.empty())
    check->first_wrong = entry.begin.path.empty() ? options.name : options.name + "/" + entry.begin.path;
  return entry.chunks == 0 ? Result<void>() : map->set(entry.first_chunk, entry.chunks, Have::missing);
}

Result<bool> PartObject::Impl::end_check() {
  DCDN_CHECK(judge_pack());
  const std::unique_ptr<PartCheck> done = std::exchange(check, nullptr);
  const std::string& wrong = done->first_wrong;
  checked = wrong.empty();
  if (checked) return true;
  DCDN_CHECK(or_over(load()));
  if (done->changed_here) return changed_error(escape_for_display(dir->path() + "/" + wrong));
  return Error(Errc::corrupt, escape_for_display(wrong) + ": does not have the digest its sender signed")
      .with_hint("send again: its chunks are asked for once more");
}

}  // namespace dcdn::store
