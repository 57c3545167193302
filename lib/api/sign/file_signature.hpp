// file_signature.hpp - the text of FILE.sig (dcdn-sign(1), FORMAT). Pure.
#pragma once
#include <string>
#include <string_view>

#include "sign/ed25519.hpp"

namespace dcdn::api {

inline constexpr std::size_t kMaxFileSignature = 4096;

struct FileStatement {
  std::uint64_t size = 0;
  Digest digest;
  NodeId signer;
  std::uint64_t time_s = 0;
};

/// The statement as its key signs it: the lines up to the one that holds the signature.
std::string statement_text(const FileStatement& statement);
Result<std::string> sign_statement(const sign::SecretKey& key, FileStatement statement);
/// error unsupported: another version; corrupt: not such a text; bad_signature.
Result<FileStatement> open_statement(std::string_view text);

}  // namespace dcdn::api
