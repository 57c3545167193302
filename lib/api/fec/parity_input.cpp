#include "api/fec/parity_input.hpp"

#include <fcntl.h>

#include <cerrno>

#include "base/text.hpp"

namespace dcdn::api {

namespace {

constexpr std::size_t kReadBytes = 1u << 20;
constexpr std::size_t kPieceBytes = 4u << 20;  // of one input, before it is the next one's turn

}  // namespace

ParityInput::ParityInput(const FecReadOptions& options, work::WorkerPool& workers, BufferPool& pool)
    : options_(options), workers_(workers), pool_(pool), block_(kReadBytes) {}

Result<void> ParityInput::open() {
  const auto add = [this](UniqueFd opened, int fd, std::string name) {
    sources_.push_back(
        {std::move(opened), {fd, std::move(name)}, wire::FrameReader(wire::OnDamage::recover, pool_)});
  };
  if (options_.paths.empty()) add(UniqueFd(), options_.input_fd, "standard input");
  for (const std::string& path : options_.paths) {
    if (path == "-") {
      add(UniqueFd(), options_.input_fd, "standard input");
      continue;
    }
    UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY));
    if (!fd.valid()) return errno_error(errno, escape_for_display(path) + ": open");
    const int number = fd.get();
    add(std::move(fd), number, escape_for_display(path));
  }
  return {};
}

Result<bool> ParityInput::feed(pipeline::GroupCollector& collector) {
  bool live = false;
  for (Source& source : sources_) {
    if (source.input.ended()) continue;
    live = true;
    DCDN_CHECK(read_piece(source));
  }
  std::vector<char> good(frames_.size());
  workers_.run(frames_.size(), [&](std::size_t i) {
    good[i] = frames_[i].type == wire::FrameType::repair_shard || pipeline::fill_name(frames_[i]) ? 1 : 0;
  });
  for (std::size_t i = 0; i < frames_.size(); ++i) {
    if (good[i] == 0)
      ++bad_frames_;
    else if (frames_[i].type == wire::FrameType::repair_shard)
      collector.add_shard(frames_[i].body);
    else
      collector.add_frame(std::move(frames_[i]));
  }
  frames_.clear();
  return live;
}

Result<void> ParityInput::read_piece(Source& source) {
  std::size_t piece = 0;
  bool more = true;  // at once: a file, or a pipe that somebody fills
  while (more && piece < kPieceBytes) {
    DCDN_TRY(const std::size_t got, source.input.read(block_));
    source.reader.push(ByteView(block_).first(got));
    if (got == 0) DCDN_CHECK(finish(source));
    DCDN_CHECK(drain(source));
    if (got == 0) return {};
    piece += got;
    DCDN_TRY(more, source.input.wait_for(std::chrono::milliseconds(0)));
  }
  return {};
}

Result<void> ParityInput::finish(Source& source) {
  auto rest = source.reader.finish();
  if (!rest) return rest.error().during(source.input.name());
  if (*rest) damaged_bytes_ += (*rest)->bytes;
  return {};
}

Result<void> ParityInput::drain(Source& source) {
  for (;;) {
    auto step = source.reader.next();
    if (!step) return step.error().during(source.input.name());
    if (std::holds_alternative<wire::NeedInput>(*step)) return {};
    if (const auto* damage = std::get_if<wire::Damage>(&*step)) damaged_bytes_ += damage->bytes;
    if (auto* frame = std::get_if<wire::Frame>(&*step))
      frames_.push_back({frame->type, std::move(frame->body), {}, false});
  }
}

}  // namespace dcdn::api
