#include "source/frame_input.hpp"

#include <algorithm>

namespace dcdn::source {

namespace {

// A full pipe of the usual kernels is 64 KiB, a file gives more.
constexpr std::size_t kReadBytes = 256u << 10;
constexpr std::size_t kIdleBytes = 8u << 20;

}  // namespace

FrameInput::FrameInput(int fd, int interrupt_fd, std::string name)
    : input_(fd, std::move(name), {interrupt_fd}),
      pool_(kIdleBytes),
      reader_(wire::OnDamage::strict, pool_),
      block_(kReadBytes) {}

Result<void> FrameInput::check_start(ByteView bytes) {
  if (recognised_) return {};
  const std::size_t missing = wire::kMagic.size() - start_.size();
  start_.insert(start_.end(), bytes.begin(),
                bytes.begin() + static_cast<std::ptrdiff_t>(std::min(missing, bytes.size())));
  if (start_.size() < wire::kMagic.size()) return {};
  recognised_ = wire::FrameReader::looks_like_stream(start_);
  if (recognised_) return {};
  return Error(Errc::corrupt, input_.name() + ": not a chunk stream")
      .with_hint(
          "make one with: dcdn-send --stdout PATH; for any file there is: dcdn-sign sign --detached FILE");
}

Result<void> FrameInput::start_with(ByteView bytes) {
  DCDN_CHECK(check_start(bytes));
  reader_.push(bytes);
  return {};
}

Result<bool> FrameInput::fill() {
  DCDN_TRY(const std::size_t got, input_.read(block_));
  const ByteView bytes = ByteView(block_).first(got);
  DCDN_CHECK(check_start(bytes));
  if (!bytes.empty()) {
    reader_.push(bytes);
    return true;
  }
  if (auto rest = reader_.finish(); !rest)
    return Error(Errc::incomplete, input_.name() + ": ends inside a frame: it was cut off");
  return false;
}

Result<std::optional<wire::Frame>> FrameInput::next() {
  auto step = reader_.next();
  if (!step && step.error().code == Errc::corrupt && step.error().hint.empty())
    return step.error()
        .during(input_.name())
        .with_hint(
            "it was damaged or altered on its way: get another copy, or, if it has repair shards: dcdn-fec "
            "decode");
  if (!step) return step.error().during(input_.name());
  auto* frame = std::get_if<wire::Frame>(&*step);
  if (frame == nullptr) return std::optional<wire::Frame>();
  ++frames_;
  return std::optional<wire::Frame>(std::move(*frame));
}

}  // namespace dcdn::source
