#include "compress/reference_codec.hpp"

#include <zstd.h>

#include <algorithm>
#include <bit>
#include <memory>
#include <new>

#include "compress/zstd_codec.hpp"

namespace dcdn::compress {

namespace {

struct FreeContext {
  void operator()(ZSTD_CCtx* context) const { ZSTD_freeCCtx(context); }
  void operator()(ZSTD_DCtx* context) const { ZSTD_freeDCtx(context); }
};
constexpr int kLeastWindow = 10;  // bits

bool too_long(ByteView bytes) {
  return bytes.size() > kMostReferenceBytes;
}

}  // namespace

std::optional<Buffer> compress_against(ByteView reference, ByteView content, int level, std::size_t limit) {
  if (too_long(reference) || too_long(content)) return std::nullopt;
  const std::unique_ptr<ZSTD_CCtx, FreeContext> context(ZSTD_createCCtx());
  if (!context) throw std::bad_alloc();
  // The whole reference stays in sight for as long as the window is not shorter than the content.
  const int window =
      std::max(kLeastWindow, static_cast<int>(std::bit_width(std::max(reference.size(), content.size()))));
  ZSTD_CCtx_setParameter(context.get(), ZSTD_c_compressionLevel, level);
  ZSTD_CCtx_setParameter(context.get(), ZSTD_c_windowLog, window);
  ZSTD_CCtx_setParameter(context.get(), ZSTD_c_enableLongDistanceMatching, 1);
  if (ZSTD_isError(ZSTD_CCtx_refPrefix(context.get(), reference.data(), reference.size())) != 0)
    return std::nullopt;
  Buffer into = Buffer::allocate(std::min(limit, ZSTD_compressBound(content.size())));
  const MutableByteView room = into.writable();
  const std::size_t written =
      ZSTD_compress2(context.get(), room.data(), room.size(), content.data(), content.size());
  if (ZSTD_isError(written) != 0) return std::nullopt;
  return into.first(written);
}

Result<void> decompress_against(ByteView reference, ByteView carried, MutableByteView into) {
  const Error wrong(Errc::corrupt, "the compressed difference does not decode");
  if (too_long(reference) || too_long(into) || !zstd_is_plausible(carried, into.size())) return wrong;
  const std::unique_ptr<ZSTD_DCtx, FreeContext> context(ZSTD_createDCtx());
  if (!context) throw std::bad_alloc();
  if (ZSTD_isError(ZSTD_DCtx_refPrefix(context.get(), reference.data(), reference.size())) != 0) return wrong;
  const std::size_t made =
      ZSTD_decompressDCtx(context.get(), into.data(), into.size(), carried.data(), carried.size());
  return made == into.size() ? Result<void>() : wrong;
}

}  // namespace dcdn::compress
