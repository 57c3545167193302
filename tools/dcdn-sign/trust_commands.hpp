// trust_commands.hpp - the commands of dcdn-sign about whom to trust, new and withdrawn keys, and the log.
#pragma once
#include "common/report.hpp"
#include "dcdn-sign/sign_args.hpp"

namespace dcdn::tool {

/// trust ..., rotate, revoke, announce, audit ...
Result<void> run_trust_command(const SignArgs& args, Report& report);

}  // namespace dcdn::tool
