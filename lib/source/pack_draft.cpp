#include "source/pack_draft.hpp"

#include <algorithm>
#include <cstring>
#include <iterator>
#include <utility>

#include "base/checksum.hpp"

namespace dcdn::source {

namespace {

constexpr std::uint32_t kMostMeant = 1u << 20;
// Small files are mostly text, of which a third or less travels: so a pack takes about as long as a chunk.
constexpr std::uint32_t kRatio = 4;
// A pack goes into one segment, which has room for a few beside each other, and its files are made together.
constexpr std::uint64_t kMostEntries = 2048;
constexpr std::uint64_t kMostNameBytes = 192u << 10;

}  // namespace

std::uint32_t pack_limit(std::uint32_t chunk_bytes) {
  return std::min(chunk_bytes, kMostMeant);
}

PackBorder::PackBorder(std::uint32_t chunk_bytes)
    : meant_(static_cast<std::uint32_t>(
          std::min<std::uint64_t>(std::uint64_t{chunk_bytes} * kRatio, kMostMeant))) {}

// Whatever there is most of: the limits of entries and names are reached where that of the content is.
std::uint64_t PackBorder::weight_of(std::size_t name_bytes, std::uint64_t bytes) const {
  const std::uint64_t most = 2 * std::uint64_t{meant_};
  return std::max({bytes, most / kMostEntries, most * name_bytes / kMostNameBytes});
}

bool PackBorder::is_before(std::size_t name_bytes, std::uint64_t bytes) const {
  return weight_ + weight_of(name_bytes, bytes) > 2 * std::uint64_t{meant_};
}

bool PackBorder::add_file(const std::string& path, std::uint64_t bytes, std::size_t extras_bytes) {
  const std::size_t name_bytes = path.size() + extras_bytes;
  const std::uint64_t weight = weight_of(name_bytes, bytes);
  if (add_entry(name_bytes, bytes)) return true;
  if (weight_ < meant_ / 4) return false;
  // Half of what is meant has one such path on the average, however large its files are.
  const std::uint64_t here = xxh3_64(as_bytes(path)) & 0xFFFFFFFF;
  return here * (meant_ / 2) < weight << 32;
}

bool PackBorder::add_entry(std::size_t name_bytes, std::uint64_t bytes) {
  weight_ += weight_of(name_bytes, bytes);
  return weight_ >= 2 * std::uint64_t{meant_};
}

MutableByteView PackDraft::room(std::size_t bytes) {
  if (content_.size() < used_ + bytes) content_.resize(std::max(used_ + bytes, 2 * content_.size()));
  return MutableByteView(content_).subspan(used_, bytes);
}

bool PackDraft::add_file(wire::EntryBegin begin, const KnownPiece* known) {
  return add(std::move(begin), known);
}

bool PackDraft::add_unread(wire::EntryBegin begin, const KnownPiece& known) {
  unread_.push_back({begin.path, 0, begin.size.value_or(0), static_cast<std::uint32_t>(used_)});
  return add(std::move(begin), &known);
}

bool PackDraft::add(wire::EntryBegin begin, const KnownPiece* known) {
  const std::uint64_t bytes = begin.size.value_or(0);
  const bool same_chunk = known != nullptr && known->chunk && (!chunk_ || *chunk_ == *known->chunk);
  matches_ = matches_ && same_chunk && known->chunk_offset == used_;
  if (matches_) {
    chunk_ = known->chunk;
    parts_.push_back({begin.path, 0, bytes, static_cast<std::uint32_t>(used_)});
  }
  used_ += static_cast<std::size_t>(bytes);
  const bool ends = border_.add_file(begin.path, bytes, begin.extras.size());
  pack_.records.emplace_back(std::move(begin));
  if (pack_.chunk_at == 0) pack_.chunk_at = pack_.records.size();
  pack_.records.emplace_back(wire::EntryEnd{bytes, std::nullopt});
  return ends;
}

MutableByteView PackDraft::content() {
  if (content_.size() < used_) content_.resize(used_);
  return MutableByteView(content_).first(used_);
}

bool PackDraft::add_entry(std::vector<wire::Record> records, std::size_t name_bytes) {
  std::move(records.begin(), records.end(), std::back_inserter(pack_.records));
  return border_.add_entry(name_bytes);
}

Pack PackDraft::finish(std::size_t headroom, BufferPool& pool) {
  if (is_known()) pack_.known = KnownContent{*chunk_, std::move(parts_)};
  if (pack_.known && !unread_.empty()) return std::move(pack_);
  pack_.content = pool.take(headroom + used_).part(headroom, used_);
  std::memcpy(pack_.content.writable().data(), content().data(), used_);
  return std::move(pack_);
}

}  // namespace dcdn::source
