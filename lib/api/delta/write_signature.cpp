// dcdn-delta signature: the sums of a file's blocks, made on all cores.
#include <algorithm>

#include "api/delta/block_signature.hpp"
#include "api/delta/delta_io.hpp"
#include "delta/compact_signature.hpp"
#include "digest/hasher.hpp"
#include "work/worker_pool.hpp"

namespace dcdn {

namespace api {

namespace {

constexpr std::size_t kWindowBytes = 8u << 20;
constexpr std::size_t kSlices = 8;  // of a window: more than cores, so that none waits long

/// Signs windows, the slices of each side by side.
class Signer {
 public:
  Signer(const delta::SignatureShape& shape, unsigned threads) : shape_(shape), workers_(threads) {}

  void sign(ByteView window, digest::Hasher* hasher, Bytes& out) {
    const std::size_t slice =
        (window.size() / kSlices + shape_.block_bytes) / shape_.block_bytes * shape_.block_bytes;
    const std::size_t count = (window.size() + slice - 1) / slice;
    std::vector<Bytes> sums(count);
    workers_.run(count + (hasher != nullptr ? 1 : 0), [&](std::size_t i) {
      // The digest is one long task: it goes first.
      if (hasher != nullptr && i-- == 0) return hasher->update(window);
      const ByteView part = window.subspan(i * slice);
      delta::sign_blocks(shape_, part.first(std::min(slice, part.size())), sums[i]);
    });
    for (const Bytes& part : sums) out.insert(out.end(), part.begin(), part.end());
  }

 private:
  delta::SignatureShape shape_;
  work::WorkerPool workers_;
};

std::size_t window_for(std::uint32_t block_bytes) {
  return std::max<std::size_t>(kWindowBytes / block_bytes, 1) * block_bytes;
}

}  // namespace

Result<std::uint64_t> sign_input(DeltaInput& input, const delta::SignatureShape& shape,
                                 const DeltaCommon& common, digest::Hasher* hasher,
                                 const delta::TakeBytes& take) {
  Signer signer(shape, common.threads);
  WindowReader windows(input, window_for(shape.block_bytes), 0);
  WorkProgress progress(common.progress, "signing", input.size());
  std::uint64_t total = 0;
  for (bool last = false; !last;) {
    DCDN_TRY(const auto window, windows.next({}));
    last = window.last;
    Bytes sums;
    if (!window.fresh.empty()) signer.sign(window.fresh, hasher, sums);
    DCDN_CHECK(take(sums));
    progress.at(total += window.fresh.size());
  }
  return total;
}

Result<delta::SignatureShape> choose_shape(const SignatureOptions& options,
                                           std::optional<std::uint64_t> size) {
  delta::SignatureShape shape;
  shape.weak = options.weak == WeakHash::rollsum ? delta::WeakKind::rollsum : delta::WeakKind::rabin_karp;
  shape.strong = options.strong == StrongHash::md4 ? delta::StrongKind::md4 : delta::StrongKind::blake2;
  shape.block_bytes = options.block_bytes.value_or(delta::choose_block_bytes(size));
  if (shape.block_bytes == 0 || shape.block_bytes > delta::kMostBlockBytes)
    return Error(Errc::usage, "blocks of " + std::to_string(shape.block_bytes) + " bytes");
  const auto most = static_cast<std::uint32_t>(delta::strong_size(shape.strong));
  const std::uint32_t usual = options.compact && size ? delta::compact_strong_bytes(*size, shape.block_bytes)
                                                      : delta::kUsualStrongBytes;
  shape.strong_bytes = options.strong_bytes.value_or(std::min(usual, most));
  if (shape.strong_bytes == 0 || shape.strong_bytes > most)
    return Error(Errc::usage, "a strong sum of " + std::to_string(shape.strong_bytes) +
                                  " bytes; this kind has 1 to " + std::to_string(most));
  return shape;
}

}  // namespace api

Result<SignatureReport> write_signature(const SignatureOptions& options) {
  const api::WorkProgress clock(nullptr, "", {});
  DCDN_TRY(api::DeltaInput input, api::DeltaInput::open(options.old_file, options.common.interrupt_fd));
  if (options.compact) DCDN_CHECK(input.make_seekable());
  DCDN_TRY(const delta::SignatureShape shape, api::choose_shape(options, input.size()));
  DCDN_TRY(api::DeltaOutput output, api::DeltaOutput::open(options.common, api::DeltaOutput::Kind::flowing));
  SignatureReport report;
  Bytes held = delta::encode_signature_header(shape);
  digest::Hasher hasher;
  const auto take = [&](ByteView sums) -> Result<void> {
    held.insert(held.end(), sums.begin(), sums.end());
    if (options.compact) return {};  // its first bytes are known last
    auto written = output.write(held);
    held.clear();
    return written;
  };
  DCDN_TRY(report.old_bytes,
           api::sign_input(input, shape, options.common, options.compact ? &hasher : nullptr, take));
  if (options.compact) {
    DCDN_CHECK(output.write(delta::encode_compact_header({report.old_bytes, hasher.digest()})));
    DCDN_CHECK(output.write(held));
  }
  DCDN_CHECK(output.finish(options.common.interrupt_fd));
  report.signature_bytes = output.bytes();
  report.blocks = (report.old_bytes + shape.block_bytes - 1) / shape.block_bytes;
  report.block_bytes = shape.block_bytes;
  report.strong_bytes = shape.strong_bytes;
  report.seconds = clock.seconds();
  return report;
}

}  // namespace dcdn
