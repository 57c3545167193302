// dry_run.hpp - dcdn-send --dry-run: what would be sent, and a forecast for a described link.
#pragma once
#include "dcdn-send/send_args.hpp"

namespace dcdn::tool {

Result<int> dry_run_command(const SendArgs& args, Report& report);

}  // namespace dcdn::tool
