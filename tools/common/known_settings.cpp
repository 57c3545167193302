// Made by scripts/gen_completions from the tools' option tables; do not edit.
#include "common/known_settings.hpp"

#include <iterator>

namespace dcdn::tool {

// clang-format off
static constexpr const char* keys_listed[] = {
    "accept-new",
    "ack-threshold",
    "allow",
    "allow-delete",
    "basis",
    "block-size",
    "ca",
    "carrier",
    "cert",
    "checksum",
    "chunk-rate",
    "chunk-size",
    "codec",
    "compress",
    "congestion",
    "delete",
    "encrypt-to",
    "exclude",
    "for-bursts",
    "handshake-timeout",
    "hash",
    "hash-bytes",
    "hold",
    "identity",
    "idle-timeout",
    "index-ignore",
    "initial-rtt",
    "interleave",
    "jobs",
    "json",
    "keep-alive",
    "keep-encrypted",
    "key",
    "level",
    "links",
    "listen",
    "log-file",
    "log-format",
    "lose",
    "max-connections",
    "max-delete",
    "max-object",
    "max-streams",
    "max-time",
    "method",
    "mtu",
    "no-fsync",
    "no-gso",
    "no-hard-links",
    "no-index",
    "numeric-ids",
    "once",
    "output",
    "overwrite",
    "owner",
    "path",
    "peer-id",
    "policy",
    "priority",
    "progress",
    "quiet",
    "quota",
    "rate",
    "receive-window",
    "rename",
    "repairs",
    "report",
    "require-signature",
    "reserve",
    "retry-first",
    "retry-for",
    "retry-forever",
    "retry-longest",
    "rolling",
    "skip",
    "sources",
    "strict",
    "survive",
    "symlinks",
    "threads",
    "to",
    "update",
    "verbose",
    "wait",
    "whole",
    "xattrs",
};
const std::vector<std::string>& known_setting_keys() {
  static const std::vector<std::string> keys(std::begin(keys_listed), std::end(keys_listed));
  return keys;
}

static constexpr const char* tables_listed[] = {
    "delta",
    "fec",
    "recv",
    "send",
    "sign",
};
const std::vector<std::string>& known_setting_tables() {
  static const std::vector<std::string> tables(std::begin(tables_listed), std::end(tables_listed));
  return tables;
}

// clang-format on
}  // namespace dcdn::tool
