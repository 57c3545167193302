// dcdn/sign.hpp - keys, signatures over chunk streams and files, and whom this user trusts.
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

namespace dcdn {

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
};

/// Makes keys/NAME.pem and, when there is no default key yet, makes it the default. Encrypted if there is a
/// passphrase. error exists: there is a key of this name, which is left alone; usage: bad name or passphrase.
DCDN_API Result<KeyInfo> make_key(const KeyChoice& choice);
/// error not_found; permission: others may read the file; untrusted: passphrase missing or wrong.
DCDN_API Result<KeyInfo> describe_key(const KeyChoice& choice);
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
  std::uint64_t hold_bytes = 32u << 20;  ///< how much may wait for a signature
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

/// A signature over a file, as the text file FILE.sig has it (dcdn-sign(1), FORMAT).
struct FileSignature {
  std::string path;            ///< of the signed file
  std::string signature_path;  ///< of the signature
  std::string digest;          ///< BLAKE3, 64 hexadecimal digits
  std::string signer;          ///< node id text
  std::string signer_name;     ///< trusted name, if it has one
  std::uint64_t size = 0;      ///< bytes
  std::uint64_t time_s = 0;    ///< signer's clock, since 1970
};
/// Writes PATH.sig beside every path. error exists: one is there already (then none is written), unless
/// `overwrite`.
DCDN_API Result<std::vector<FileSignature>> sign_files(const KeyChoice& choice,
                                                       const std::vector<std::string>& paths, bool overwrite);
/// `signature_path` empty: PATH.sig. `keys` as in VerifyOptions.
/// error corrupt: not such a signature, or the file is not what was signed; bad_signature; untrusted.
DCDN_API Result<FileSignature> verify_file(const Home& home, const std::vector<std::string>& keys,
                                           const std::string& path, const std::string& signature_path);

struct TrustedName {
  std::string name;  ///< [A-Za-z0-9._-]{1,64}
  std::string id;    ///< node id text
};
/// error exists: the name stands for another key. True if it is new.
DCDN_API Result<bool> trust_key(const Home& home, const std::string& name, const std::string& id);
DCDN_API Result<std::vector<TrustedName>> trusted_keys(const Home& home);
/// Every name of a key when given its id; returns how many. error not_found.
DCDN_API Result<int> distrust_key(const Home& home, const std::string& name_or_id);

}  // namespace dcdn
