// A private file that may be torn: whatever is in it, no file has more content than it says, every chunk that
// is named is there, and looks have one form.
//
// Input: a byte of switches, then bytes of an index, or of one stat frame's body. A switch puts right what a
// fuzzer never finds: it takes the bytes for bodies with two bytes of length before each, a segment and its
// looks in turn, and frames and chains them.
#include <sys/mman.h>
#include <unistd.h>

#include <cstdlib>

#include "base/byte_reader.hpp"
#include "base/byte_writer.hpp"
#include "compress/codec.hpp"
#include "source/source_index.hpp"
#include "wire/frame.hpp"

namespace {

using namespace dcdn;

constexpr std::uint8_t kLooks = 1;
constexpr std::uint8_t kFramed = 2;

void require(bool holds) {
  if (!holds) std::abort();
}

void read_looks(ByteView body) {
  const auto looks = wire::parse_looks(body);
  if (looks) require(wire::encode(*looks) == Bytes(body.begin(), body.end()));
}

// The looks of a body are bytes after its segment's id and version.
Bytes framed(ByteReader& in) {
  Bytes frames;
  while (in.ok() && in.left() > 0) {
    const auto size = in.fixed<std::uint16_t>();
    const ByteView body = in.raw(std::min<std::size_t>(size, in.left()));
    wire::append_frame(frames, wire::FrameType::segment, body);
    Bytes looks;
    ByteWriter out(looks);
    out.fixed<std::uint8_t>(1);
    out.fixed(compress::zstd_version());
    out.raw(wire::segment_id(body).view());
    const auto rest = in.fixed<std::uint16_t>();
    out.raw(in.raw(std::min<std::size_t>(rest, in.left())));
    wire::append_frame(frames, wire::FrameType::stat, looks);
  }
  return frames;
}

void read_index(ByteView bytes, bool by_name) {
  UniqueFd fd(::memfd_create("index", MFD_CLOEXEC));
  require(fd.valid() && write_all(fd.get(), bytes, "index").has_value() &&
          ::lseek(fd.get(), 0, SEEK_SET) == 0);
  source::SourceIndex index(std::move(fd));
  for (const char* path : {"", "a", "a/b", "a/c", "b", "c"}) {
    const source::KnownFile* file = index.find(path);
    if (file == nullptr) continue;
    require(file->begin.path == path && file->begin.size);
    if (by_name) continue;
    std::uint64_t content = 0;
    while (const auto piece = index.next_piece()) {
      require(piece->size > 0);
      if (piece->chunk) {
        require(piece->chunk->number < piece->chunk->segment->chunks.size());
        require(piece->chunk_offset < piece->chunk->record().content_size);
        content += std::min<std::uint64_t>(piece->size, *file->begin.size);
      } else {
        content += piece->size;
      }
      require(content <= *file->begin.size);
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  ByteReader in(ByteView(data, size));
  const auto switches = in.fixed<std::uint8_t>();
  if (!in.ok()) return 0;
  if ((switches & kLooks) != 0) {
    read_looks(in.raw(in.left()));
    return 0;
  }
  const Bytes bytes = (switches & kFramed) != 0 ? framed(in) : Bytes(data + 1, data + size);
  read_index(bytes, (switches & 4) != 0);
  return 0;
}
