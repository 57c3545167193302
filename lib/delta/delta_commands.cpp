#include "delta/delta_commands.hpp"

#include <algorithm>
#include <bit>

namespace dcdn::delta {

namespace {

constexpr std::uint32_t kMagic = 0x72730236;
constexpr std::size_t kMagicBytes = 4;
constexpr std::uint8_t kEnd = 0x00;
constexpr std::uint8_t kShortLiterals = 0x40;  // 01 to 40: a literal of that many bytes
constexpr std::uint8_t kLiterals = 0x41;       // 41 to 44: with a length of 1, 2, 4, 8 bytes
constexpr std::uint8_t kCopies = 0x45;         // 45 to 54: offset of 1, 2, 4, 8 bytes, by length of as many
constexpr std::uint8_t kLastCopy = 0x54;
constexpr std::size_t kLiteralCut = 32u << 10;
constexpr std::size_t kGiveBytes = 256u << 10;
constexpr std::uint64_t kMostBytes = std::uint64_t{1} << 63;
constexpr std::array<std::uint8_t, 8> kTrailerMagic{'d', 'c', 'd', 'n', ' ', 'd', '1', '\n'};
constexpr std::size_t kTrailerBytes = kTrailerMagic.size() + 8 + 32;

// 0 to 3: the number takes 1, 2, 4 or 8 bytes.
std::uint8_t width_of(std::uint64_t number) {
  return number < 0x100 ? 0 : number < 0x10000 ? 1 : number < 0x100000000 ? 2 : 3;
}
void put(Bytes& out, std::uint64_t number, std::size_t bytes) {
  for (std::size_t i = bytes; i-- > 0;) out.push_back(static_cast<std::uint8_t>(number >> (i * 8)));
}

}  // namespace

DeltaWriter::DeltaWriter(TakeBytes take) : take_(std::move(take)) {
  put(out_, kMagic, kMagicBytes);
}

Result<void> DeltaWriter::give() {
  bytes_ += out_.size();
  auto taken = take_(out_);
  out_.clear();
  return taken;
}

Result<void> DeltaWriter::give_if_full() {
  return out_.size() < kGiveBytes ? Result<void>() : give();
}

Result<void> DeltaWriter::copy(std::uint64_t offset, std::uint64_t size) {
  DCDN_CHECK(end_literal());
  if (copy_size_ > 0 && copy_offset_ + copy_size_ == offset) {
    copy_size_ += size;
    return {};
  }
  DCDN_CHECK(end_copy());
  copy_offset_ = offset;
  copy_size_ = size;
  return {};
}

Result<void> DeltaWriter::literal(ByteView bytes) {
  if (bytes.empty()) return {};
  DCDN_CHECK(end_copy());
  while (!bytes.empty()) {
    const std::size_t step = std::min(kLiteralCut - literal_.size(), bytes.size());
    literal_.insert(literal_.end(), bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(step));
    bytes = bytes.subspan(step);
    if (literal_.size() == kLiteralCut) DCDN_CHECK(end_literal());
  }
  return {};
}

Result<void> DeltaWriter::end_copy() {
  if (copy_size_ == 0) return {};
  const std::uint8_t offset_width = width_of(copy_offset_);
  const std::uint8_t size_width = width_of(copy_size_);
  out_.push_back(static_cast<std::uint8_t>(kCopies + 4 * offset_width + size_width));
  put(out_, copy_offset_, std::size_t{1} << offset_width);
  put(out_, copy_size_, std::size_t{1} << size_width);
  ++counts_.copies;
  counts_.copied_bytes += copy_size_;
  copy_size_ = 0;
  return give_if_full();
}

Result<void> DeltaWriter::end_literal() {
  if (literal_.empty()) return {};
  if (literal_.size() <= kShortLiterals) {
    out_.push_back(static_cast<std::uint8_t>(literal_.size()));
  } else {
    const std::uint8_t width = width_of(literal_.size());
    out_.push_back(static_cast<std::uint8_t>(kLiterals + width));
    put(out_, literal_.size(), std::size_t{1} << width);
  }
  out_.insert(out_.end(), literal_.begin(), literal_.end());
  ++counts_.literals;
  counts_.literal_bytes += literal_.size();
  literal_.clear();
  return give_if_full();
}

Result<void> DeltaWriter::end(const std::optional<DeltaTrailer>& trailer) {
  DCDN_CHECK(end_copy());
  DCDN_CHECK(end_literal());
  out_.push_back(kEnd);
  if (trailer) {
    out_.insert(out_.end(), kTrailerMagic.begin(), kTrailerMagic.end());
    put(out_, trailer->target_bytes, 8);
    out_.insert(out_.end(), trailer->target.bytes.begin(), trailer->target.bytes.end());
  }
  return give();
}

void DeltaReader::push(ByteView bytes) {
  held_.erase(held_.begin(), held_.begin() + static_cast<std::ptrdiff_t>(at_));
  at_ = 0;
  held_.insert(held_.end(), bytes.begin(), bytes.end());
}

Result<DeltaStep> DeltaReader::need() const {
  if (!finished_) return DeltaStep(MoreStep{});
  if (!started_) return Error(Errc::corrupt, "not a delta");
  return Error(Errc::incomplete, "the delta ends before its last command: it was cut off");
}

std::uint64_t DeltaReader::number(std::size_t at, std::size_t size) const {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < size; ++i) value = value << 8 | held_[at_ + at + i];
  return value;
}

Result<DeltaStep> DeltaReader::next() {
  if (!started_) {
    if (held_.size() - at_ < kMagicBytes) return need();
    if (number(0, kMagicBytes) != kMagic) return Error(Errc::corrupt, "not a delta");
    started_ = true;
    at_ += kMagicBytes;
  }
  if (ended_) return end();
  if (literal_left_ > 0) return literal_bytes();
  return command();
}

Result<DeltaStep> DeltaReader::command() {
  if (at_ == held_.size()) return need();
  const std::uint8_t code = held_[at_];
  if (code == kEnd) {
    ended_ = true;
    ++at_;
    return end();
  }
  if (code > kLastCopy)
    return Error(Errc::corrupt, "unknown command " + std::to_string(code) + " in the delta");
  const auto has = [&](std::size_t bytes) { return held_.size() - at_ >= bytes; };
  if (code < kCopies) {
    const std::size_t width = code < kLiterals ? 0 : std::size_t{1} << (code - kLiterals);
    if (!has(1 + width)) return need();
    literal_left_ = width == 0 ? code : number(1, width);
    if (literal_left_ == 0 || literal_left_ > kMostBytes)
      return Error(Errc::corrupt, "a literal of impossible length in the delta");
    at_ += 1 + width;
    return literal_bytes();
  }
  const std::size_t offset_width = std::size_t{1} << ((code - kCopies) / 4);
  const std::size_t size_width = std::size_t{1} << ((code - kCopies) % 4);
  if (!has(1 + offset_width + size_width)) return need();
  const CopyStep copy{number(1, offset_width), number(1 + offset_width, size_width)};
  if (copy.size == 0 || copy.size > kMostBytes || copy.offset > kMostBytes - copy.size)
    return Error(Errc::corrupt, "a copy of impossible length in the delta");
  at_ += 1 + offset_width + size_width;
  return DeltaStep(copy);
}

Result<DeltaStep> DeltaReader::literal_bytes() {
  const std::size_t step =
      static_cast<std::size_t>(std::min<std::uint64_t>(literal_left_, held_.size() - at_));
  if (step == 0) return need();
  const ByteView bytes = ByteView(held_).subspan(at_, step);
  literal_left_ -= step;
  at_ += step;
  return DeltaStep(LiteralStep{bytes});
}

Result<DeltaStep> DeltaReader::end() {
  const std::size_t left = held_.size() - at_;
  if (left <= kTrailerBytes && !finished_) return DeltaStep(MoreStep{});
  if (left == 0) return DeltaStep(EndStep{});
  const auto rest = held_.begin() + static_cast<std::ptrdiff_t>(at_);
  // A damaged trailer must not pass for none: then nobody would check the outcome.
  if (left != kTrailerBytes || !std::equal(kTrailerMagic.begin(), kTrailerMagic.end(), rest))
    return Error(Errc::corrupt, "bytes that mean nothing after the delta's last command");
  DeltaTrailer trailer;
  trailer.target_bytes = number(kTrailerMagic.size(), 8);
  trailer.target = Digest::copy_of(ByteView(held_).subspan(at_ + kTrailerMagic.size() + 8, 32));
  return DeltaStep(EndStep{trailer});
}

}  // namespace dcdn::delta
