#include "wire/frame.hpp"

#include <algorithm>
#include <concepts>

#include "base/checksum.hpp"

namespace dcdn::wire {

namespace {

std::uint32_t body_check_of(std::initializer_list<ByteView> parts) {
  return static_cast<std::uint32_t>(xxh3_64(parts));
}

template <std::unsigned_integral T>
void put(std::array<std::uint8_t, kHeaderBytes>& header, std::size_t at, T value) {
  for (std::size_t i = 0; i < sizeof(T); ++i) header[at + i] = static_cast<std::uint8_t>(value >> (8 * i));
}

}  // namespace

std::size_t body_limit(FrameType type) {
  switch (type) {
    case FrameType::chunk:
    case FrameType::repair_shard:
    case FrameType::delta:
    case FrameType::encrypted_chunk:
    case FrameType::difference:
      return kMaxBody;
    case FrameType::segment:
    case FrameType::stat:
      return kMaxSegmentBody;
    default:
      return kMaxSmallBody;
  }
}

std::array<std::uint8_t, kHeaderBytes> frame_header(FrameType type, std::initializer_list<ByteView> parts) {
  std::size_t body_bytes = 0;
  for (ByteView part : parts) body_bytes += part.size();
  std::array<std::uint8_t, kHeaderBytes> header{};
  std::copy(kMagic.begin(), kMagic.end(), header.begin());
  header[4] = kVersion;
  header[5] = static_cast<std::uint8_t>(type);
  put(header, 8, static_cast<std::uint32_t>(body_bytes));
  put(header, 12, body_check_of(parts));
  put(header, 16, xxh3_64(ByteView(header).first(16)));
  return header;
}

void append_frame(Bytes& out, FrameType type, ByteView body) {
  const auto header = frame_header(type, {body});
  out.insert(out.end(), header.begin(), header.end());
  out.insert(out.end(), body.begin(), body.end());
}

Bytes make_frame(FrameType type, ByteView body) {
  Bytes out;
  out.reserve(kHeaderBytes + body.size());
  append_frame(out, type, body);
  return out;
}

}  // namespace dcdn::wire
