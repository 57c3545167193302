// FrameReader on anything: no crash, every byte accounted for, and the same reading however the input is
// split.
//
// Input: one byte of switches, one byte of push size, then the stream. Checks are 64 and 32 bits wide, so a
// fuzzer never finds them by chance; the switches make them right wherever the magic stands.
#include <algorithm>
#include <cstdlib>

#include "base/checksum.hpp"
#include "wire/frame_reader.hpp"

namespace {

using namespace dcdn;
using namespace dcdn::wire;

enum Switch : std::uint8_t { kRightHeaders = 1, kRightBodies = 2, kShortLengths = 4 };

void require(bool holds) {
  if (!holds) std::abort();
}

void put(Bytes& bytes, std::size_t at, std::uint64_t value, std::size_t size) {
  for (std::size_t i = 0; i < size; ++i) bytes[at + i] = static_cast<std::uint8_t>(value >> (8 * i));
}

std::size_t claimed(const Bytes& stream, std::size_t at) {
  return stream[at + 8] | (stream[at + 9] << 8) | (static_cast<std::size_t>(stream[at + 10]) << 16) |
         (static_cast<std::size_t>(stream[at + 11]) << 24);
}

// From the back, because making an inner frame right changes what an outer body check covers.
void make_right(Bytes& stream, std::uint8_t switches) {
  for (std::size_t at = stream.size(); at-- > 0;) {
    if (stream.size() - at < kHeaderBytes || !FrameReader::looks_like_stream(ByteView(stream).subspan(at)))
      continue;
    if ((switches & kShortLengths) != 0) put(stream, at + 9, 0, 3);
    const std::size_t body = claimed(stream, at);
    const std::size_t left = stream.size() - at - kHeaderBytes;
    if ((switches & kRightBodies) != 0 && body <= left)
      put(stream, at + 12, xxh3_64(ByteView(stream).subspan(at + kHeaderBytes, body)), 4);
    if ((switches & kRightHeaders) != 0) put(stream, at + 16, xxh3_64(ByteView(stream).subspan(at, 16)), 8);
  }
}

struct Reading {
  std::vector<std::pair<FrameType, Bytes>> frames;
  std::vector<Damage> damage;
  std::optional<Errc> error;
  bool operator==(const Reading&) const = default;
};

bool drain(FrameReader& reader, Reading& reading) {
  while (true) {
    auto step = reader.next();
    if (!step) {
      reading.error = step.error().code;
      return false;
    }
    if (std::holds_alternative<NeedInput>(*step)) return true;
    if (const auto* damage = std::get_if<Damage>(&*step)) {
      reading.damage.push_back(*damage);
      continue;
    }
    const Frame& frame = std::get<Frame>(*step);
    require(frame.body.size() <= body_limit(frame.type));
    const ByteView body = frame.body.view();
    reading.frames.emplace_back(frame.type, Bytes(body.begin(), body.end()));
  }
}

Reading read_all(ByteView input, OnDamage on_damage, std::size_t step) {
  BufferPool pool(1u << 20);
  FrameReader reader(on_damage, pool);
  Reading reading;
  for (std::size_t at = 0; at < input.size(); at += step) {
    reader.push(input.subspan(at, std::min(step, input.size() - at)));
    if (!drain(reader, reading)) return reading;
    require(reader.pending_bytes() <= kHeaderBytes + kMaxBody);
  }
  auto end = reader.finish();
  if (!end) {
    reading.error = end.error().code;
    return reading;
  }
  if (*end) reading.damage.push_back(**end);
  drain(reader, reading);
  return reading;
}

// In recover mode every byte of the input is in a frame or in a gap, in order, and the gaps do not touch.
void check_accounts(const Reading& reading, std::size_t size) {
  std::uint64_t bytes = 0, end_of_gap = 0;
  for (const auto& [type, body] : reading.frames) bytes += kHeaderBytes + body.size();
  for (const Damage& gap : reading.damage) {
    require(gap.bytes > 0 && (gap.offset > end_of_gap || (gap.offset == 0 && end_of_gap == 0)));
    end_of_gap = gap.offset + gap.bytes;
    bytes += gap.bytes;
  }
  require(bytes == size && end_of_gap <= size);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  Bytes stream(data + 2, data + size);
  make_right(stream, data[0]);
  const std::size_t step = 1 + data[1] % 61;
  const std::size_t whole = std::max<std::size_t>(stream.size(), 1);
  const Reading recovered = read_all(stream, OnDamage::recover, whole);
  require(recovered == read_all(stream, OnDamage::recover, step));
  if (!recovered.error) check_accounts(recovered, stream.size());
  const Reading strict = read_all(stream, OnDamage::strict, whole);
  require(strict == read_all(stream, OnDamage::strict, step));
  require(strict.damage.empty() && strict.frames.size() <= recovered.frames.size());
  require(std::equal(strict.frames.begin(), strict.frames.end(), recovered.frames.begin()));
  require(strict.error.has_value() == (recovered.error.has_value() || !recovered.damage.empty()));
  return 0;
}
