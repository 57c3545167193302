// make_stream - writes a small unsigned chunk stream to standard output, or the bytes of its object.
//
//   make_stream [--chunks N] [--chunk-bytes N] [--per-segment N] [--seed N] [--name NAME]
//               [--hole N] [--repeat] [--omit-repeats] [--chunks-first] [--segments-first] [--content]
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <string>

#include "base/unique_fd.hpp"
#include "support/sample_stream.hpp"

namespace {

int usage(const std::string& word) {
  std::fprintf(stderr, "make_stream: cannot use \"%s\"; the options stand at the top of its source\n",
               word.c_str());
  return 2;
}

bool take_flag(const std::string& word, dcdn::test::SampleShape& shape, bool& content) {
  bool* const flag = word == "--repeat"           ? &shape.repeat
                     : word == "--omit-repeats"   ? &shape.omit_repeats
                     : word == "--chunks-first"   ? &shape.chunks_first
                     : word == "--segments-first" ? &shape.segments_first
                     : word == "--content"        ? &content
                                                  : nullptr;
  if (flag != nullptr) *flag = true;
  return flag != nullptr;
}

bool take_value(const std::string& word, const char* value, dcdn::test::SampleShape& shape) {
  const std::size_t number = std::strtoul(value, nullptr, 10);
  if (word == "--hole") return shape.hole = std::strtoull(value, nullptr, 10), true;
  if (word == "--chunks") return shape.chunks = number, true;
  if (word == "--chunk-bytes") return shape.chunk_bytes = number, number > 0;
  if (word == "--per-segment") return shape.chunks_per_segment = number, number > 0;
  if (word == "--seed") return shape.seed = static_cast<std::uint8_t>(number), true;
  if (word == "--name") return shape.name = value, true;
  return false;
}

}  // namespace

int main(int argc, char** argv) {
  dcdn::test::SampleShape shape;
  bool content = false;
  for (int i = 1; i < argc; ++i) {
    if (take_flag(argv[i], shape, content)) continue;
    if (i + 1 >= argc || !take_value(argv[i], argv[i + 1], shape)) return usage(argv[i]);
    ++i;
  }
  dcdn::Bytes out;
  if (content) out = dcdn::test::sample_object(shape);
  if (!content)
    for (const auto& frame : dcdn::test::sample_stream(shape))
      dcdn::wire::append_frame(out, frame.type, frame.body);
  return dcdn::write_all(STDOUT_FILENO, out, "standard output") ? 0 : 1;
}
