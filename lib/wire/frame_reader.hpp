// frame_reader.hpp - bytes in, frames out; finds the next frame again after damage (dcdn-format(5),
// RESYNCHRONISATION).
#pragma once
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "wire/frame.hpp"

namespace dcdn::wire {

/// strict: damage is an error (a QUIC stream cannot be damaged by accident). recover: damage is reported and
/// skipped.
enum class OnDamage { strict, recover };

struct NeedInput {};
/// `bytes` of input that belong to no intact frame were skipped.
struct Damage {
  std::uint64_t offset = 0;  ///< of the first skipped byte, in the whole input
  std::uint64_t bytes = 0;
  bool operator==(const Damage&) const = default;
};
using ReadStep = std::variant<NeedInput, Frame, Damage>;

/// Pure: no I/O. Holds at most one unfinished frame plus what one push brought; of that frame four times what
/// came of it (at most kMaxBody), whatever its header claims. Making one allocates nothing: there is one for
/// every stream of a session. Unknown types come out as frames like any other: the caller skips them.
class FrameReader {
 public:
  FrameReader(OnDamage on_damage, BufferPool& pool);
  ~FrameReader();
  FrameReader(FrameReader&&) noexcept;
  FrameReader& operator=(FrameReader&&) noexcept;

  /// Takes all of `bytes`; each body is copied once, into a buffer of its own. Call next() until NeedInput
  /// before the next push, or memory grows by what is pushed. Not after finish().
  void push(ByteView bytes);
  /// The next thing found. One Damage per gap, given when the gap ends. An error is given again by every
  /// later call. error corrupt      (strict) bad magic, header check, body check or length over the limit of
  /// its type error unsupported  an intact header of another version where a frame must start (in recover
  /// mode such a header
  ///                    inside damaged bytes is damage: it may be part of a body)
  Result<ReadStep> next();
  /// The input has ended: what is left over is Damage (recover) or corrupt "truncated" (strict); nullopt if
  /// nothing is. Call it when next() says NeedInput. In recover mode, call next() again afterwards until
  /// NeedInput: whole frames within the claimed length of a cut-off frame come to light only now.
  Result<std::optional<Damage>> finish();
  /// Bytes taken in and not yet given out (skipped bytes are not held).
  [[nodiscard]] std::size_t pending_bytes() const;
  /// Whether the first four bytes of an input are this format's magic.
  static bool looks_like_stream(ByteView first_bytes);

 private:
  enum class Verdict { intact, damaged, stop };

  void scan(ByteView in);
  std::size_t read_in_place(ByteView in);
  std::size_t top_up_header(ByteView in);
  std::size_t collect_body(ByteView in);
  Verdict judge_header(ByteView header);
  void start_body();
  void make_room(std::size_t bytes);  // in body_
  void body_collected();
  bool claim_too_costly();
  void give_frame(Buffer body);
  void skip(std::size_t bytes);
  void give_damage();
  std::size_t lose(std::size_t bytes, const char* what);
  Verdict damaged(const char* what);
  void fail(Errc code, const std::string& what);

  BufferPool* pool_;
  OnDamage on_damage_;
  bool ended_ = false;
  bool collecting_ = false;       // body_ is being filled
  std::uint8_t header_fill_ = 0;  // bytes of an unfinished header in header_
  std::array<std::uint8_t, kHeaderBytes> header_{};
  FrameHeader frame_{};  // of the last intact header
  Buffer body_;
  std::size_t body_fill_ = 0;
  std::uint64_t at_ = 0;             // offset of the first byte not yet given or skipped
  std::uint64_t claimed_bytes_ = 0;  // bodies checked in vain, see claim_too_costly
  Damage gap_;                       // skipped and not yet reported
  std::vector<ReadStep> found_;
  std::size_t next_found_ = 0;
  std::size_t found_bytes_ = 0;
  std::optional<Error> error_;
};

}  // namespace dcdn::wire
