// field_reader.hpp - the fields of one message out of untrusted bytes, each within its range.
#pragma once
#include <fmt/format.h>

#include <limits>
#include <optional>
#include <string>

#include "base/byte_reader.hpp"
#include "dcdn/result.hpp"

namespace dcdn::wire {

/// Reads the fields of one message; remembers the first thing that is wrong.
class FieldReader {
 public:
  FieldReader(const char* message, ByteView body) : message_(message), in_(body) {}

  std::uint32_t number32() { return static_cast<std::uint32_t>(within(in_.varint(), 0, kMax32)); }
  std::uint64_t number64() { return in_.varint(); }
  std::uint64_t number(std::uint64_t least, std::uint64_t most) { return within(in_.varint(), least, most); }
  std::uint8_t byte(std::uint8_t most) {
    return static_cast<std::uint8_t>(within(in_.fixed<std::uint8_t>(), 0, most));
  }
  std::string text(std::size_t limit) { return std::string(in_.text(limit)); }
  Digest digest() { return in_.name32<Digest>(); }
  ByteView raw(std::size_t size) { return in_.raw(size); }
  std::optional<std::uint64_t> optional(std::uint64_t most) {
    const std::uint64_t plus_1 = within(in_.varint(), 0, most + 1);
    if (plus_1 == 0) return std::nullopt;
    return plus_1 - 1;
  }
  void require(bool holds) {
    if (!holds) in_.fail();
  }
  [[nodiscard]] bool ok() const { return in_.ok(); }
  [[nodiscard]] std::size_t left() const { return in_.left(); }

  template <class Message>
  Result<Message> result(Message message) {
    if (in_.finished()) return message;
    const char* what = in_.ok() ? "bytes are left over" : "cut off, out of range or not in its shortest form";
    return Error(Errc::corrupt, fmt::format("{} message: {}", message_, what));
  }

 private:
  static constexpr std::uint64_t kMax32 = std::numeric_limits<std::uint32_t>::max();

  std::uint64_t within(std::uint64_t value, std::uint64_t least, std::uint64_t most) {
    require(value >= least && value <= most);
    return in_.ok() ? value : 0;
  }

  const char* message_;
  ByteReader in_;
};

}  // namespace dcdn::wire
