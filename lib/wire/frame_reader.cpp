#include "wire/frame_reader.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/byte_reader.hpp"
#include "base/checksum.hpp"

namespace dcdn::wire {

namespace {

// A body below this is allocated to measure: a pool block is 4 KiB, and a push may bring thousands of tiny
// frames.
constexpr std::size_t kPooledFrom = 2048;
// How many bytes of bodies may be checked in vain for one byte of input. Honest damage stays near 1; forged
// headers that each claim a long body would otherwise cost kMaxBody of hashing for 24 bytes.
constexpr std::uint64_t kVainPerByte = 64;

constexpr const char* kBodyDamaged = "the body does not match its check";

// Of a body that is collected, room for this much more than came: a header alone must not cost what it
// claims.
constexpr std::size_t kRoomFactor = 4;
constexpr std::size_t kLeastRoom = 256;

Buffer buffer_for(std::size_t size, BufferPool& pool) {
  return size < kPooledFrom ? Buffer::allocate(size) : pool.take(size);
}

bool starts_like_magic(ByteView bytes) {
  return std::equal(bytes.begin(),
                    bytes.begin() + static_cast<std::ptrdiff_t>(std::min(bytes.size(), kMagic.size())),
                    kMagic.begin());
}

// Where a frame may start: the first place that matches the magic as far as there are bytes; else the end.
std::size_t find_start(ByteView in) {
  std::size_t at = 0;
  while (at < in.size()) {
    const void* hit = std::memchr(in.data() + at, kMagic[0], in.size() - at);
    if (hit == nullptr) return in.size();
    at = static_cast<std::size_t>(static_cast<const std::uint8_t*>(hit) - in.data());
    if (starts_like_magic(in.subspan(at))) return at;
    ++at;
  }
  return in.size();
}

bool body_intact(const FrameHeader& frame, ByteView body) {
  return static_cast<std::uint32_t>(xxh3_64(body)) == frame.body_check;
}

}  // namespace

FrameReader::FrameReader(OnDamage on_damage, BufferPool& pool) : pool_(&pool), on_damage_(on_damage) {}
FrameReader::~FrameReader() = default;
FrameReader::FrameReader(FrameReader&&) noexcept = default;
FrameReader& FrameReader::operator=(FrameReader&&) noexcept = default;

bool FrameReader::looks_like_stream(ByteView first_bytes) {
  return first_bytes.size() >= kMagic.size() && starts_like_magic(first_bytes);
}

void FrameReader::push(ByteView bytes) {
  scan(bytes);
}

void FrameReader::scan(ByteView in) {
  while (!in.empty() && !error_) {
    std::size_t used = 0;
    if (collecting_)
      used = collect_body(in);
    else if (header_fill_ > 0)
      used = top_up_header(in);
    else
      used = read_in_place(in);
    in = in.subspan(used);
  }
}

// The usual way: header and body lie in the input, and only the body is copied.
std::size_t FrameReader::read_in_place(ByteView in) {
  const std::size_t start = find_start(in);
  if (start > 0) return lose(start, "no frame starts here");
  if (in.size() < kHeaderBytes) {
    std::copy(in.begin(), in.end(), header_.begin());
    header_fill_ = static_cast<std::uint8_t>(in.size());
    return in.size();
  }
  const Verdict verdict = judge_header(in.first(kHeaderBytes));
  if (verdict == Verdict::stop) return 0;
  if (verdict == Verdict::damaged) return lose(1, "");
  const ByteView rest = in.subspan(kHeaderBytes);
  if (rest.size() < frame_.body_bytes) {
    if (ended_) return lose(kHeaderBytes, "");
    start_body();
    return kHeaderBytes;
  }
  const ByteView body = rest.first(frame_.body_bytes);
  if (body_intact(frame_, body)) {
    Buffer copy = buffer_for(body.size(), *pool_);
    if (!body.empty()) std::memcpy(copy.writable().data(), body.data(), body.size());
    give_frame(std::move(copy));
    return kHeaderBytes + body.size();
  }
  return lose(kHeaderBytes + (claim_too_costly() ? body.size() : 0), kBodyDamaged);
}

std::size_t FrameReader::top_up_header(ByteView in) {
  const std::size_t used = std::min(in.size(), kHeaderBytes - header_fill_);
  std::copy_n(in.begin(), used, header_.begin() + header_fill_);
  header_fill_ = static_cast<std::uint8_t>(header_fill_ + used);
  const ByteView have = ByteView(header_).first(header_fill_);
  std::size_t lost = find_start(have);
  if (lost == 0 && have.size() == kHeaderBytes) {
    const Verdict verdict = judge_header(have);
    if (verdict == Verdict::stop) return 0;
    if (verdict == Verdict::intact) {
      header_fill_ = 0;
      start_body();
      return used;
    }
    lost = 1 + find_start(have.subspan(1));
  }
  if (lost == 0 || lose(lost, "no frame starts here") == 0) return used;
  std::copy(header_.begin() + static_cast<std::ptrdiff_t>(lost), header_.begin() + header_fill_,
            header_.begin());
  header_fill_ = static_cast<std::uint8_t>(header_fill_ - lost);
  return used;
}

FrameReader::Verdict FrameReader::judge_header(ByteView header) {
  ByteReader reader(header);
  reader.raw(kMagic.size());
  const auto version = reader.fixed<std::uint8_t>();
  frame_.type = static_cast<FrameType>(reader.fixed<std::uint8_t>());
  reader.fixed<std::uint16_t>();  // flags: version 1 defines none and ignores them all
  frame_.body_bytes = reader.fixed<std::uint32_t>();
  frame_.body_check = reader.fixed<std::uint32_t>();
  if (reader.fixed<std::uint64_t>() != xxh3_64(header.first(16))) {
    return damaged("the header does not match its check");
  }
  if (version != kVersion) {
    if (on_damage_ == OnDamage::recover && gap_.bytes > 0) return Verdict::damaged;
    fail(Errc::unsupported,
         fmt::format("version {} of the format, this program reads {}", version, kVersion));
    return Verdict::stop;
  }
  if (frame_.body_bytes > body_limit(frame_.type)) return damaged("the body is longer than its type allows");
  return Verdict::intact;
}

FrameReader::Verdict FrameReader::damaged(const char* what) {
  if (on_damage_ == OnDamage::recover) return Verdict::damaged;
  fail(Errc::corrupt, what);
  return Verdict::stop;
}

void FrameReader::start_body() {
  body_ = frame_.body_bytes == 0 ? Buffer::allocate(0) : Buffer();
  body_fill_ = 0;
  collecting_ = true;
  if (frame_.body_bytes == 0) body_collected();
}

void FrameReader::make_room(std::size_t bytes) {
  if (bytes <= body_.size()) return;
  const std::size_t room = std::max(bytes * kRoomFactor, kLeastRoom);
  Buffer larger = buffer_for(std::min<std::size_t>(room, frame_.body_bytes), *pool_);
  if (body_fill_ > 0) std::memcpy(larger.writable().data(), body_.view().data(), body_fill_);
  body_ = std::move(larger);
}

std::size_t FrameReader::collect_body(ByteView in) {
  const std::size_t used = std::min<std::size_t>(in.size(), frame_.body_bytes - body_fill_);
  make_room(body_fill_ + used);
  std::memcpy(body_.writable().data() + body_fill_, in.data(), used);
  body_fill_ += used;
  if (body_fill_ == frame_.body_bytes) body_collected();
  return used;
}

void FrameReader::body_collected() {
  collecting_ = false;
  Buffer body = std::move(body_);
  body_ = Buffer();
  body_fill_ = 0;
  if (body_intact(frame_, body.view())) return give_frame(std::move(body));
  if (on_damage_ == OnDamage::strict) return fail(Errc::corrupt, kBodyDamaged);
  const bool pass_over = claim_too_costly();
  skip(kHeaderBytes);
  if (pass_over) return skip(body.size());
  // What the header claimed may hold whole frames (bytes were lost in between). This cannot nest: a frame
  // that starts in these bytes is either whole in them, or takes all the rest and is collected when we are
  // back in the caller.
  scan(body.view());
}

bool FrameReader::claim_too_costly() {
  claimed_bytes_ += frame_.body_bytes;
  return claimed_bytes_ > kVainPerByte * (at_ + kMaxBody);
}

void FrameReader::give_frame(Buffer body) {
  give_damage();
  at_ += kHeaderBytes + body.size();
  found_bytes_ += kHeaderBytes + body.size();
  found_.emplace_back(Frame{frame_.type, std::move(body)});
}

void FrameReader::skip(std::size_t bytes) {
  if (gap_.bytes == 0) gap_.offset = at_;
  gap_.bytes += bytes;
  at_ += bytes;
}

// What damage costs: `bytes` of input, or in strict mode the whole input (then 0).
std::size_t FrameReader::lose(std::size_t bytes, const char* what) {
  if (on_damage_ == OnDamage::recover) {
    skip(bytes);
    return bytes;
  }
  fail(Errc::corrupt, what);
  return 0;
}

void FrameReader::give_damage() {
  if (gap_.bytes > 0) found_.emplace_back(gap_);
  gap_ = {};
}

void FrameReader::fail(Errc code, const std::string& what) {
  error_ = Error(code, fmt::format("frame at byte {}: {}", at_, what));
}

Result<ReadStep> FrameReader::next() {
  if (next_found_ < found_.size()) {
    ReadStep step = std::move(found_[next_found_++]);
    if (const auto* frame = std::get_if<Frame>(&step)) found_bytes_ -= kHeaderBytes + frame->body.size();
    return step;
  }
  found_.clear();
  next_found_ = 0;
  if (error_) return *error_;
  return ReadStep(NeedInput{});
}

Result<std::optional<Damage>> FrameReader::finish() {
  if (on_damage_ == OnDamage::strict && (collecting_ || header_fill_ > 0) && !error_)
    fail(Errc::corrupt, "truncated: the input ends inside it");
  if (error_) return *error_;
  ended_ = true;
  const std::size_t known = found_.size();
  if (collecting_) {
    collecting_ = false;
    const Buffer body = std::move(body_);
    body_ = Buffer();
    skip(kHeaderBytes);
    scan(body.view().first(std::exchange(body_fill_, 0)));
  }
  if (header_fill_ > 0) skip(std::exchange(header_fill_, std::uint8_t{0}));
  if (error_) return *error_;
  give_damage();
  if (found_.size() == known || known != next_found_) return std::optional<Damage>();
  const auto* first = std::get_if<Damage>(&found_[known]);
  if (first == nullptr) return std::optional<Damage>();
  const Damage damage = *first;
  ++next_found_;
  return std::optional<Damage>(damage);
}

std::size_t FrameReader::pending_bytes() const {
  return found_bytes_ + header_fill_ + (collecting_ ? kHeaderBytes + body_fill_ : 0);
}

}  // namespace dcdn::wire
