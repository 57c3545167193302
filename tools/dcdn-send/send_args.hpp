// send_args.hpp - argv of dcdn-send.
#pragma once
#include <string>
#include <vector>

#include "common/cli_app.hpp"
#include "dcdn/send.hpp"

namespace dcdn::tool {

enum class SendAction { send, pack, dry_run, list, pause, resume, cancel, clean };

struct SendArgs {
  SendAction action = SendAction::send;
  SendOptions options;
  std::string session;                      ///< of --pause, --resume, --cancel
  std::chrono::milliseconds older_than{0};  ///< of --clean
  std::string link;                         ///< of --dry-run: empty, or as forecast_send takes it
  bool say_paths = false;                   ///< --report
  bool force = false;                       ///< a chunk stream may go to a terminal
  int passphrase_fd = -1;
  std::vector<std::string> paths;
  std::vector<std::string> to;
  std::vector<std::string> priority_for;
  std::string files_from;      ///< empty, a file or "-"
  bool ends_with_nul = false;  ///< each path in it
  SendPriority priority = SendPriority::normal;
};

/// error usage, config.
Result<Parsed> parse_send_args(int argc, const char* const* argv, Report& report, SendArgs& args);

}  // namespace dcdn::tool
