#include "store/receive_index.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <map>
#include <utility>
#include <vector>

#include "base/byte_reader.hpp"
#include "base/byte_writer.hpp"
#include "base/text.hpp"
#include "store/tree_access.hpp"
#include "wire/manifest.hpp"
#include "wire/path_order.hpp"

namespace dcdn::store {

namespace {

constexpr std::string_view kMagic = "dcdn receive index 1\n";
constexpr std::size_t kPieceBytes = std::size_t{256} << 10;
constexpr std::size_t kMostItemBytes = wire::kMaxPathBytes + 128;
constexpr std::size_t kDigestBytes = 32;
// The digest of all before it, and a byte that may change by itself: the turn.
constexpr std::size_t kEndBytes = kDigestBytes + 1;
constexpr std::uint64_t kMostSize = wire::kMaxObjectBytes;

// Of an item's first byte. An entry's is its kind and these.
constexpr std::uint8_t kKindBits = 0x07;
constexpr std::uint8_t kUnsure = 0x08;
constexpr std::uint8_t kFormer = 0x10;
constexpr std::uint8_t kLink = 0x20;
constexpr std::uint8_t kChunk = 0x40;
constexpr std::uint8_t kHole = 0x41;
constexpr std::uint8_t kWhole = 0x42;

std::uint64_t zigzag(std::uint64_t value, std::uint64_t before) {
  const auto distance = static_cast<std::int64_t>(value - before);
  return (static_cast<std::uint64_t>(distance) << 1) ^ static_cast<std::uint64_t>(distance >> 63);
}
std::uint64_t unzigzag(std::uint64_t coded, std::uint64_t before) {
  return before + ((coded >> 1) ^ (~(coded & 1) + 1));
}

std::size_t shared_start(std::string_view one, std::string_view other) {
  const std::size_t most = std::min(one.size(), other.size());
  std::size_t same = 0;
  while (same < most && one[same] == other[same]) ++same;
  return same;
}

}  // namespace

Result<IndexWriter> IndexWriter::create(const std::string& path, const IndexHead& head) {
  NewFileRules rules;
  rules.replace = true;
  rules.secret = true;
  DCDN_TRY(NewFile file, NewFile::create(path, rules));
  IndexWriter made(std::move(file), path);
  ByteWriter writer(made.waiting_);
  writer.raw(as_bytes(kMagic));
  writer.raw(head.object.view());
  made.turn_ = static_cast<std::uint8_t>(head.turn);
  return made;
}

void IndexWriter::add_entry(const IndexedEntry& entry) {
  ByteWriter writer(waiting_);
  const std::size_t shared = shared_start(entry.path, last_.path);
  writer.fixed(static_cast<std::uint8_t>(static_cast<std::uint8_t>(entry.looks.kind) |
                                         (entry.unsure ? kUnsure : 0) | (entry.former ? kFormer : 0) |
                                         (entry.link ? kLink : 0)));
  writer.varint(shared);
  writer.text(std::string_view(entry.path).substr(shared));
  if (entry.looks.kind == LooksKind::directory) {
    last_.path = entry.path;
    return;
  }
  writer.varint(entry.looks.size);
  writer.fixed(static_cast<std::uint64_t>(entry.looks.mtime_ns));
  writer.varint(zigzag(static_cast<std::uint64_t>(entry.looks.ctime_ns),
                       static_cast<std::uint64_t>(last_.looks.ctime_ns)));
  writer.varint(zigzag(entry.looks.inode, last_.looks.inode));
  last_ = entry;
}

Result<void> IndexWriter::add(const IndexItem& item) {
  ByteWriter writer(waiting_);
  if (const auto* entry = std::get_if<IndexedEntry>(&item)) {
    add_entry(*entry);
  } else if (const auto* chunk = std::get_if<IndexedChunk>(&item)) {
    writer.fixed(kChunk);
    writer.varint(chunk->size);
    writer.raw(chunk->content.view());
  } else if (const auto* hole = std::get_if<IndexedHole>(&item)) {
    writer.fixed(kHole);
    writer.varint(hole->size);
  } else {
    writer.fixed(kWhole);
    writer.raw(std::get<IndexedWhole>(item).content.view());
  }
  return waiting_.size() < kPieceBytes ? Result<void>() : flush();
}

Result<void> IndexWriter::flush() {
  bytes_ += waiting_.size();
  if (bytes_ > kMaxIndexBytes) return Error(Errc::limit, escape_for_display(path_) + ": becomes too long");
  hasher_.update(waiting_);
  DCDN_CHECK(write_all(file_.fd(), waiting_, escape_for_display(path_)));
  waiting_.clear();
  return {};
}

Result<void> IndexWriter::finish() {
  DCDN_CHECK(flush());
  const Digest digest = hasher_.digest();
  Bytes end(digest.bytes.begin(), digest.bytes.end());
  end.push_back(turn_);
  DCDN_CHECK(write_all(file_.fd(), end, escape_for_display(path_)));
  return file_.finish();
}

void prune_indexes(const std::string& folder, std::uint64_t most) {
  const UniqueFd opened(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  const auto names = opened.valid() ? list_names(opened.get(), escape_for_display(folder))
                                    : Result<std::vector<std::string>>(std::vector<std::string>());
  std::multimap<std::int64_t, std::pair<std::string, std::uint64_t>> by_time;
  std::uint64_t sum = 0;
  for (const std::string& name : names ? *names : std::vector<std::string>()) {
    const FileLooks looks = looks_at(opened.get(), name);
    if (!name.ends_with(kIndexEnding) || looks.kind != LooksKind::file) continue;
    by_time.emplace(looks.mtime_ns, std::pair(name, looks.size));
    sum += looks.size;
  }
  for (const auto& [time, index] : by_time) {
    if (sum <= most) return;
    ::unlinkat(opened.get(), index.first.c_str(), 0);
    sum -= index.second;
  }
}

void advance_turn(const std::string& path) {
  const UniqueFd fd(::open(path.c_str(), O_RDWR | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  struct stat info {};
  if (!fd.valid() || ::fstat(fd.get(), &info) != 0 || info.st_size == 0) return;
  const auto at = static_cast<std::uint64_t>(info.st_size) - 1;
  Bytes turn(1);
  const auto got = read_full_at(fd.get(), turn, at, "index");
  if (!got || *got != 1) return;
  turn[0] = static_cast<std::uint8_t>((turn[0] + 1u) % kIndexTurns);
  (void)write_all_at(fd.get(), turn, at, "index").has_value();  // then the same part is read once more
}

std::optional<IndexReader> IndexReader::open(const std::string& path) {
  IndexReader reader;
  reader.fd_.reset(::open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  if (!reader.fd_.valid() || !reader.check()) return std::nullopt;
  return reader;
}

// All of it once, so that nothing is believed of one that does not go on to its end.
bool IndexReader::check() {
  struct stat info {};
  constexpr std::uint64_t kLeast = kMagic.size() + kDigestBytes + kEndBytes;
  if (::fstat(fd_.get(), &info) != 0 || !S_ISREG(info.st_mode)) return false;
  const auto size = static_cast<std::uint64_t>(info.st_size);
  if (size < kLeast || size > kMaxIndexBytes + kEndBytes) return false;
  end_ = size - kEndBytes;
  digest::Hasher hasher;
  Bytes piece(kPieceBytes);
  for (std::uint64_t at = 0; at < end_;) {
    const auto want = static_cast<std::size_t>(std::min<std::uint64_t>(piece.size(), end_ - at));
    const auto got = read_full_at(fd_.get(), MutableByteView(piece).first(want), at, "index");
    if (!got || *got != want) return false;
    hasher.update(ByteView(piece).first(want));
    at += want;
  }
  Bytes stated(kEndBytes);
  const auto got = read_full_at(fd_.get(), stated, end_, "index");
  head_.turn = stated.back() % kIndexTurns;
  stated.resize(kDigestBytes);
  if (!got || *got != kEndBytes || Digest::copy_of(stated) != hasher.digest() || !fill()) return false;
  ByteReader reader(window_);
  const bool known = reader.raw(kMagic.size()).size() == kMagic.size() &&
                     as_text(ByteView(window_).first(kMagic.size())) == kMagic;
  head_.object = reader.name32<Digest>();
  used_ = reader.position();
  return known && reader.ok();
}

// False: it cannot be read any more.
bool IndexReader::fill() {
  window_.erase(window_.begin(), window_.begin() + static_cast<std::ptrdiff_t>(used_));
  used_ = 0;
  const std::size_t before = window_.size();
  const auto want = static_cast<std::size_t>(std::min<std::uint64_t>(kPieceBytes, end_ - at_));
  window_.resize(before + want);
  const auto got = read_full_at(fd_.get(), MutableByteView(window_).subspan(before), at_, "index");
  at_ += want;
  return got && *got == want;
}

std::optional<IndexItem> IndexReader::next() {
  if (!intact_) return std::nullopt;
  if (window_.size() - used_ < kMostItemBytes && at_ < end_) intact_ = fill();
  const ByteView left = ByteView(window_).subspan(used_);
  if (!intact_ || left.empty()) return std::nullopt;
  std::size_t used = 0;
  auto item = parse(left, used);
  intact_ = item.has_value();
  used_ += used;
  return item;
}

std::optional<IndexItem> IndexReader::parse(ByteView bytes, std::size_t& used) {
  ByteReader reader(bytes);
  const auto first = reader.fixed<std::uint8_t>();
  IndexItem item;
  if (first == kChunk) {
    const std::uint64_t size = reader.varint();
    item = IndexedChunk{static_cast<std::uint32_t>(std::min<std::uint64_t>(size, UINT32_MAX)),
                        reader.name32<Digest>()};
  } else if (first == kHole) {
    item = IndexedHole{std::min(reader.varint(), kMostSize)};
  } else if (first == kWhole) {
    item = IndexedWhole{reader.name32<Digest>()};
  } else {
    IndexedEntry entry;
    const auto kind = static_cast<LooksKind>(first & kKindBits);
    const bool known = kind == LooksKind::file || kind == LooksKind::directory || kind == LooksKind::symlink;
    const std::uint64_t shared = reader.varint();
    const std::string_view rest = reader.text(wire::kMaxPathBytes);
    if (!known || (first & ~(kKindBits | kUnsure | kFormer | kLink)) != 0 || shared > last_.path.size())
      return std::nullopt;
    entry.path = last_.path.substr(0, shared) + std::string(rest);
    entry.unsure = (first & kUnsure) != 0;
    entry.former = (first & kFormer) != 0;
    entry.link = (first & kLink) != 0;
    entry.looks.kind = kind;
    if (kind == LooksKind::directory) {
      const FileLooks looks = last_.looks;
      last_ = entry;
      last_.looks = looks;
    } else {
      entry.looks.size = reader.varint();
      entry.looks.mtime_ns = static_cast<std::int64_t>(reader.fixed<std::uint64_t>());
      entry.looks.ctime_ns = static_cast<std::int64_t>(
          unzigzag(reader.varint(), static_cast<std::uint64_t>(last_.looks.ctime_ns)));
      entry.looks.inode = unzigzag(reader.varint(), last_.looks.inode);
      last_ = entry;
    }
    // A path that leads anywhere else must never be followed: things are removed by it.
    if (!entry.path.empty() && !wire::check_path(entry.path)) return std::nullopt;
    item = std::move(entry);
  }
  used = reader.position();
  return reader.ok() ? std::optional(std::move(item)) : std::nullopt;
}

bool has_former(const std::string& path) {
  auto reader = IndexReader::open(path);
  while (const auto item = reader ? reader->next() : std::nullopt)
    if (const auto* entry = std::get_if<IndexedEntry>(&*item); entry != nullptr && entry->former) return true;
  return false;
}

}  // namespace dcdn::store
