// frame_reader.hpp - bytes in, frames out; finds the next frame again after damage (dcdn-format(5), RESYNCHRONISATION).
#pragma once
#include <optional>
#include <variant>

#include "wire/frame.hpp"

namespace dcdn::wire {

/// strict: damage is an error (a QUIC stream cannot be damaged by accident). recover: damage is reported and skipped.
enum class OnDamage { strict, recover };

struct NeedInput {};
/// `bytes` of input that belong to no intact frame were skipped.
struct Damage {
  std::uint64_t offset = 0;  ///< of the first skipped byte, in the whole input
  std::uint64_t bytes = 0;
};
using ReadStep = std::variant<NeedInput, Frame, Damage>;

/// Pure: no I/O. Holds at most one frame (kMaxBody) plus what one push brought.
/// Unknown types come out as frames like any other: the caller skips them.
class FrameReader {
 public:
  FrameReader(OnDamage on_damage, BufferPool& pool);
  ~FrameReader();
  FrameReader(FrameReader&&) noexcept;
  FrameReader& operator=(FrameReader&&) noexcept;

  /// Takes all of `bytes`. Call next() until NeedInput before the next push, or memory grows by what is pushed.
  void push(ByteView bytes);
  /// The next thing found.
  /// error corrupt      (strict) bad magic, header check, body check or length over the limit of its type
  /// error unsupported  an intact header of another version
  Result<ReadStep> next();
  /// The input has ended: what is left over is Damage (recover) or corrupt "truncated" (strict); nullopt if nothing is.
  Result<std::optional<Damage>> finish();
  /// Bytes taken in and not yet given out.
  [[nodiscard]] std::size_t pending_bytes() const;
  /// Whether the first four bytes of an input are this format's magic.
  static bool looks_like_stream(ByteView first_bytes);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace dcdn::wire
