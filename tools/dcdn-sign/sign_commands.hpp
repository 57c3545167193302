// sign_commands.hpp - what dcdn-sign does once its arguments are known.
#pragma once
#include "common/report.hpp"
#include "dcdn-sign/sign_args.hpp"

namespace dcdn::tool {

/// The exit status of success is 0.
Result<int> run_sign_command(const SignArgs& args, Report& report);

}  // namespace dcdn::tool
