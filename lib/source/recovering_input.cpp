#include "source/recovering_input.hpp"

namespace dcdn::source {

namespace {
constexpr std::size_t kReadBytes = 256u << 10;
}  // namespace

RecoveringInput::RecoveringInput(int fd, int interrupt_fd, std::string name, BufferPool& pool)
    : fd_(fd),
      input_(fd, std::move(name), {interrupt_fd, {}, "interrupted; what is complete so far is kept"}),
      reader_(wire::OnDamage::recover, pool) {}

Result<void> RecoveringInput::read(ByteView head, const Take& take,
                                   const std::function<Result<void>()>& idle) {
  reader_.push(head);
  DCDN_CHECK(drain(take));
  Bytes block(kReadBytes);
  for (;;) {
    if (idle && !readable(fd_)) DCDN_CHECK(idle());
    DCDN_TRY(const std::size_t got, input_.read(block));
    if (got == 0) break;
    bytes_ += got;
    reader_.push(ByteView(block).first(got));
    DCDN_CHECK(drain(take));
  }
  DCDN_TRY(const auto rest, reader_.finish());
  if (rest) damaged_bytes_ += rest->bytes;
  return drain(take);  // frames inside a claim that the end of input cut off
}

Result<void> RecoveringInput::drain(const Take& take) {
  for (;;) {
    DCDN_TRY(const auto step, reader_.next());
    if (std::holds_alternative<wire::NeedInput>(step)) return {};
    if (const auto* damage = std::get_if<wire::Damage>(&step)) damaged_bytes_ += damage->bytes;
    if (const auto* frame = std::get_if<wire::Frame>(&step)) DCDN_CHECK(take(*frame));
  }
}

}  // namespace dcdn::source
