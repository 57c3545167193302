#include "delta/signature.hpp"

#include <algorithm>
#include <bit>
#include <cmath>

namespace dcdn::delta {

namespace {

constexpr std::uint32_t kMostBlocks = 1u << 30;
constexpr std::uint32_t kLeastChosenBlock = 256;
constexpr std::uint32_t kMostChosenBlock = 64u << 10;
constexpr std::uint32_t kBlockOfUnknown = 2048;
constexpr std::uint32_t kFilterBits = 32;  // for each block
constexpr int kMostProbes = 4096;  // chance makes a hundredth of that; an enemy could stop us for minutes
constexpr std::size_t kWeakBytes = 4;

struct Magic {
  std::uint32_t number;
  WeakKind weak;
  StrongKind strong;
};
constexpr Magic kMagics[] = {{0x72730136, WeakKind::rollsum, StrongKind::md4},
                             {0x72730137, WeakKind::rollsum, StrongKind::blake2},
                             {0x72730146, WeakKind::rabin_karp, StrongKind::md4},
                             {0x72730147, WeakKind::rabin_karp, StrongKind::blake2}};

void put_u32(Bytes& out, std::uint32_t value) {
  for (int shift = 24; shift >= 0; shift -= 8) out.push_back(static_cast<std::uint8_t>(value >> shift));
}
std::uint32_t get_u32(const std::uint8_t* at) {
  return static_cast<std::uint32_t>(at[0]) << 24 | static_cast<std::uint32_t>(at[1]) << 16 |
         static_cast<std::uint32_t>(at[2]) << 8 | at[3];
}

}  // namespace

std::uint32_t choose_block_bytes(std::optional<std::uint64_t> file_bytes) {
  if (!file_bytes) return kBlockOfUnknown;
  const double edits = std::sqrt(static_cast<double>(*file_bytes)) / 32;
  return std::max(block_bytes_for_edits(*file_bytes, static_cast<std::uint64_t>(edits)),
                  4 * choose_fine_block_bytes(*file_bytes));
}

std::uint32_t choose_fine_block_bytes(std::uint64_t file_bytes) {
  std::uint64_t block = kLeastChosenBlock / 4;
  while (block < kMostChosenBlock / 4 && block * 2 * 32 * block * 2 * 32 <= file_bytes) block *= 2;
  return static_cast<std::uint32_t>(block);
}

std::uint32_t block_bytes_for_edits(std::uint64_t file_bytes, std::uint64_t edits) {
  const double square =
      8.0 * static_cast<double>(file_bytes) / static_cast<double>(std::max<std::uint64_t>(edits, 1));
  std::uint32_t block = kLeastChosenBlock;
  while (block < kMostChosenBlock && 4.0 * block * block <= square) block *= 2;
  return block;
}

namespace {

// Every byte of the new file meets every block of the old one, and the weak sum takes 32 bits off.
std::uint32_t strong_bytes_for(std::uint64_t file_bytes, std::uint32_t block_bytes, int spare_bits) {
  const int bits = static_cast<int>(std::bit_width(file_bytes) + std::bit_width(file_bytes / block_bytes)) +
                   spare_bits - 32;
  return static_cast<std::uint32_t>(std::clamp((bits + 7) / 8, 2, static_cast<int>(kUsualStrongBytes)));
}

}  // namespace

std::uint32_t compact_strong_bytes(std::uint64_t file_bytes, std::uint32_t block_bytes) {
  return strong_bytes_for(file_bytes, block_bytes, 12);
}

std::uint32_t least_strong_bytes(std::uint64_t file_bytes, std::uint32_t block_bytes) {
  return strong_bytes_for(file_bytes, block_bytes, 4);
}

Bytes encode_signature_header(const SignatureShape& shape) {
  Bytes out;
  for (const Magic& magic : kMagics)
    if (magic.weak == shape.weak && magic.strong == shape.strong) put_u32(out, magic.number);
  put_u32(out, shape.block_bytes);
  put_u32(out, shape.strong_bytes);
  return out;
}

Result<SignatureShape> parse_signature_header(ByteView bytes) {
  const Error foreign(Errc::corrupt, "not a signature");
  if (bytes.size() < kSignatureHeader) return foreign;
  const auto* magic = std::ranges::find(kMagics, get_u32(bytes.data()), &Magic::number);
  if (magic == std::end(kMagics)) return foreign;
  const SignatureShape shape{magic->weak, magic->strong, get_u32(bytes.data() + 4),
                             get_u32(bytes.data() + 8)};
  if (shape.block_bytes == 0 || shape.block_bytes > kMostBlockBytes)
    return Error(Errc::corrupt, "blocks of " + std::to_string(shape.block_bytes) + " bytes in a signature");
  if (shape.strong_bytes == 0 || shape.strong_bytes > strong_size(shape.strong))
    return Error(Errc::corrupt, "sums of " + std::to_string(shape.strong_bytes) + " bytes in a signature");
  return shape;
}

void sign_blocks(const SignatureShape& shape, ByteView content, Bytes& out) {
  std::size_t at = 0;
  while (at < content.size()) {
    const std::uint8_t* blocks[kStrongLanes];
    StrongSum sums[kStrongLanes];
    const std::size_t whole = (content.size() - at) / shape.block_bytes;
    const std::size_t count = std::clamp<std::size_t>(whole, 1, kStrongLanes);
    const std::size_t size = whole == 0 ? content.size() - at : shape.block_bytes;
    for (std::size_t i = 0; i < count; ++i) blocks[i] = content.data() + at + i * size;
    strong_sums(shape.strong, blocks, count, size, sums);
    for (std::size_t i = 0; i < count; ++i) {
      put_u32(out, weak_sum(shape.weak, ByteView(blocks[i], size)));
      out.insert(out.end(), sums[i].begin(), sums[i].begin() + shape.strong_bytes);
    }
    at += count * size;
  }
}

Result<SignatureTable> SignatureTable::make(Bytes bytes) {
  SignatureTable table;
  DCDN_TRY(table.shape_, parse_signature_header(bytes));
  const std::size_t entry = kWeakBytes + table.shape_.strong_bytes;
  const std::size_t size = bytes.size() - kSignatureHeader;
  if (size % entry != 0) return Error(Errc::corrupt, "the signature ends inside a block's sums");
  if (size / entry > kMostBlocks) return Error(Errc::limit, "a signature of more than 2^30 blocks");
  table.blocks_ = static_cast<std::uint32_t>(size / entry);
  table.bytes_ = std::move(bytes);
  if (!table.index()) return Error(Errc::corrupt, "a signature whose sums were made to collide");
  return table;
}

std::uint32_t SignatureTable::weak_of(std::uint32_t block) const {
  const std::size_t entry = kWeakBytes + shape_.strong_bytes;
  return get_u32(bytes_.data() + kSignatureHeader + block * entry);
}

ByteView SignatureTable::strong_of(std::uint32_t block) const {
  const std::size_t entry = kWeakBytes + shape_.strong_bytes;
  return {bytes_.data() + kSignatureHeader + block * entry + kWeakBytes, shape_.strong_bytes};
}

std::size_t SignatureTable::slot_of(std::uint32_t weak, ByteView strong) const {
  std::uint64_t key = weak;
  std::memcpy(&key, strong.data(), std::min(strong.size(), sizeof key));
  key = (key ^ static_cast<std::uint64_t>(weak) << 32) * 0x9e3779b97f4a7c15;
  return static_cast<std::size_t>(key >> 20) & mask_;
}

bool SignatureTable::remember_weak(std::uint32_t block) {
  const std::uint32_t weak = weak_of(block);
  const std::uint32_t bit = weak * kSpread >> filter_shift_;
  filter_[bit / 64] |= std::uint64_t{1} << (bit % 64);
  std::size_t slot = weak_slot_of(weak);
  for (int probes = 0; by_weak_[slot] != 0; slot = (slot + 1) & mask_) {
    if (weak_of(by_weak_[slot] - 1) == weak) return true;
    if (++probes > kMostProbes) return false;
  }
  by_weak_[slot] = block + 1;
  return true;
}

bool SignatureTable::index() {
  const std::size_t slots = std::bit_ceil(std::max<std::size_t>(std::size_t{2} * blocks_, 16));
  mask_ = slots - 1;
  weak_shift_ = 32 - std::countr_zero(slots);
  by_weak_.assign(slots, 0);
  by_both_.assign(slots, 0);
  first_like_.resize(blocks_);
  const std::uint64_t bits = std::bit_ceil(
      std::clamp<std::uint64_t>(std::uint64_t{kFilterBits} * blocks_, 1u << 16, std::uint64_t{1} << 31));
  filter_.assign(bits / 64, 0);
  filter_shift_ = 32 - std::countr_zero(bits);
  for (std::uint32_t block = 0; block < blocks_; ++block) {
    std::size_t slot = slot_of(weak_of(block), strong_of(block));
    const auto same = [&](std::uint32_t other) {
      return weak_of(other) == weak_of(block) && std::ranges::equal(strong_of(other), strong_of(block));
    };
    for (int probes = 0; by_both_[slot] != 0 && !same(by_both_[slot] - 1); slot = (slot + 1) & mask_)
      if (++probes > kMostProbes) return false;
    if (by_both_[slot] == 0) {
      by_both_[slot] = block + 1;
      if (!remember_weak(block)) return false;
    }
    first_like_[block] = by_both_[slot] - 1;
  }
  return true;
}

bool SignatureTable::has_weak(std::uint32_t weak) const {
  if (!may_have(weak)) return false;
  for (std::size_t slot = weak_slot_of(weak); by_weak_[slot] != 0; slot = (slot + 1) & mask_)
    if (weak_of(by_weak_[slot] - 1) == weak) return true;
  return false;
}

std::optional<std::uint32_t> SignatureTable::find(std::uint32_t weak, const StrongSum& strong) const {
  const ByteView wanted = ByteView(strong).first(shape_.strong_bytes);
  for (std::size_t slot = slot_of(weak, wanted); by_both_[slot] != 0; slot = (slot + 1) & mask_) {
    const std::uint32_t block = by_both_[slot] - 1;
    if (weak_of(block) == weak && std::ranges::equal(strong_of(block), wanted)) return block;
  }
  return std::nullopt;
}

}  // namespace dcdn::delta
