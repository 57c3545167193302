#include "store/in_place.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace dcdn::store {

namespace {

constexpr int kRead = O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;
constexpr std::size_t kCompareBytes = std::size_t{256} << 10;

FileLooks looks_of_open(int fd) {
  struct stat info {};
  return ::fstat(fd, &info) == 0 ? looks_of(info) : FileLooks();
}

bool has_bytes(int fd, std::uint64_t offset, ByteView content, const std::string& what) {
  Bytes piece(std::min(content.size(), kCompareBytes));
  while (!content.empty()) {
    const std::size_t size = std::min(content.size(), piece.size());
    const auto got = read_full_at(fd, MutableByteView(piece).first(size), offset, what);
    if (!got || *got != size ||
        !std::equal(piece.begin(), piece.begin() + static_cast<std::ptrdiff_t>(size), content.begin()))
      return false;
    content = content.subspan(size);
    offset += size;
  }
  return true;
}

}  // namespace

Result<UniqueFd> InPlace::open(const std::string& path) {
  DCDN_TRY(const FolderPath::Place place, folder_.find(path));
  UniqueFd fd(::openat(place.parent, place.leaf.c_str(), kRead));
  if (!fd.valid()) return errno_error(errno, folder_.display(path) + ": open");
  if (looks_of_open(fd.get()).kind != LooksKind::file)
    return Error(Errc::io, folder_.display(path) + ": is no file");
  return fd;
}

FileLooks InPlace::look(const std::string& path) {
  const auto place = folder_.find(path);
  return place ? looks_at(place->parent, place->leaf) : FileLooks();
}

Result<bool> InPlace::keeps(const PieceOfFile& piece, ByteView content) {
  const NotedLooks noted = looks_.get(piece.entry);
  const auto differs = [&]() -> Result<bool> {
    if (piece.whole && noted.looks.kind != LooksKind::none) DCDN_CHECK(looks_.set(piece.entry, {}));
    return false;
  };
  const FileLooks named = look(piece.path);
  if (named.kind != LooksKind::file || named.size < piece.offset + content.size()) return differs();
  if (piece.whole && named.size != content.size()) return differs();
  // Of a file that somebody changed since its first piece was compared, no piece counts.
  if (!piece.whole && noted.in_place() && noted.looks != named) return false;
  if (open_path_ != piece.path || !open_fd_.valid() || looks_of_open(open_fd_.get()) != named) {
    auto opened = open(piece.path);
    if (!opened) return differs();
    open_fd_ = *std::move(opened);
    open_path_ = piece.path;
  }
  if (looks_of_open(open_fd_.get()) != named) return differs();
  if (!has_bytes(open_fd_.get(), piece.offset, content, piece.path)) return differs();
  if (looks_of_open(open_fd_.get()) != named) return differs();
  maybe_unsynced_ = true;
  if (!noted.in_place() || noted.looks != named) DCDN_CHECK(looks_.set(piece.entry, {named}));
  return true;
}

bool InPlace::is_untouched(std::uint64_t entry, const std::string& path) {
  const NotedLooks noted = looks_.get(entry);
  return noted.in_place() && look(path) == noted.looks;
}

Result<void> InPlace::read(const PieceOfFile& piece, MutableByteView into) {
  if (open_path_ != piece.path || !open_fd_.valid()) {
    DCDN_TRY(open_fd_, open(piece.path));
    open_path_ = piece.path;
  }
  DCDN_TRY(const std::size_t got,
           read_full_at(open_fd_.get(), into, piece.offset, folder_.display(piece.path)));
  if (got == into.size()) return {};
  return Error(Errc::corrupt, folder_.display(piece.path) + ": is shorter than it was");
}

}  // namespace dcdn::store
