#include "api/fec/parity_input.hpp"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <optional>

#include "base/text.hpp"

namespace dcdn::api {

namespace {

constexpr std::size_t kReadBytes = 1u << 20;
constexpr std::size_t kPieceBytes = 4u << 20;  // of one input, before it is the next one's turn
constexpr std::uint64_t kLeastSkip = 4096;     // a page: what the system reads at once
constexpr std::uint64_t kMostSkip = 16u << 20;
constexpr std::size_t kShortEnd = 1u << 20;                          // holds a usual shard
constexpr std::size_t kLongEnd = 2 * (wire::kMaxBody + (1u << 10));  // holds any
constexpr std::size_t kOtherDescriptors = 64;

/// The medium or its device is to blame, and other places may be read.
bool is_unreadable(const Error& error) {
  switch (error.cause.value()) {
    case EIO:
    case ENODATA:
    case EBADMSG:
    case EUCLEAN:
    case EILSEQ:
    case EREMOTEIO:
    case ENXIO:
    case ENODEV:
    case ENOMEDIUM:
    case ESTALE:
      return true;
    default:
      return false;
  }
}

/// Where a descriptor that can be positioned stands, and where it ends; nullopt for a pipe.
std::optional<std::pair<std::uint64_t, std::uint64_t>> place_of(int fd) {
  const off_t at = ::lseek(fd, 0, SEEK_CUR);
  if (at < 0) return std::nullopt;
  const off_t end = ::lseek(fd, 0, SEEK_END);
  if (::lseek(fd, at, SEEK_SET) != at || end < at) return std::nullopt;
  return std::pair(static_cast<std::uint64_t>(at), static_cast<std::uint64_t>(end));
}

void allow_descriptors(std::size_t count) {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= count + kOtherDescriptors) return;
  limit.rlim_cur = std::min<rlim_t>(limit.rlim_max, count + kOtherDescriptors);
  ::setrlimit(RLIMIT_NOFILE, &limit);  // what is missing then shows when a path is opened
}

}  // namespace

ParityInput::ParityInput(const FecReadOptions& options, work::WorkerPool& workers, BufferPool& pool)
    : options_(options), workers_(workers), pool_(pool), block_(kReadBytes) {}

void ParityInput::add(UniqueFd opened, int fd, const std::string& name) {
  sources_.push_back(
      {std::move(opened), fd, {fd, name}, wire::FrameReader(wire::OnDamage::recover, pool_), kLeastSkip});
}

void ParityInput::note(const std::string& text) const {
  if (options_.on_note) options_.on_note(text);
}

Result<UniqueFd> ParityInput::open_path(const std::string& path) const {
  const std::string shown = escape_for_display(path);
  UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY));
  if (!fd.valid() && (errno == EMFILE || errno == ENFILE))
    return Error(Errc::limit, shown + ": one file more than may be open at once")
        .with_hint("ulimit -n NUMBER, or give them as one stream: cat FILE... | dcdn-fec decode");
  if (!fd.valid()) return errno_error(errno, shown + ": open");
  struct stat info {};
  if (::fstat(fd.get(), &info) == 0 && S_ISDIR(info.st_mode))
    return Error(Errc::io, shown + ": is a directory").with_hint("dcdn-fec split puts part.dcs into it");
  return fd;
}

Result<void> ParityInput::open() {
  allow_descriptors(options_.paths.size());
  if (options_.paths.empty()) add(UniqueFd(), options_.input_fd, "standard input");
  std::optional<Error> first;
  for (const std::string& path : options_.paths) {
    if (path == "-") {
      add(UniqueFd(), options_.input_fd, "standard input");
      continue;
    }
    auto fd = open_path(path);
    if (fd) {
      const int number = fd->get();
      add(*std::move(fd), number, escape_for_display(path));
      continue;
    }
    if (fd.error().code == Errc::limit) return fd.error();
    ++missing_inputs_;
    if (!first) first = fd.error();
    if (options_.paths.size() > 1) note("left out: " + fd.error().message);
  }
  return sources_.empty() ? Result<void>(*first) : Result<void>();
}

std::vector<EncodingSeen> ParityInput::encodings_at_the_ends() {
  std::vector<EncodingSeen> seen;
  for (const Source& source : sources_) {
    const std::size_t before = seen.size();
    see_encodings(source, kShortEnd, seen);
    if (seen.size() == before) see_encodings(source, kLongEnd, seen);
  }
  return seen;
}

void ParityInput::see_encodings(const Source& source, std::size_t bytes, std::vector<EncodingSeen>& seen) {
  const auto place = place_of(source.fd);
  if (!place) return;
  Bytes end(std::min<std::uint64_t>(bytes, place->second - place->first));
  const auto got = read_full_at(source.fd, end, place->second - end.size(), source.input.name());
  if (!got) return;
  wire::FrameReader reader(wire::OnDamage::recover, pool_);
  reader.push(ByteView(end).first(*got));
  for (;;) {
    const auto step = reader.next();
    if (!step || std::holds_alternative<wire::NeedInput>(*step)) return;
    const auto* frame = std::get_if<wire::Frame>(&*step);
    if (frame == nullptr || frame->type != wire::FrameType::repair_shard) continue;
    const auto shard = wire::peek_repair_shard(frame->body.view());
    if (!shard) continue;
    const auto said = wire::parse_block_description(shard->description);
    if (said) seen.push_back({said->encoding, said->raw});
  }
}

Result<bool> ParityInput::feed(pipeline::GroupCollector& collector) {
  bool live = false;
  for (Source& source : sources_) {
    if (source.ended) continue;
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
  while (more && piece < kPieceBytes && !source.ended) {
    const auto got = source.input.read(block_);
    if (!got && is_unreadable(got.error())) {
      DCDN_CHECK(skip_unreadable(source, got.error()));
      piece += kLeastSkip;
      continue;
    }
    DCDN_CHECK(got);
    source.next_skip = kLeastSkip;
    source.reader.push(ByteView(block_).first(*got));
    source.ended = *got == 0;
    if (source.ended) DCDN_CHECK(finish(source));
    DCDN_CHECK(drain(source));
    piece += *got;
    DCDN_TRY(more, source.input.wait_for(std::chrono::milliseconds(0)));
  }
  return {};
}

/// Zeros stand in for what is skipped, so that what follows stays in its place. The further it goes on, the
/// larger the steps: never more is skipped than was unreadable before it.
Result<void> ParityInput::skip_unreadable(Source& source, const Error& error) {
  const auto place = place_of(source.fd);
  if (source.next_skip == kLeastSkip)
    note(error.message + (place ? ", at byte " + std::to_string(place->first) : "") +
         ": what cannot be read counts as lost");
  if (!place || place->first >= place->second) {
    source.ended = true;
    DCDN_CHECK(finish(source));
    return drain(source);
  }
  const std::uint64_t left = place->second - place->first;
  const std::uint64_t skip = std::min(left, source.next_skip - place->first % kLeastSkip);
  source.next_skip = std::min(source.next_skip * 2, kMostSkip);
  unreadable_bytes_ += skip;
  if (::lseek(source.fd, static_cast<off_t>(skip), SEEK_CUR) < 0)
    return errno_error(errno, source.input.name() + ": seek");
  const Bytes zeros(std::min<std::uint64_t>(skip, kReadBytes));
  for (std::uint64_t done = 0; done < skip;) {
    const auto part = static_cast<std::size_t>(std::min<std::uint64_t>(zeros.size(), skip - done));
    source.reader.push(ByteView(zeros).first(part));
    DCDN_CHECK(drain(source));
    done += part;
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
