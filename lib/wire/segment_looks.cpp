#include "wire/segment_looks.hpp"

#include <fmt/format.h>

#include <utility>

#include "base/byte_reader.hpp"
#include "base/byte_writer.hpp"
#include "wire/manifest.hpp"
#include "wire/zigzag.hpp"

namespace dcdn::wire {

namespace {

constexpr std::uint8_t kFormat = 1;
constexpr std::uint8_t kRacy = 1;
constexpr std::uint32_t kSecondNs = 1'000'000'000;

}  // namespace

Bytes encode(const SegmentLooks& looks) {
  Bytes body;
  ByteWriter out(body);
  out.fixed(kFormat);
  out.fixed(looks.zstd);
  out.raw(looks.segment.view());
  out.varint(looks.files.size());
  std::uint64_t inode = 0;
  for (const FileLook& file : looks.files)
    out.varint(zigzag(static_cast<std::int64_t>(file.inode - std::exchange(inode, file.inode))));
  std::uint64_t seconds = 0;
  for (const FileLook& file : looks.files) {
    const auto now = static_cast<std::uint64_t>(file.changed_s);
    out.varint(zigzag(static_cast<std::int64_t>(now - std::exchange(seconds, now))));
  }
  for (const FileLook& file : looks.files) out.fixed(file.changed_ns);
  for (const FileLook& file : looks.files) out.fixed<std::uint8_t>(file.racy ? kRacy : 0);
  return body;
}

Result<SegmentLooks> parse_looks(ByteView body) {
  const auto corrupt = [](const char* what) { return Error(Errc::corrupt, what).during("looks of files"); };
  ByteReader in(body);
  const auto format = in.fixed<std::uint8_t>();
  if (!in.ok()) return corrupt("cut off");
  if (format != kFormat)
    return Error(Errc::unsupported,
                 fmt::format("looks of files: format {} is not known to this version", format));
  SegmentLooks looks;
  looks.zstd = in.fixed<std::uint32_t>();
  looks.segment = in.name32<Digest>();
  const std::uint64_t count = in.varint();
  if (!in.ok() || count > kMaxEntries) return corrupt("cut off, or of more files than a segment has");
  looks.files.resize(static_cast<std::size_t>(count));
  std::uint64_t inode = 0;
  for (FileLook& file : looks.files) file.inode = inode += static_cast<std::uint64_t>(unzigzag(in.varint()));
  std::uint64_t seconds = 0;
  for (FileLook& file : looks.files)
    file.changed_s = static_cast<std::int64_t>(seconds += static_cast<std::uint64_t>(unzigzag(in.varint())));
  for (FileLook& file : looks.files) {
    file.changed_ns = in.fixed<std::uint32_t>();
    if (file.changed_ns >= kSecondNs) return corrupt("a time is out of range");
  }
  for (FileLook& file : looks.files) {
    const auto flags = in.fixed<std::uint8_t>();
    if ((flags & ~kRacy) != 0) return corrupt("a flag is not known");
    file.racy = flags != 0;
  }
  if (!in.finished()) return corrupt("cut off, too long or not in its shortest form");
  return looks;
}

}  // namespace dcdn::wire
