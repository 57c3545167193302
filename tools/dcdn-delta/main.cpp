// dcdn-delta - differences between files. See dcdn-delta(1).
#include "common/run_tool.hpp"
#include "dcdn-delta/delta_args.hpp"
#include "dcdn-delta/delta_run.hpp"

namespace {

dcdn::Result<int> work(int argc, const char* const* argv, dcdn::tool::Report& report) {
  dcdn::tool::DeltaArgs args;
  DCDN_TRY(const auto parsed, dcdn::tool::parse_delta_args(argc, argv, report, args));
  if (parsed == dcdn::tool::Parsed::finished) return 0;
  return dcdn::tool::run_delta_command(args, report);
}

}  // namespace

int main(int argc, char** argv) {
  return dcdn::tool::run_tool("dcdn-delta", argc, argv, work);
}
