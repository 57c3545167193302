// delta_run.hpp - what dcdn-delta does once its arguments are known.
#pragma once
#include "common/report.hpp"
#include "dcdn-delta/delta_args.hpp"

namespace dcdn::tool {

/// The exit status of success is 0.
Result<int> run_delta_command(DeltaArgs& args, Report& report);

}  // namespace dcdn::tool
