#include "compress/zstd_codec.hpp"

#include <zstd.h>

#include <algorithm>
#include <bit>
#include <memory>
#include <mutex>
#include <new>
#include <vector>

#include "compress/codec.hpp"

namespace dcdn::compress {

namespace {

struct FreeContext {
  void operator()(ZSTD_CCtx* context) const { ZSTD_freeCCtx(context); }
  void operator()(ZSTD_DCtx* context) const { ZSTD_freeDCtx(context); }
};

using CompressionContext = std::unique_ptr<ZSTD_CCtx, FreeContext>;

/// Contexts of high levels have tens of MiB: not one for every thread that ever came by.
class ContextShelf {
 public:
  CompressionContext take() {
    {
      std::lock_guard lock(mutex_);
      if (!idle_.empty()) {
        CompressionContext context = std::move(idle_.back());
        idle_.pop_back();
        return context;
      }
    }
    CompressionContext context(ZSTD_createCCtx());
    if (!context) throw std::bad_alloc();
    return context;
  }
  void give_back(CompressionContext context) {
    std::lock_guard lock(mutex_);
    idle_.push_back(std::move(context));
  }

 private:
  std::mutex mutex_;
  std::vector<CompressionContext> idle_;
};

ContextShelf& shelf() {
  static ContextShelf contexts;
  return contexts;
}

ZSTD_DCtx& decompression_context() {
  static thread_local std::unique_ptr<ZSTD_DCtx, FreeContext> context(ZSTD_createDCtx());
  if (!context) throw std::bad_alloc();
  return *context;
}

constexpr int kLeastWindow = 10;  // bits

// Little-endian ZSTD_MAGICNUMBER, RFC 8878 section 3.1.1.
constexpr std::array<std::uint8_t, 4> kFrameMagic{0x28, 0xB5, 0x2F, 0xFD};

bool starts_with_magic(ByteView carried) {
  return carried.size() >= kFrameMagic.size() &&
         std::memcmp(carried.data(), kFrameMagic.data(), kFrameMagic.size()) == 0;
}

}  // namespace

std::uint32_t zstd_version() {
  return ZSTD_versionNumber();
}

std::optional<std::size_t> zstd_compress(ByteView content, int level, MutableByteView into, ByteView past) {
  CompressionContext context = shelf().take();
  ZSTD_CCtx_reset(context.get(), ZSTD_reset_session_and_parameters);
  ZSTD_CCtx_setParameter(context.get(), ZSTD_c_compressionLevel, level);
  if (!past.empty()) {
    // The past stays in sight to the last byte of the content.
    const auto window = static_cast<int>(std::bit_width(past.size() + content.size() - 1));
    ZSTD_CCtx_setParameter(context.get(), ZSTD_c_windowLog, std::max(window, kLeastWindow));
    ZSTD_CCtx_refPrefix(context.get(), past.data(), past.size());
  }
  const std::size_t written =
      ZSTD_compress2(context.get(), into.data(), into.size(), content.data(), content.size());
  shelf().give_back(std::move(context));
  if (ZSTD_isError(written) != 0) return std::nullopt;
  return written;
}

bool zstd_is_plausible(ByteView carried, std::size_t content_size) {
  if (!starts_with_magic(carried)) return false;
  if (ZSTD_findFrameCompressedSize(carried.data(), carried.size()) != carried.size()) return false;
  const unsigned long long claimed = ZSTD_getFrameContentSize(carried.data(), carried.size());
  return claimed == content_size || claimed == ZSTD_CONTENTSIZE_UNKNOWN;
}

bool zstd_decompress(ByteView carried, MutableByteView into, ByteView past) {
  ZSTD_DCtx& context = decompression_context();
  ZSTD_DCtx_reset(&context, ZSTD_reset_session_and_parameters);
  if (!past.empty()) ZSTD_DCtx_refPrefix(&context, past.data(), past.size());
  return ZSTD_decompressDCtx(&context, into.data(), into.size(), carried.data(), carried.size()) ==
         into.size();
}

}  // namespace dcdn::compress
