#include "compress/zstd_codec.hpp"

#include <zstd.h>

#include <memory>
#include <new>

namespace dcdn::compress {

namespace {

struct FreeContext {
  void operator()(ZSTD_CCtx* context) const { ZSTD_freeCCtx(context); }
  void operator()(ZSTD_DCtx* context) const { ZSTD_freeDCtx(context); }
};

ZSTD_CCtx& compression_context() {
  static thread_local std::unique_ptr<ZSTD_CCtx, FreeContext> context(ZSTD_createCCtx());
  if (!context) throw std::bad_alloc();
  return *context;
}

ZSTD_DCtx& decompression_context() {
  static thread_local std::unique_ptr<ZSTD_DCtx, FreeContext> context(ZSTD_createDCtx());
  if (!context) throw std::bad_alloc();
  return *context;
}

// Little-endian ZSTD_MAGICNUMBER, RFC 8878 section 3.1.1.
constexpr std::array<std::uint8_t, 4> kFrameMagic{0x28, 0xB5, 0x2F, 0xFD};

bool starts_with_magic(ByteView carried) {
  return carried.size() >= kFrameMagic.size() &&
         std::memcmp(carried.data(), kFrameMagic.data(), kFrameMagic.size()) == 0;
}

}  // namespace

std::optional<std::size_t> zstd_compress(ByteView content, int level, MutableByteView into) {
  ZSTD_CCtx& context = compression_context();
  ZSTD_CCtx_reset(&context, ZSTD_reset_session_and_parameters);
  ZSTD_CCtx_setParameter(&context, ZSTD_c_compressionLevel, level);
  const std::size_t written =
      ZSTD_compress2(&context, into.data(), into.size(), content.data(), content.size());
  if (ZSTD_isError(written) != 0) return std::nullopt;
  return written;
}

bool zstd_is_plausible(ByteView carried, std::size_t content_size) {
  if (!starts_with_magic(carried)) return false;
  if (ZSTD_findFrameCompressedSize(carried.data(), carried.size()) != carried.size()) return false;
  const unsigned long long claimed = ZSTD_getFrameContentSize(carried.data(), carried.size());
  return claimed == content_size || claimed == ZSTD_CONTENTSIZE_UNKNOWN;
}

bool zstd_decompress(ByteView carried, MutableByteView into) {
  return ZSTD_decompressDCtx(&decompression_context(), into.data(), into.size(), carried.data(),
                             carried.size()) == into.size();
}

}  // namespace dcdn::compress
