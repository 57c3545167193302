// sealed_content.hpp - the content of an encrypted object: a header that holds the key for each recipient,
// then sealed pieces (dcdn-format(5), ENCRYPTION). Pure.
#pragma once
#include <functional>
#include <vector>

#include "sign/ed25519.hpp"
#include "sign/sealing.hpp"

namespace dcdn::pipeline {

inline constexpr std::size_t kSealedPiece = 64u << 10;              ///< plain bytes of a piece that we write
inline constexpr std::size_t kMaxSealedPiece = 1u << 20;            ///< of one that we read
inline constexpr std::size_t kMaxRecipients = 255;                  ///< of one object
inline constexpr std::size_t kSealedFixedBytes = 17 + 1 + 32 + 32;  ///< of the header, before the keys

/// Whether content that begins so is encrypted; `first_bytes` are at least 17, or all there are.
bool looks_sealed(ByteView first_bytes);

/// Plain bytes to sealed ones.
class ContentSealer {
 public:
  /// `secret` is known to nobody else. The same secret, recipients and pieces give the same bytes, so that
  /// an interrupted transfer can go on; other pieces under the same secret are as safe as under another.
  /// error usage: no recipient, too many, or one that is no public key.
  static Result<ContentSealer> make(const std::vector<NodeId>& recipients, const sign::Secret& secret);
  /// What comes before the first piece.
  [[nodiscard]] const Bytes& header() const { return header_; }
  /// Appends one piece to `out`. `plain` has at most kMaxSealedPiece bytes; only the last piece may be empty.
  Result<void> seal(ByteView plain, bool last, Bytes& out);

 private:
  ContentSealer() = default;
  Bytes header_;
  sign::Secret payload_key_;
  sign::Secret salt_key_;
  std::uint64_t next_ = 0;
};

/// Sealed bytes, in pieces of any size, to plain ones. What it gives is authentic, in order and without a
/// gap; that it is all shows in finish(). Contents that follow each other are opened one after the other.
class ContentOpener {
 public:
  using Put = std::function<Result<void>(ByteView)>;
  explicit ContentOpener(std::vector<sign::SecretKey> keys) : keys_(std::move(keys)) {}
  /// Holds at most one piece. error corrupt: not encrypted content, or altered; unsupported: of a later
  /// version; untrusted: for none of the keys; and those of `put`.
  Result<void> push(ByteView bytes, const Put& put);
  /// error incomplete: the end is missing.
  Result<void> finish() const;

 private:
  enum class State { header, pieces, ended };
  Result<bool> step(const Put& put);
  Result<bool> read_header();
  Result<bool> read_piece(const Put& put);
  Result<void> open_header(ByteView header);
  [[nodiscard]] Result<sign::Secret> content_key(const sign::AgreementKey& ephemeral, ByteView wraps) const;
  [[nodiscard]] ByteView here() const { return ByteView(held_).subspan(used_); }
  void drop_used();

  std::vector<sign::SecretKey> keys_;
  State state_ = State::header;
  Bytes held_;
  std::size_t used_ = 0;  // of held_
  Bytes plain_;
  sign::Secret payload_key_;
  std::uint64_t next_ = 0;  // piece
};

}  // namespace dcdn::pipeline
