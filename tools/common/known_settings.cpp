// Made by scripts/gen_completions from the tools' option tables; do not edit.
#include "common/known_settings.hpp"

namespace dcdn::tool {

// clang-format off
const std::vector<std::string>& known_setting_keys() {
  static const std::vector<std::string> keys{
      "accept-new",
      "ack-threshold",
      "allow",
      "block-size",
      "ca",
      "cert",
      "chunk-rate",
      "chunk-size",
      "compress",
      "congestion",
      "handshake-timeout",
      "hash",
      "hash-bytes",
      "hold",
      "identity",
      "idle-timeout",
      "initial-rtt",
      "interleave",
      "jobs",
      "json",
      "keep-alive",
      "key",
      "listen",
      "log-file",
      "log-format",
      "max-connections",
      "max-object",
      "max-streams",
      "max-time",
      "mtu",
      "no-fsync",
      "no-gso",
      "once",
      "output",
      "overwrite",
      "peer-id",
      "priority",
      "progress",
      "quiet",
      "quota",
      "rate",
      "receive-window",
      "rename",
      "repairs",
      "require-signature",
      "reserve",
      "retry-first",
      "retry-for",
      "retry-forever",
      "retry-longest",
      "rolling",
      "skip",
      "sources",
      "symlinks",
      "threads",
      "to",
      "verbose",
      "wait",
  };
  return keys;
}

const std::vector<std::string>& known_setting_tables() {
  static const std::vector<std::string> tables{
      "delta",
      "fec",
      "recv",
      "send",
      "sign",
  };
  return tables;
}

// clang-format on
}  // namespace dcdn::tool
