// dcdn/sign.hpp - keys, and signatures over chunk streams and files; whom this user trusts is in
// dcdn/trust.hpp.
//
// Spec     dcdn-sign(1), dcdn-format(5) "SIGNATURE"
// Threads  calls share nothing but the files of the home
#pragma once
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "dcdn/home.hpp"
#include "dcdn/trust.hpp"

namespace dcdn {

/// Whose form a detached signature or a public key has. dcdn: FILE.sig of dcdn-sign(1), FORMAT; openssl: the
/// 64 bytes over the file; signify: those in a text; minisign: over the file's BLAKE2b-512, with a trusted
/// comment.
enum class SignatureFormat { dcdn, openssl, minisign, signify };

/// Which secret key to use. `file` wins over `name`.
struct KeyChoice {
  Home home;
  std::string name = "default";
  std::string file;        ///< a PKCS#8 PEM elsewhere; empty: keys/NAME.pem of the home
  std::string passphrase;  ///< for an encrypted key; empty: none
};

struct KeyInfo {
  std::string name;  ///< empty for a file elsewhere
  std::string path;
  std::string id;  ///< node id text
  bool is_default = false;
  std::string revocation;  ///< make_key, rotate_key: where its revocation was put
  std::uint64_t epoch = 0;
};

/// Makes keys/NAME.pem and, when there is no default key yet, makes it the default. Encrypted if there is a
/// passphrase. error exists: there is a key of this name, which is left alone; usage: bad name or passphrase.
DCDN_API Result<KeyInfo> make_key(const KeyChoice& choice);
/// error not_found; permission: others may read the file; untrusted: passphrase missing or wrong.
DCDN_API Result<KeyInfo> describe_key(const KeyChoice& choice);
/// Makes a new key that takes the place of this one, and the statement, signed by both, that it does. The old
/// secret is kept as keys/NAME.epoch-N.pem. A rotation that a crash cut short is finished by the next call.
struct RotationInfo {
  KeyInfo key;           ///< the new one
  std::string old_id;    ///< node id text
  std::string old_path;  ///< where the old secret is now
  std::uint64_t epoch = 0;
};
/// error usage: a file elsewhere cannot be rotated; untrusted: it is revoked.
DCDN_API Result<RotationInfo> rotate_key(const KeyChoice& choice);
/// The public key in the form of another program.
DCDN_API Result<std::string> public_key_text(const std::string& id, SignatureFormat format);
/// The node id of a public key file of openssl, minisign or signify.
DCDN_API Result<std::string> id_of_public_key(const std::string& path);

/// Withdraws this key here and for whoever learns of it (announce_keys). With `object`, a path, by the
/// revocation that was made with the key and kept there, and without the secret. Returns the node id text of
/// the key.
DCDN_API Result<std::string> revoke_key(const KeyChoice& choice, const std::string& object);
/// Seconds since this key file was written, by this machine's clock: for a reminder, nothing else.
DCDN_API Result<std::uint64_t> key_age_s(const KeyChoice& choice);
/// Whether it can be used only with a passphrase.
DCDN_API Result<bool> key_needs_passphrase(const KeyChoice& choice);

struct SignOptions {
  KeyChoice key;
  int input_fd = 0;
  int output_fd = 1;
  int interrupt_fd = -1;  ///< becomes readable on INT/TERM/HUP
};
struct SignReport {
  std::string signer;  ///< node id text
  std::uint64_t objects = 0;
  std::uint64_t segments = 0;
  std::uint64_t frames = 0;  ///< read
};
/// Chunk stream in, the same with a signature frame after every segment frame out. Holds one frame.
/// error corrupt: damaged input, at the first damage; incomplete: the input ends inside a frame or before the
/// final segment of an object (what came before is written and signed).
DCDN_API Result<SignReport> sign_stream(const SignOptions& options);

struct VerifyOptions {
  Home home;
  std::vector<std::string> keys;  ///< accepted signers: node ids or trusted names; empty: every trusted key
  std::string project;            ///< accept keys that may sign for this project; empty: keys that may send
  std::size_t required = 1;       ///< how many of the accepted keys must have signed
  std::uint64_t hold_bytes = 32u << 20;             ///< how much may wait for a signature
  std::function<void(const std::string&)> on_note;  ///< keys that changed, a log that could not be written
  int input_fd = 0;
  int output_fd = 1;
  int interrupt_fd = -1;
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
/// signature covers it, also when the end is an error.
/// error corrupt, bad_signature: at the first bad frame; untrusted: a segment is unsigned or signed by nobody
/// accepted, or chunks belong to no signed segment; incomplete: a segment or a chunk never came; limit: more
/// than hold_bytes wait for a signature.
DCDN_API Result<VerifyReport> verify_stream(const VerifyOptions& options);

struct EncryptOptions {
  Home home;
  std::vector<std::string> to;  ///< trusted names, node ids, public key files (openssl, minisign, signify)
  int input_fd = 0;
  int output_fd = 1;
  int interrupt_fd = -1;
};
struct EncryptReport {
  std::vector<std::string> recipients;  ///< node id texts
  std::uint64_t bytes = 0;              ///< written
};
/// Any bytes in, usually a chunk stream; a chunk stream with one object out, whose content only the
/// recipients can read (dcdn-format(5), ENCRYPTION). Holds a few segments.
/// error not_found: no such key; untrusted: it is revoked.
DCDN_API Result<EncryptReport> encrypt_stream(const EncryptOptions& options);

struct DecryptOptions {
  std::optional<KeyChoice> key;  ///< none: every key of the home that needs no passphrase
  Home home;
  int input_fd = 0;
  int output_fd = 1;
  int interrupt_fd = -1;
};
struct DecryptReport {
  std::uint64_t bytes = 0;  ///< written
};
/// What encrypt_stream made, or the bare content of such an object, in; what was encrypted out. What is
/// written is authentic and in order, also when the end is an error.
/// error untrusted: for none of the keys; corrupt: altered, reordered or not encrypted; incomplete: cut off.
DCDN_API Result<DecryptReport> decrypt_stream(const DecryptOptions& options);

/// A signature over a file.
struct FileSignature {
  std::string path;            ///< of the signed file
  std::string signature_path;  ///< of the signature
  SignatureFormat format = SignatureFormat::dcdn;
  std::string digest;        ///< dcdn: BLAKE3, 64 hexadecimal digits
  std::string signer;        ///< node id text
  std::string signer_name;   ///< trusted name, if it has one
  std::uint64_t size = 0;    ///< bytes
  std::uint64_t time_s = 0;  ///< dcdn: signer's clock, since 1970
  std::string comment;       ///< minisign: the trusted comment
};
/// Writes PATH.sig (minisign: PATH.minisig) beside every path. error exists: one is there already (then none
/// is written), unless `overwrite`.
DCDN_API Result<std::vector<FileSignature>> sign_files(const KeyChoice& choice,
                                                       const std::vector<std::string>& paths, bool overwrite,
                                                       SignatureFormat format = SignatureFormat::dcdn);
/// Of any format; which is told by its content. `signature_path` empty: PATH.sig, or PATH.minisig if only
/// that is there. `keys` as in VerifyOptions. error corrupt: not such a signature, or the file is not what
/// was signed; bad_signature; untrusted.
DCDN_API Result<FileSignature> verify_file(const Home& home, const std::vector<std::string>& keys,
                                           const std::string& path, const std::string& signature_path,
                                           const std::function<void(const std::string&)>& on_note = {});

}  // namespace dcdn
