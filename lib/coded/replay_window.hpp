// replay_window.hpp - packet numbers: 64 bits counted, 32 on the wire, each accepted once (as RFC 9000
// appendix A.3 and RFC 4303 section 3.4.3 do it).
#pragma once
#include <array>
#include <cstddef>
#include <cstdint>

namespace dcdn::coded {

class ReplayWindow {
 public:
  /// The whole number of a packet: the one nearest to the next expected with these lowest bits. Not authentic
  /// yet.
  [[nodiscard]] std::uint64_t expand(std::uint32_t low) const;
  /// False: seen already, or so old that nobody can tell.
  [[nodiscard]] bool is_fresh(std::uint64_t number) const;
  /// The packet was authentic.
  void accept(std::uint64_t number);
  /// Highest accepted + 1.
  [[nodiscard]] std::uint64_t next() const { return next_; }

 private:
  // Reordering on a path of 1 Gbit/s and 100 ms of jitter: 10,000 packets.
  static constexpr std::size_t kSpan = 16384;
  [[nodiscard]] bool bit(std::uint64_t number) const;
  void set(std::uint64_t number, bool value);

  std::uint64_t next_ = 0;
  std::array<std::uint64_t, kSpan / 64> seen_{};
};

}  // namespace dcdn::coded
