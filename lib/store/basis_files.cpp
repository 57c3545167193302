#include "store/basis_files.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>

#include "digest/hasher.hpp"

namespace dcdn::store {

namespace {

constexpr std::size_t kMostCandidates = 200'000;  // older files that are looked through for moved ones
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
  return std::nullopt;
}

std::optional<Buffer> BasisFiles::read_from(const UniqueFd& fd, std::uint64_t offset,
                                            const wire::ChunkRecord& record) {
  Buffer content = Buffer::allocate(record.content_size);
  const auto got = read_full_at(fd.get(), content.writable(), offset, "older version");
  if (got && *got == content.size() && blake3(content.view()) == record.content) return content;
  return std::nullopt;
}

// Entries come one after another, so one file's older versions are open at a time.
void BasisFiles::turn_to(const std::string& path) {
  if (current_ == path) return;
  current_ = path;
  open_.clear();
  for (Root& root : roots_)
    if (UniqueFd fd = open_in(root, path); fd.valid()) open_.push_back(std::move(fd));
  const auto moved = moved_.find(path);
  if (moved == moved_.end()) return;
  if (UniqueFd fd = open_in(roots_[moved->second.root], moved->second.path); fd.valid())
    open_.push_back(std::move(fd));
}

std::optional<Buffer> BasisFiles::find(const ChunkSpot& spot, const wire::ChunkRecord& record) {
  if (roots_.empty()) return std::nullopt;
  turn_to(spot.path);
  for (const UniqueFd& fd : open_)
    if (auto content = read_from(fd, spot.offset, record)) return content;
  const bool may_be_moved = kind_ == wire::ObjectKind::tree && spot.offset == 0 && spot.file_bytes > 0;
  if (!may_be_moved) return std::nullopt;
  const Candidate* moved = find_moved(spot.file_bytes, record);
  if (moved == nullptr) return std::nullopt;
  UniqueFd fd = open_in(roots_[moved->root], moved->path);
  auto content = read_from(fd, 0, record);
  if (!content) return std::nullopt;
  moved_.emplace(spot.path, *moved);  // the file's other chunks are looked for there, too
  open_.push_back(std::move(fd));
  return content;
}

const BasisFiles::Candidate* BasisFiles::find_moved(std::uint64_t file_bytes,
                                                    const wire::ChunkRecord& first) {
  if (!listed_) list_candidates();
  const auto found = by_length_.find(file_bytes);
  if (found == by_length_.end()) return nullptr;
  SameLength& same = found->second;
  // Chunks of another size than before: the sender changed its mind on the way; then they stay unfound.
  if (same.first_bytes == 0) same.first_bytes = first.content_size;
  if (same.first_bytes != first.content_size) return nullptr;
  for (; !same.unhashed.empty(); same.unhashed.pop_back()) {
    Candidate& candidate = same.unhashed.back();
    const UniqueFd fd = open_in(roots_[candidate.root], candidate.path);
    Bytes start(first.content_size);
    const auto got = read_full_at(fd.get(), start, 0, "older version");
    if (got && *got == start.size()) same.hashed.emplace(blake3(start), std::move(candidate));
  }
  const auto match = same.hashed.find(first.content);
  return match == same.hashed.end() ? nullptr : &match->second;
}

void BasisFiles::list_candidates() {
  listed_ = true;
  for (std::size_t i = 0; i < roots_.size(); ++i)
    if (roots_[i].tree) list_below(static_cast<std::uint32_t>(i), roots_[i].tree->fd(), "");
}

void BasisFiles::list_below(std::uint32_t root, int directory, const std::string& path) {
  const auto names = list_names(directory, "older version");
  if (!names) return;
  for (const std::string& name : *names) {
    struct stat info {};
    if (::fstatat(directory, name.c_str(), &info, AT_SYMLINK_NOFOLLOW) != 0) continue;
    const std::string below = path.empty() ? name : path + "/" + name;
    if (S_ISREG(info.st_mode) && info.st_size > 0 && candidates_ < kMostCandidates) {
      ++candidates_;
      by_length_[static_cast<std::uint64_t>(info.st_size)].unhashed.push_back({root, below});
    } else if (S_ISDIR(info.st_mode) &&
               static_cast<std::size_t>(std::ranges::count(below, '/')) < kMostDepth) {
      const UniqueFd inside(::openat(directory, name.c_str(), kRead | O_DIRECTORY | O_NOFOLLOW));
      if (inside.valid()) list_below(root, inside.get(), below);
    }
  }
}

}  // namespace dcdn::store
