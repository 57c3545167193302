// byte_reader.hpp - the only way this project takes integers out of untrusted bytes.
//
// Every read checks what is left; after the first failure all reads fail, so a parser may read a whole record
// and ask ok() once. Nothing is ever cast from wire memory.
#pragma once
#include <concepts>
#include <string_view>

#include "dcdn/bytes.hpp"

namespace dcdn {

class ByteReader {
 public:
  explicit ByteReader(ByteView bytes) : bytes_(bytes) {}

  [[nodiscard]] bool ok() const { return ok_; }
  [[nodiscard]] std::size_t left() const { return bytes_.size() - at_; }
  [[nodiscard]] std::size_t position() const { return at_; }
  /// ok() and every byte was used.
  [[nodiscard]] bool finished() const { return ok_ && left() == 0; }

  template <std::unsigned_integral T>
  T fixed() {
    if (!need(sizeof(T))) return 0;
    T value = 0;
    for (std::size_t i = 0; i < sizeof(T); ++i)
      value = static_cast<T>(value | static_cast<T>(static_cast<T>(bytes_[at_ + i]) << (8 * i)));
    at_ += sizeof(T);
    return value;
  }
  /// LEB128 of at most 64 bits; a longer or not shortest form fails (one value, one encoding).
  std::uint64_t varint() {
    std::uint64_t value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
      if (!need(1)) return 0;
      const std::uint8_t byte = bytes_[at_++];
      if (shift == 63 && byte > 1) break;
      value |= static_cast<std::uint64_t>(byte & 0x7f) << shift;
      if (byte < 0x80) {
        if (byte == 0 && shift != 0) break;
        return value;
      }
    }
    ok_ = false;
    return 0;
  }
  /// `size` bytes, viewed in place; empty on failure.
  ByteView raw(std::size_t size) {
    if (!need(size)) return {};
    ByteView view = bytes_.subspan(at_, size);
    at_ += size;
    return view;
  }
  /// varint length of at most `limit`, then that many bytes.
  ByteView prefixed(std::size_t limit) {
    const std::uint64_t size = varint();
    if (size > limit) ok_ = false;
    return ok_ ? raw(static_cast<std::size_t>(size)) : ByteView{};
  }
  std::string_view text(std::size_t limit) { return as_text(prefixed(limit)); }
  template <class Name>
  Name name32() {
    ByteView view = raw(32);
    return ok_ ? Name::copy_of(view) : Name{};
  }
  void fail() { ok_ = false; }

 private:
  bool need(std::size_t size) {
    if (!ok_ || left() < size) ok_ = false;
    return ok_;
  }
  ByteView bytes_;
  std::size_t at_ = 0;
  bool ok_ = true;
};

}  // namespace dcdn
