// dcdn/sign.hpp - keys, and signatures over chunk streams and files; whom this user trusts is in
// dcdn/trust.hpp.
//
// Spec     dcdn-sign(1), dcdn-format(5) "SIGNATURE", "ENCRYPTION", "KEY ROTATION"
// Source   Ed25519: RFC 8032; X25519: RFC 7748; key files: PKCS#8, RFC 8410; by GnuTLS and libsodium
// Threads  calls share nothing but the files of the home; processes that change those take turns
// Memory   each call says what it holds; none grows with its input
//
// Our key, made when there is none yet, signs what comes by standard input:
//
//   dcdn::SignOptions options;
//   options.key.home = *dcdn::find_home();
//   if (auto made = dcdn::make_key(options.key); !made && made.error().code != dcdn::Errc::exists) return 1;
//   auto report = dcdn::sign_stream(options);
#pragma once
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "dcdn/home.hpp"
#include "dcdn/trust.hpp"

namespace dcdn {

/// Whose form a detached signature or a public key has.
///
/// dcdn      FILE.sig of dcdn-sign(1), FORMAT: a signed statement of name, size, digest and time
/// openssl   the 64 bytes over the file, as `openssl pkeyutl -rawin` makes and checks them
/// minisign  over the file's BLAKE2b-512, with a trusted comment; FILE.minisig
/// signify   the 64 bytes over the file, in a text
enum class SignatureFormat { dcdn, openssl, minisign, signify };

/// Which secret key to use. `file` wins over `name`.
struct KeyChoice {
  Home home;
  std::string name = "default";  ///< [A-Za-z0-9._-]{1,64}
  std::string file;              ///< a PKCS#8 PEM elsewhere; empty: keys/NAME.pem of the home
  std::string passphrase;        ///< for an encrypted key; empty: none. Not kept, not logged.
};

/// A key that is there. Holds no secret.
struct KeyInfo {
  std::string name;  ///< empty for a file elsewhere
  std::string path;
  std::string id;           ///< node id text, "dcdn1..."
  bool is_default = false;  ///< keys/default.pem is this key
  std::string revocation;   ///< make_key, rotate_key: where its revocation was put
  std::uint64_t epoch = 0;  ///< how many keys it has taken the place of, one after another
};

/// Makes keys/NAME.pem (0600, in a folder of 0700) and, when there is no default key yet, makes it the
/// default. Encrypted if there is a passphrase. The revocation of the key is made with it and kept beside:
/// move it elsewhere.
///
/// error exists      there is a key of this name, which is left alone
/// error usage       a bad name or passphrase
/// error permission  the folder can be written by others; io, no_space
DCDN_API Result<KeyInfo> make_key(const KeyChoice& choice);

/// What is known of a key without using it for anything.
///
/// error not_found   there is none; the hint makes one
/// error permission  others may read the file
/// error untrusted   the passphrase is missing or wrong
DCDN_API Result<KeyInfo> describe_key(const KeyChoice& choice);

/// What rotate_key did.
struct RotationInfo {
  KeyInfo key;           ///< the new one
  std::string old_id;    ///< node id text
  std::string old_path;  ///< where the old secret is now
  std::uint64_t epoch = 0;
};
/// Makes a new key that takes the place of this one, and the statement, signed by both, that it does. The old
/// secret is kept as keys/NAME.epoch-N.pem. A rotation that a crash cut short is finished by the next call.
///
/// error usage      a file elsewhere cannot be rotated
/// error untrusted  the key is revoked, or its passphrase is missing or wrong
DCDN_API Result<RotationInfo> rotate_key(const KeyChoice& choice);

/// The public key `id` (node id text) as the key file of another program; for SignatureFormat::dcdn the id on
/// a line. error usage: not a node id.
DCDN_API Result<std::string> public_key_text(const std::string& id, SignatureFormat format);

/// The node id of a public key file of openssl, minisign or signify, told by its content.
/// error corrupt: none of these; unsupported: of another algorithm; not_found, permission, io.
DCDN_API Result<std::string> id_of_public_key(const std::string& path);

/// Withdraws this key here and for whoever learns of it (announce_keys, every session). With `object`, a
/// path, by the revocation that was made with the key and kept there, and without the secret. Returns the
/// node id text of the key.
///
/// error corrupt    `object` is no revocation
/// error not_found, permission, untrusted   as describe_key, without `object`
DCDN_API Result<std::string> revoke_key(const KeyChoice& choice, const std::string& object);

/// Seconds since this key file was written, by this machine's clock: for a reminder, nothing else.
DCDN_API Result<std::uint64_t> key_age_s(const KeyChoice& choice);

/// Whether it can be used only with a passphrase. Asks nobody. error not_found, permission.
DCDN_API Result<bool> key_needs_passphrase(const KeyChoice& choice);

struct SignOptions {
  KeyChoice key;
  int input_fd = 0;   ///< stays the caller's
  int output_fd = 1;  ///< stays the caller's
  /// -1, or a descriptor that becomes readable when the work should stop (INT, TERM, HUP).
  int interrupt_fd = -1;
};
struct SignReport {
  std::string signer;          ///< node id text
  std::uint64_t objects = 0;   ///< whole ones
  std::uint64_t segments = 0;  ///< signed
  std::uint64_t frames = 0;    ///< read
};
/// Chunk stream in, the same with a signature frame after every segment frame out, as it flows.
///
/// memory  one frame, at most 4 MiB
/// cost    a digest of each segment and a signature for it; chunks are passed on unread
/// error corrupt      damaged input, at the first damage
/// error incomplete   the input ends inside a frame or before the final segment of an object; what came
///                    before is written and signed
/// error closed_pipe, io, no_space, interrupted; those of describe_key
DCDN_API Result<SignReport> sign_stream(const SignOptions& options);

struct VerifyOptions {
  Home home;
  /// Accepted signers: node ids or trusted names; empty: every trusted key.
  std::vector<std::string> keys;
  /// Accept keys that may sign for this project (scope "project:NAME"); empty: keys that may send.
  std::string project;
  std::size_t required = 1;              ///< how many of the accepted keys must have signed
  std::uint64_t hold_bytes = 32u << 20;  ///< how much may wait for a signature
  /// Keys that changed, a log that could not be written. On the calling thread. May be empty.
  std::function<void(const std::string&)> on_note;
  int input_fd = 0;       ///< stays the caller's
  int output_fd = 1;      ///< stays the caller's
  int interrupt_fd = -1;  ///< as SignOptions
};
struct VerifyReport {
  std::vector<std::string> signers;  ///< node ids whose signatures released something
  std::uint64_t objects = 0;         ///< whole ones
  std::uint64_t segments = 0;
  std::uint64_t chunks = 0;
  std::uint64_t bytes = 0;    ///< written
  std::uint64_t dropped = 0;  ///< frames of kinds that no signature covers, and signatures of others
};
/// Chunk stream in, its verified frames out, in the order they came. Nothing is written before an accepted
/// signature covers it, also when the end is an error. A signature covers its segment and, through the chain,
/// all before it. Statements of keys that come by count at once and are kept in the home.
///
/// memory  hold_bytes, and the digests of chunks that a segment lists and that are not here yet
/// cost    a digest of each byte; signatures that come together are checked on all cores
/// error corrupt, bad_signature   at the first bad frame
/// error untrusted   a segment is unsigned or signed by nobody accepted, or chunks belong to no signed
///                   segment
/// error incomplete  a segment or a chunk never came
/// error limit       more than hold_bytes wait for a signature
/// error closed_pipe, io, no_space, interrupted
DCDN_API Result<VerifyReport> verify_stream(const VerifyOptions& options);

struct EncryptOptions {
  Home home;
  /// Trusted names, node ids, public key files (openssl, minisign, signify); at most 255.
  std::vector<std::string> to;
  int input_fd = 0;       ///< stays the caller's
  int output_fd = 1;      ///< stays the caller's
  int interrupt_fd = -1;  ///< as SignOptions
};
struct EncryptReport {
  std::vector<std::string> recipients;  ///< node id texts
  std::uint64_t bytes = 0;              ///< written
};
/// Any bytes in, usually a chunk stream; a chunk stream with one object out, whose content only the
/// recipients can read (dcdn-format(5), ENCRYPTION).
///
/// memory  a few segments
/// error usage       nobody to encrypt to, or too many
/// error not_found   no such key; untrusted: it is revoked
/// error closed_pipe, io, no_space, interrupted
DCDN_API Result<EncryptReport> encrypt_stream(const EncryptOptions& options);

struct DecryptOptions {
  /// None: every key of the home that needs no passphrase, also those that were replaced.
  std::optional<KeyChoice> key;
  Home home;
  int input_fd = 0;       ///< stays the caller's
  int output_fd = 1;      ///< stays the caller's
  int interrupt_fd = -1;  ///< as SignOptions
};
struct DecryptReport {
  std::uint64_t bytes = 0;  ///< written
};
/// What encrypt_stream made, or the bare content of such an object, in; what was encrypted out. What is
/// written is authentic and in order, also when the end is an error.
///
/// memory  one sealed piece, at most 1 MiB, and what waits for its place
/// error untrusted   it is encrypted for none of the keys
/// error corrupt     altered, reordered or not encrypted
/// error incomplete  cut off
/// error closed_pipe, io, no_space, interrupted
DCDN_API Result<DecryptReport> decrypt_stream(const DecryptOptions& options);

/// A signature over a file, made or found good.
struct FileSignature {
  std::string path;            ///< of the signed file
  std::string signature_path;  ///< of the signature
  SignatureFormat format = SignatureFormat::dcdn;
  std::string digest;        ///< dcdn: BLAKE3, 64 hexadecimal digits
  std::string signer;        ///< node id text
  std::string signer_name;   ///< trusted name, if it has one
  std::uint64_t size = 0;    ///< bytes
  std::uint64_t time_s = 0;  ///< dcdn: signer's clock, seconds since 1970; decides nothing
  std::string comment;       ///< minisign: the trusted comment
};
/// Writes PATH.sig (minisign: PATH.minisig) beside every path.
///
/// cost  each file is read once; nothing of it is kept
/// error exists  one is there already (then none is written), unless `overwrite`
/// error not_found, permission, io, no_space; those of describe_key
DCDN_API Result<std::vector<FileSignature>> sign_files(const KeyChoice& choice,
                                                       const std::vector<std::string>& paths, bool overwrite,
                                                       SignatureFormat format = SignatureFormat::dcdn);
/// Checks a signature of any format; which is told by its content.
///
/// keys            as in VerifyOptions
/// signature_path  empty: PATH.sig, or PATH.minisig if only that is there
/// on_note         a log that could not be written; may be empty
/// error corrupt        not such a signature, or the file is not what was signed
/// error bad_signature  it is not this signer's
/// error untrusted      the signer is not accepted
/// error not_found, permission, io
DCDN_API Result<FileSignature> verify_file(const Home& home, const std::vector<std::string>& keys,
                                           const std::string& path, const std::string& signature_path,
                                           const std::function<void(const std::string&)>& on_note = {});

}  // namespace dcdn
