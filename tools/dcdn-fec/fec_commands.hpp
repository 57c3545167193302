// fec_commands.hpp - the commands of dcdn-fec.
#pragma once
#include "common/report.hpp"
#include "dcdn-fec/fec_args.hpp"

namespace dcdn::tool {

/// The value is the exit status.
Result<int> run_fec_command(FecArgs& args, Report& report);

}  // namespace dcdn::tool
