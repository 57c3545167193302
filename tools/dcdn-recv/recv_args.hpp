// recv_args.hpp - argv of dcdn-recv.
#pragma once
#include <string>
#include <vector>

#include "common/cli_app.hpp"
#include "dcdn/recv.hpp"

namespace dcdn::tool {

enum class RecvAction { listen, unpack, list_content, list, pause, resume, cancel, clean };

struct RecvArgs {
  RecvAction action = RecvAction::listen;
  RecvOptions options;
  bool from_stdin = false;
  bool list_content = false;
  bool to_stdout = false;
  bool to_stream = false;
  bool overwrite = false;
  bool update = false;
  bool rename = false;
  bool skip = false;
  bool force = false;
  std::vector<std::string> keys;  ///< --key as it was given
  std::string session;
  std::chrono::milliseconds older_than{0};
  int passphrase_fd = -1;
};

/// error usage, config.
Result<Parsed> parse_recv_args(int argc, const char* const* argv, Report& report, RecvArgs& args);

}  // namespace dcdn::tool
