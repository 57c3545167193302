#include "store/basis_files.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <iterator>
#include <ranges>
#include <utility>

#include "digest/hasher.hpp"

namespace dcdn::store {

namespace {

constexpr std::size_t kMostCandidates = 200'000;  // older files that are looked through for moved ones
constexpr std::size_t kMostChunkSizes = 4;        // by which the files of one length are hashed
constexpr std::size_t kMostNear = 32;  // files of about the same length whose first chunk is looked at
constexpr std::size_t kMostDepth = wire::kMaxDepth;
constexpr int kRead = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;

struct stat status_of(int fd) {
  struct stat info {};
  if (::fstat(fd, &info) != 0) info = {};
  return info;
}

std::uint64_t length_of(int fd) {
  const struct stat info = status_of(fd);
  return S_ISREG(info.st_mode) ? static_cast<std::uint64_t>(info.st_size) : 0;
}

std::string name_in(const std::string& path) {
  return path.substr(path.rfind('/') + 1);
}

}  // namespace

void BasisFiles::add(int parent, const std::string& name) {
  add_fd(UniqueFd(::openat(parent, name.c_str(), kRead | O_NOFOLLOW)));
}

void BasisFiles::add_path(const std::string& path, const std::string& name) {
  UniqueFd fd(::open(path.c_str(), kRead));
  if (!fd.valid()) return;
  const bool inside = S_ISDIR(status_of(fd.get()).st_mode) &&
                      add_fd(UniqueFd(::openat(fd.get(), name.c_str(), kRead | O_NOFOLLOW)));
  if (!inside) add_fd(std::move(fd));
}

bool BasisFiles::add_fd(UniqueFd fd) {
  if (!fd.valid()) return false;
  const struct stat info = status_of(fd.get());
  const bool tree = kind_ == wire::ObjectKind::tree;
  if (tree ? !S_ISDIR(info.st_mode) : !S_ISREG(info.st_mode)) return false;
  Root root;
  if (tree) {
    root.tree = std::make_unique<TreeRoot>(std::move(fd), "older version");
  } else {
    root.fd = std::move(fd);
  }
  roots_.push_back(std::move(root));
  return true;
}

std::uint64_t BasisFiles::bytes() const {
  std::uint64_t sum = 0;
  for (const Root& root : roots_) {
    if (!root.tree) sum += length_of(root.fd.get());
    if (const auto below = root.tree ? tree_bytes(root.tree->fd(), "older version") : std::uint64_t{0})
      sum += *below;
  }
  return sum;
}

UniqueFd BasisFiles::open_in(Root& root, const std::string& path) {
  if (!root.tree) return UniqueFd(::fcntl(root.fd.get(), F_DUPFD_CLOEXEC, 0));
  const auto place = root.tree->find(path, Missing::fail);
  if (!place) return {};
  UniqueFd fd(::openat(place->parent, place->leaf.c_str(), kRead | O_NOFOLLOW));
  if (fd.valid() && !S_ISREG(status_of(fd.get()).st_mode)) fd.reset();
  return fd;
}

std::optional<UniqueFd> BasisFiles::open(const std::string& path) {
  for (Root& root : roots_)
    if (UniqueFd fd = open_in(root, path); fd.valid()) return fd;
  const auto moved = moved_.find(path);
  if (moved == moved_.end()) return std::nullopt;
  UniqueFd fd = open_in(roots_[moved->second->root], moved->second->path);
  return fd.valid() ? std::optional(std::move(fd)) : std::nullopt;
}

std::optional<UniqueFd> BasisFiles::open_like(const ChunkSpot& spot) {
  if (auto fd = open(spot.path)) return fd;
  if (kind_ != wire::ObjectKind::tree) return std::nullopt;
  const Candidate* named = find_named(spot);
  if (named == nullptr) return std::nullopt;
  moved_[spot.path] = named;
  return open(spot.path);
}

OlderContent BasisFiles::like(const ChunkSpot& spot) {
  OlderContent content;
  const auto add = [&](const ChunkSpot& file) {
    const auto fd = open_like(file);
    const std::uint64_t bytes = fd ? length_of(fd->get()) : 0;
    if (bytes > 0) content.add(file.path, bytes);
  };
  if (spot.pack.empty()) add(spot);
  for (const PackedFile& file : spot.pack) add({file.path, file.size, 0});
  return content;
}

Result<void> OlderContent::read(BasisFiles& files, std::uint64_t offset, MutableByteView into) {
  for (std::size_t i = 0; i < parts_.size() && !into.empty(); ++i) {
    const Part& part = parts_[i];
    if (offset >= part.bytes) {
      offset -= part.bytes;
      continue;
    }
    if (!open_fd_.valid() || open_part_ != i) {
      auto fd = files.open(part.path);
      if (!fd) return Error(Errc::changed, "the older version is gone");
      open_fd_ = *std::move(fd);
      open_part_ = i;
    }
    const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(part.bytes - offset, into.size()));
    DCDN_TRY(const std::size_t got, read_full_at(open_fd_.get(), into.first(size), offset, "older version"));
    if (got < size) return Error(Errc::changed, "the older version is shorter than it was");
    into = into.subspan(size);
    offset = 0;
  }
  return into.empty() ? Result<void>() : Error(Errc::changed, "the older version is shorter than it was");
}

std::optional<Buffer> BasisFiles::read_from(const UniqueFd& fd, std::uint64_t offset,
                                            const wire::ChunkRecord& record) {
  Buffer content = Buffer::allocate(record.content_size);
  const auto got = read_full_at(fd.get(), content.writable(), offset, "older version");
  if (got && *got == content.size() && digest::blake3(content.view()) == record.content) return content;
  return std::nullopt;
}

// Entries come one after another, so one file's older versions are open at a time.
void BasisFiles::turn_to(const std::string& path) {
  if (current_ == path) return;
  current_ = path;
  open_.clear();
  searched_ = false;
  for (Root& root : roots_)
    if (UniqueFd fd = open_in(root, path); fd.valid()) open_.push_back(std::move(fd));
  const auto moved = moved_.find(path);
  if (moved == moved_.end()) return;
  if (UniqueFd fd = open_in(roots_[moved->second->root], moved->second->path); fd.valid())
    open_.push_back(std::move(fd));
}

std::optional<Buffer> BasisFiles::find(const ChunkSpot& spot, const wire::ChunkRecord& record) {
  if (roots_.empty()) return std::nullopt;
  turn_to(spot.path);
  for (const UniqueFd& fd : open_)
    if (auto content = read_from(fd, spot.offset, record)) return content;
  if (kind_ != wire::ObjectKind::tree || spot.file_bytes == 0) return std::nullopt;
  const Candidate* other =
      spot.offset == 0 ? find_elsewhere(spot, record) : find_by_later_chunk(spot, record);
  if (other == nullptr) return std::nullopt;
  UniqueFd fd = open_in(roots_[other->root], other->path);
  if (!fd.valid()) return std::nullopt;
  moved_[spot.path] = other;  // the file's other chunks are looked for there, too
  auto content = read_from(fd, spot.offset, record);
  open_.push_back(std::move(fd));
  return content;
}

bool BasisFiles::read_whole(Root& root, const PackedFile& file, MutableByteView into) {
  UniqueFd fd = open_in(root, file.path);
  if (!fd.valid()) {
    const Candidate* named = find_named({file.path, file.size, 0});
    if (named == nullptr || named->bytes != file.size) return false;
    fd = open_in(roots_[named->root], named->path);
  }
  if (!fd.valid() || length_of(fd.get()) != file.size) return false;
  const auto got = read_full_at(fd.get(), into, 0, "older version");
  return got && *got == into.size();
}

std::optional<Buffer> BasisFiles::find(const PackedFiles& pack, const wire::ChunkRecord& record) {
  if (kind_ != wire::ObjectKind::tree) return std::nullopt;
  for (Root& root : roots_) {
    Buffer content = Buffer::allocate(record.content_size);
    MutableByteView rest = content.writable();
    const bool here = std::ranges::all_of(pack, [&](const PackedFile& file) {
      const MutableByteView into = rest.first(file.size);
      rest = rest.subspan(file.size);
      return read_whole(root, file, into);
    });
    if (here && digest::blake3(content.view()) == record.content) return content;
  }
  return std::nullopt;
}

const BasisFiles::Candidate* BasisFiles::find_elsewhere(const ChunkSpot& spot,
                                                        const wire::ChunkRecord& first) {
  if (const Candidate* moved = find_moved(spot.file_bytes, first)) return moved;
  if (!open_.empty()) return nullptr;  // it has an older version, which has been edited
  if (const Candidate* named = find_named(spot)) return named;
  return spot.file_bytes > first.content_size ? find_near(spot.file_bytes, first) : nullptr;
}

std::optional<Digest> BasisFiles::start_of(const Candidate& candidate, std::size_t bytes) {
  const UniqueFd fd = open_in(roots_[candidate.root], candidate.path);
  Bytes start(bytes);
  const auto got = read_full_at(fd.get(), start, 0, "older version");
  return got && *got == bytes ? std::optional(digest::blake3(start)) : std::nullopt;
}

const BasisFiles::Candidate* BasisFiles::find_moved(std::uint64_t file_bytes,
                                                    const wire::ChunkRecord& first) {
  list_candidates();
  const auto found = by_length_.find(file_bytes);
  if (found == by_length_.end()) return nullptr;
  SameLength& same = found->second;
  auto start = same.by_start.find(first.content_size);
  if (start == same.by_start.end()) {
    if (same.by_start.size() == kMostChunkSizes) return nullptr;
    start = same.by_start.try_emplace(first.content_size).first;
    for (const Candidate* candidate : same.files)
      if (const auto digest = start_of(*candidate, first.content_size))
        start->second.emplace(*digest, candidate);
  }
  const auto match = start->second.find(first.content);
  return match == start->second.end() ? nullptr : match->second;
}

const BasisFiles::Candidate* BasisFiles::find_named(const ChunkSpot& spot) {
  list_candidates();
  const auto found = by_name_.find(name_in(spot.path));
  if (found == by_name_.end()) return nullptr;
  // By length: there may be as many of one name as files are asked for.
  const std::vector<const Candidate*>& named = found->second;
  const auto above = std::ranges::lower_bound(named, spot.file_bytes, {}, &Candidate::bytes);
  if (above == named.begin()) return *above;
  const std::uint64_t below = (*std::prev(above))->bytes;
  if (above != named.end() && (*above)->bytes - spot.file_bytes <= spot.file_bytes - below) return *above;
  return *std::ranges::lower_bound(named, below, {}, &Candidate::bytes);
}

// Its first chunk was not asked for: it is here already, out of another file.
const BasisFiles::Candidate* BasisFiles::find_by_later_chunk(const ChunkSpot& spot,
                                                             const wire::ChunkRecord& record) {
  if (!open_.empty() || std::exchange(searched_, true)) return nullptr;
  list_candidates();
  const auto found = by_length_.find(spot.file_bytes);
  if (found == by_length_.end()) return nullptr;
  for (const Candidate* candidate : found->second.files | std::views::take(kMostNear))
    if (read_from(open_in(roots_[candidate->root], candidate->path), spot.offset, record)) return candidate;
  return nullptr;
}

// Those of its length were looked at already.
const BasisFiles::Candidate* BasisFiles::find_near(std::uint64_t file_bytes, const wire::ChunkRecord& first) {
  list_candidates();
  auto above = by_length_.upper_bound(file_bytes);
  auto below = by_length_.lower_bound(file_bytes);
  for (std::size_t tried = 0; tried < kMostNear;) {
    const bool can_rise = above != by_length_.end() && above->first / 2 <= file_bytes;
    const bool can_fall = below != by_length_.begin() && std::prev(below)->first >= file_bytes / 2;
    if (!can_rise && !can_fall) return nullptr;
    const bool rise =
        can_rise && (!can_fall || above->first - file_bytes <= file_bytes - std::prev(below)->first);
    const SameLength& next = rise ? (above++)->second : (--below)->second;
    for (const Candidate* candidate : next.files) {
      if (start_of(*candidate, first.content_size) == first.content) return candidate;
      if (++tried == kMostNear) break;
    }
  }
  return nullptr;
}

void BasisFiles::list_candidates() {
  if (std::exchange(listed_, true)) return;
  for (std::size_t i = 0; i < roots_.size(); ++i)
    if (roots_[i].tree) list_below(static_cast<std::uint32_t>(i), roots_[i].tree->fd(), "");
  for (auto& [name, files] : by_name_) std::ranges::stable_sort(files, {}, &Candidate::bytes);
}

void BasisFiles::list_below(std::uint32_t root, int directory, const std::string& path) {
  auto names = list_names(directory, "older version");
  if (!names) return;
  std::ranges::sort(*names);  // so that of equals it is always the same one
  for (const std::string& name : *names) {
    struct stat info {};
    if (::fstatat(directory, name.c_str(), &info, AT_SYMLINK_NOFOLLOW) != 0) continue;
    const std::string below = path.empty() ? name : path + "/" + name;
    if (S_ISREG(info.st_mode) && info.st_size > 0 && candidates_.size() < kMostCandidates) {
      const auto bytes = static_cast<std::uint64_t>(info.st_size);
      candidates_.push_back({root, below, bytes});
      by_length_[bytes].files.push_back(&candidates_.back());
      by_name_[name].push_back(&candidates_.back());
    } else if (S_ISDIR(info.st_mode) &&
               static_cast<std::size_t>(std::ranges::count(below, '/')) < kMostDepth) {
      const UniqueFd inside(::openat(directory, name.c_str(), kRead | O_DIRECTORY | O_NOFOLLOW));
      if (inside.valid()) list_below(root, inside.get(), below);
    }
  }
}

}  // namespace dcdn::store
