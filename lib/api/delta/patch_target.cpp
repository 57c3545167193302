#include "api/delta/patch_target.hpp"

#include <algorithm>

namespace dcdn::api {

namespace {

constexpr std::size_t kBlockBytes = 4u << 20;
constexpr std::size_t kReadBytes = 256u << 10;

}  // namespace

PatchTarget::PatchTarget(const DeltaInput& old, DeltaOutput& output, const DeltaCommon& common)
    : old_(old),
      output_(output),
      interrupt_fd_(common.interrupt_fd),
      workers_(common.threads),
      progress_(common.progress, "patching", std::nullopt),
      block_(kBlockBytes),
      before_(kBlockBytes) {}

Result<void> PatchTarget::flush() {
  DCDN_CHECK(check_interrupt(interrupt_fd_));
  DCDN_CHECK(wait());
  std::swap(block_, before_);
  const ByteView bytes = ByteView(before_).first(std::exchange(filled_, 0));
  writing_ = work::start_ahead([this, bytes] {
    Result<void> written;
    workers_.run(2, [&](std::size_t i) {
      if (i == 0)
        hasher_.update(bytes);
      else
        written = output_.write(bytes);
    });
    return written;
  });
  return {};
}

Result<void> PatchTarget::wait() {
  if (!writing_.valid()) return {};
  auto written = writing_.get();
  progress_.at(output_.bytes());
  return written;
}

Result<void> PatchTarget::flush_if_full() {
  return filled_ < block_.size() ? Result<void>() : flush();
}

Result<void> PatchTarget::copy(const delta::CopyStep& step) {
  if (step.offset + step.size > old_.size().value_or(0))
    return Error(Errc::corrupt, old_.name() + ": the delta copies from beyond its end")
        .with_hint("it was made for another file");
  for (std::uint64_t done = 0; done < step.size;) {
    const std::size_t part =
        static_cast<std::size_t>(std::min<std::uint64_t>(step.size - done, block_.size() - filled_));
    const MutableByteView into = MutableByteView(block_).subspan(filled_, part);
    DCDN_TRY(const std::size_t got, read_full_at(old_.fd(), into, step.offset + done, old_.name()));
    if (got < part) return Error(Errc::changed, old_.name() + ": became shorter while it was read");
    filled_ += part;
    done += part;
    DCDN_CHECK(flush_if_full());
  }
  copied_bytes_ += step.size;
  return {};
}

Result<void> PatchTarget::literal(ByteView bytes) {
  literal_bytes_ += bytes.size();
  while (!bytes.empty()) {
    const std::size_t part = std::min(bytes.size(), block_.size() - filled_);
    std::copy_n(bytes.begin(), part, block_.begin() + static_cast<std::ptrdiff_t>(filled_));
    filled_ += part;
    bytes = bytes.subspan(part);
    DCDN_CHECK(flush_if_full());
  }
  return {};
}

Result<delta::FileId> PatchTarget::finish() {
  if (filled_ > 0) DCDN_CHECK(flush());
  DCDN_CHECK(wait());
  return delta::FileId{output_.bytes(), hasher_.digest()};
}

Result<std::optional<delta::DeltaTrailer>> run_delta(DeltaInput& input, PatchTarget& target) {
  delta::DeltaReader reader;
  Bytes block(kReadBytes);
  for (;;) {
    auto step = reader.next();
    if (!step) return step.error().during(input.name());
    if (std::holds_alternative<delta::MoreStep>(*step)) {
      DCDN_TRY(const std::size_t got, input.read(block));
      reader.push(ByteView(block).first(got));
      if (got < block.size()) reader.finish();
    } else if (const auto* copy = std::get_if<delta::CopyStep>(&*step)) {
      DCDN_CHECK(target.copy(*copy));
    } else if (const auto* literal = std::get_if<delta::LiteralStep>(&*step)) {
      DCDN_CHECK(target.literal(literal->bytes));
    } else {
      return std::get<delta::EndStep>(*step).trailer;
    }
  }
}

}  // namespace dcdn::api
