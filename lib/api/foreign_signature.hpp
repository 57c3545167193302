// foreign_signature.hpp - the signature and key files of minisign, signify and OpenSSL (dcdn-sign(1), OTHER
// PROGRAMS). Pure: text and bytes in and out; the caller reads files and hashes.
#pragma once
#include <optional>
#include <string>

#include "dcdn/sign.hpp"
#include "sign/ed25519.hpp"

namespace dcdn::api {

inline constexpr std::size_t kMaxForeignText = 16u << 10;

/// What Ed25519 was computed over.
enum class SignedForm {
  file,     ///< the bytes of the file
  blake2b,  ///< the 64 bytes of its BLAKE2b-512
};
struct ForeignSignature {
  SignatureFormat format = SignatureFormat::openssl;
  SignedForm form = SignedForm::file;
  Signature signature{};
  std::string trusted_comment;      ///< minisign
  std::optional<Signature> global;  ///< minisign: over signature and trusted comment
};

/// `message` is what the form says: for openssl and signify the file, for minisign its BLAKE2b-512.
Result<std::string> write_foreign_signature(const SecretKey& key, SignatureFormat format, ByteView message,
                                            const std::string& trusted_comment);
/// By its looks: 64 bytes, or two or four lines. error corrupt: none of these.
Result<ForeignSignature> parse_foreign_signature(ByteView file);
/// Whether both signatures in it are this key's.
bool verify_foreign_signature(const NodeId& key, const ForeignSignature& signature, ByteView message);

/// The public key as a file of that program.
std::string public_key_text(const NodeId& key, SignatureFormat format);
/// Such a file, or a node id. error corrupt: none of these; unsupported: of another algorithm.
Result<NodeId> parse_public_key(std::string_view text);

}  // namespace dcdn::api
