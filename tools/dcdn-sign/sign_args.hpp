// sign_args.hpp - argv of dcdn-sign as one struct.
#pragma once
#include <string>
#include <vector>

#include "common/cli_app.hpp"
#include "dcdn/sign.hpp"

namespace dcdn::tool {

struct SignArgs {
  std::string command;           ///< "keygen", "trust add"
  std::string name = "default";  ///< keygen, id, sign: which key; trust add: the name
  std::string file;              ///< id, sign: PEM file
  int passphrase_fd = -1;
  bool ask_passphrase = false;  ///< keygen --passphrase
  bool detached = false;
  bool overwrite = false;
  std::vector<std::string> files;  ///< sign, verify: with --detached
  std::vector<std::string> keys;   ///< verify --signer
  std::vector<std::string> to;     ///< encrypt --to
  bool key_chosen = false;         ///< --key or --key-file was given
  std::uint64_t hold_bytes = 32u << 20;
  std::size_t required = 1;                        ///< verify --require
  std::string project;                             ///< verify --project
  std::string id;                                  ///< trust add
  std::string scopes = "all";                      ///< trust add --scope
  std::string spoken;                              ///< trust add --words
  bool words = false;                              ///< id --words
  std::string public_file;                         ///< id --public
  SignatureFormat format = SignatureFormat::dcdn;  ///< id, sign --detached: --as
  bool qr = false;                                 ///< trust export --qr
  std::vector<std::string> names;                  ///< trust export
  std::string revocation;                          ///< revoke --object
  std::string head;                                ///< audit verify --head
  std::string name_or_id;                          ///< trust remove
};

/// error usage, config. Parsed::finished: nothing is left to do.
Result<Parsed> parse_sign_args(int argc, const char* const* argv, Report& report, SignArgs& args);

}  // namespace dcdn::tool
