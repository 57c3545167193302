#include "compress/lz4_codec.hpp"

#include <lz4.h>

#include <algorithm>

namespace dcdn::compress {

namespace {

const char* chars(ByteView bytes) {
  return reinterpret_cast<const char*>(bytes.data());
}
char* chars(MutableByteView bytes) {
  return reinterpret_cast<char*>(bytes.data());
}

}  // namespace

std::optional<std::size_t> lz4_compress(ByteView content, MutableByteView into) {
  if (content.size() > LZ4_MAX_INPUT_SIZE) return std::nullopt;
  // The state is cleared by every call, so what was compressed before leaves no trace in the output.
  static thread_local LZ4_stream_t state;
  const int capacity = static_cast<int>(std::min<std::size_t>(into.size(), LZ4_MAX_INPUT_SIZE));
  const int written = LZ4_compress_fast_extState(&state, chars(content), chars(into),
                                                 static_cast<int>(content.size()), capacity, 1);
  if (written <= 0) return std::nullopt;
  return static_cast<std::size_t>(written);
}

bool lz4_decompress(ByteView carried, MutableByteView into) {
  if (carried.size() > LZ4_MAX_INPUT_SIZE || into.size() > LZ4_MAX_INPUT_SIZE) return false;
  const int size = static_cast<int>(into.size());
  return LZ4_decompress_safe(chars(carried), chars(into), static_cast<int>(carried.size()), size) == size;
}

}  // namespace dcdn::compress
