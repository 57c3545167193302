// Checking an object that is all here, and delivering it.
#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>

#include "base/text.hpp"
#include "digest/hasher.hpp"
#include "store/part_impl.hpp"
#include "store/settler.hpp"

namespace dcdn::store {

namespace {

constexpr std::size_t kReadBytes = std::size_t{1} << 20;
// Up to so many files are fsynced one by one; beyond, one sync of the file system costs less.
constexpr std::uint64_t kFewFiles = 16;

// Regions that the manifest says are zero become holes again: an earlier chain may have left bytes there.
Result<void> punch_holes(int fd, const WholeEntry& entry, const std::string& what) {
  for (const Region& region : entry.regions) {
    if (!region.hole) continue;
    const auto offset = static_cast<off_t>(region.offset);
    if (::fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, offset,
                    static_cast<off_t>(region.size)) == 0)
      continue;
    if (errno != EOPNOTSUPP && errno != ENOSYS) return errno_error(errno, what + ": make a hole");
    Bytes piece(kReadBytes);
    for (std::uint64_t at = 0; at < region.size; at += piece.size()) {
      piece.resize(std::min<std::uint64_t>(piece.size(), region.size - at));
      DCDN_TRY(const std::size_t got, read_full_at(fd, piece, region.offset + at, what));
      if (digest::is_all_zero(ByteView(piece).first(got))) continue;
      std::fill(piece.begin(), piece.end(), std::uint8_t{0});
      DCDN_CHECK(write_all_at(fd, ByteView(piece).first(got), region.offset + at, what));
    }
  }
  return {};
}

Result<Digest> digest_of(int fd, const WholeEntry& entry, const std::string& what) {
  digest::Hasher hasher;
  Bytes piece(kReadBytes);
  for (const Region& region : entry.regions) {
    if (region.hole) {
      hasher.update_zeros(region.size);
      continue;
    }
    for (std::uint64_t at = 0; at < region.size;) {
      const auto want = static_cast<std::size_t>(std::min<std::uint64_t>(piece.size(), region.size - at));
      DCDN_TRY(const std::size_t got,
               read_full_at(fd, MutableByteView(piece).first(want), region.offset + at, what));
      if (got == 0) return hasher.digest();  // shorter than it should be: the digest will be wrong
      hasher.update(ByteView(piece).first(got));
      at += got;
    }
  }
  return hasher.digest();
}

}  // namespace

Result<bool> PartObject::Impl::is_right(const WholeEntry& entry) {
  if (entry.begin.kind != wire::EntryKind::file) return true;
  const bool verified = chain.is_verified(entry.file) ||
                        (entry.is_one_chunk() && entry.first_chunk_content == entry.end.content) ||
                        (entry.end.size == 0 && entry.end.content == digest::blake3({}));
  if (verified && !entry.has_holes()) return true;
  const std::string path = options.kind == wire::ObjectKind::tree ? entry.begin.path : kSingleFileName;
  const std::string shown = files->tree().display(path);
  DCDN_TRY(const UniqueFd fd, open_staged(files->tree(), path, Missing::make));
  if (entry.has_holes() && ::ftruncate(fd.get(), static_cast<off_t>(entry.end.size)) != 0)
    return errno_error(errno, shown + ": set length");
  DCDN_CHECK(punch_holes(fd.get(), entry, shown));
  if (verified) return true;
  DCDN_TRY(const Digest digest, digest_of(fd.get(), entry, shown));
  return digest == entry.end.content;
}

Result<void> PartObject::Impl::verify() {
  std::string first_wrong;
  const auto check = [&](const WholeEntry& entry) -> Result<void> {
    DCDN_TRY(const bool right, is_right(entry));
    if (right) return {};
    if (first_wrong.empty())
      first_wrong = entry.begin.path.empty() ? options.name : options.name + "/" + entry.begin.path;
    if (entry.chunks == 0) return {};
    return map->set(entry.first_chunk, entry.chunks, Have::missing);
  };
  DCDN_CHECK(for_each_entry(*log, check));
  if (first_wrong.empty()) return {};
  DCDN_CHECK(or_over(load()));
  return Error(Errc::corrupt,
               escape_for_display(first_wrong) + ": does not have the digest its sender signed")
      .with_hint("send again: its chunks are asked for once more");
}

Result<void> PartObject::Impl::settle() {
  const bool few = chain.files() <= kFewFiles;
  Settler settler(files->tree(), options, options.fsync && few);
  auto done = for_each_entry(*log, [&](const WholeEntry& entry) { return settler.settle(entry); });
  if (done) done = settler.settle_directories();
  bool sync_failed = settler.sync_failed();
  if (done && options.fsync && !few && ::syncfs(files->tree().fd()) != 0) {
    sync_failed = true;
    done = errno_error(errno, display() + ": syncfs");
  }
  if (sync_failed) return forget_unsynced(done.error());
  settled = done.has_value();
  knows_top = settler.knows_top();
  return done;
}

Delivered PartObject::Impl::delivered_as(const std::string& name) const {
  return {chain.object_id(), chain.segments_done(), chain.bytes_done(), chain.plan(),
          dir->path() + "/" + name};
}

Result<std::string> PartObject::Impl::give_names(const BeforeNaming& before_naming) {
  // The note comes before the name: when it is found and nothing is staged, the name has been given.
  const auto note = [&](const std::string& name) -> Result<void> {
    DCDN_CHECK(
        write_note(slot_fd.get(), kDeliverNote, current_boot_id() + name, escape_for_display(slot_path())));
    return before_naming ? before_naming(delivered_as(name)) : Result<void>();
  };
  const auto given = publish(staged(), options.collision, note);
  if (!given && given.error().code != Errc::nothing) return given.error();
  DCDN_CHECK(tidy_up());
  if (!given) return given.error();
  return dir->path() + "/" + *given;
}

Result<void> PartObject::Impl::tidy_up() {
  if (options.fsync) DCDN_CHECK(sync_folder(dir->out_fd(), escape_for_display(dir->path())));
  over = true;
  // It is delivered, whatever becomes of what is left: the next that opens the slot finds the note and tidies
  // up.
  (void)remove_slots().has_value();
  return {};
}

}  // namespace dcdn::store
