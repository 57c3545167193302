// edit_stream - changes single frames of a chunk stream: standard input to standard output.
//
//   edit_stream list              a line per frame: number, type, offset in the input, bytes with the header
//   edit_stream drop N            leaves frame N out
//   edit_stream alter N BYTE      flips a bit of body byte BYTE (negative: from the end); its checks are made
//   anew edit_stream repeat N          frame N twice edit_stream move N PLACE      frame N to place PLACE of
//   the others edit_stream insert N TYPE     a frame of that type with a body of four bytes before frame N
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "base/unique_fd.hpp"
#include "wire/frame_reader.hpp"

namespace {

using dcdn::Bytes;
using dcdn::wire::Frame;

int fail(const std::string& why) {
  std::fprintf(stderr, "edit_stream: %s\n", why.c_str());
  return 2;
}

dcdn::Result<std::vector<Frame>> read_frames() {
  dcdn::BufferPool pool(0);
  dcdn::wire::FrameReader reader(dcdn::wire::OnDamage::strict, pool);
  std::vector<Frame> frames;
  Bytes block(1u << 16);
  for (;;) {
    DCDN_TRY(const std::size_t got, dcdn::read_full(STDIN_FILENO, block, "standard input"));
    reader.push(dcdn::ByteView(block).first(got));
    for (;;) {
      DCDN_TRY(const auto step, reader.next());
      const auto* frame = std::get_if<Frame>(&step);
      if (frame == nullptr) break;
      frames.push_back(*frame);
    }
    if (got < block.size()) break;
  }
  DCDN_TRY(const auto rest, reader.finish());
  static_cast<void>(rest);
  return frames;
}

void list(const std::vector<Frame>& frames) {
  std::size_t offset = 0;
  for (std::size_t i = 0; i < frames.size(); ++i) {
    const std::size_t bytes = dcdn::wire::kHeaderBytes + frames[i].body.size();
    std::printf("%zu %d %zu %zu\n", i, static_cast<int>(frames[i].type), offset, bytes);
    offset += bytes;
  }
}

bool edit(std::vector<Frame>& frames, const std::string& what, std::size_t n, long value) {
  const auto at = frames.begin() + static_cast<std::ptrdiff_t>(n);
  const Frame frame = *at;
  if (what == "drop") return frames.erase(at), true;
  if (what == "repeat") return frames.insert(at, frame), true;
  if (what == "insert") {
    const Bytes body{'t', 'e', 's', 't'};
    frames.insert(at, Frame{static_cast<dcdn::wire::FrameType>(value), dcdn::Buffer::copy_of(body)});
    return true;
  }
  if (what == "move") {
    frames.erase(at);
    if (value < 0 || static_cast<std::size_t>(value) > frames.size()) return false;
    return frames.insert(frames.begin() + value, frame), true;
  }
  const long size = static_cast<long>(frame.body.size());
  const long byte = value < 0 ? size + value : value;
  if (what != "alter" || byte < 0 || byte >= size) return false;
  at->body = dcdn::Buffer::copy_of(frame.body.view());
  at->body.writable()[static_cast<std::size_t>(byte)] ^= 1;
  return true;
}

}  // namespace

int main(int argc, char** argv) {
  const std::string what = argc > 1 ? argv[1] : "";
  auto frames = read_frames();
  if (!frames) return fail(frames.error().message);
  if (what == "list") return list(*frames), 0;
  const std::size_t n = argc > 2 ? std::strtoul(argv[2], nullptr, 10) : 0;
  if (argc < 3 || n >= frames->size()) return fail("there is no such frame");
  if (!edit(*frames, what, n, argc > 3 ? std::strtol(argv[3], nullptr, 10) : 0))
    return fail("cannot do that");
  Bytes out;
  for (const Frame& frame : *frames) dcdn::wire::append_frame(out, frame.type, frame.body.view());
  return dcdn::write_all(STDOUT_FILENO, out, "standard output") ? 0 : 1;
}
