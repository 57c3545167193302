// foreign_signature.hpp - the signature files of minisign, signify and OpenSSL (dcdn-sign(1), OTHER
// PROGRAMS). Pure: text and bytes in and out; the caller reads files and hashes.
#pragma once
#include <optional>
#include <string>

#include "dcdn/sign.hpp"
#include "sign/ed25519.hpp"

namespace dcdn::api {

/// What Ed25519 was computed over.
enum class SignedForm {
  file,     ///< the bytes of the file
  blake2b,  ///< the 64 bytes of its BLAKE2b-512
};
struct ForeignSignature {
  SignatureFormat format = SignatureFormat::openssl;
  SignedForm form = SignedForm::file;
  sign::Signature signature{};
  std::string trusted_comment;            ///< minisign
  std::optional<sign::Signature> global;  ///< minisign: over signature and trusted comment
};

/// `message` is what the form says: for openssl and signify the file, for minisign its BLAKE2b-512.
Result<std::string> write_foreign_signature(const sign::SecretKey& key, SignatureFormat format,
                                            ByteView message, const std::string& trusted_comment);
/// By its looks: 64 bytes, or two or four lines. error corrupt: none of these.
Result<ForeignSignature> parse_foreign_signature(ByteView file);
/// Whether both signatures in it are this key's.
bool verify_foreign_signature(const NodeId& key, const ForeignSignature& signature, ByteView message);

}  // namespace dcdn::api
