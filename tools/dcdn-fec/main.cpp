// dcdn-fec - erasure coding for pipes, disks and sticks. See dcdn-fec(1).
#include "common/run_tool.hpp"
#include "dcdn-fec/fec_args.hpp"
#include "dcdn-fec/fec_commands.hpp"

namespace {

dcdn::Result<int> work(int argc, const char* const* argv, dcdn::tool::Report& report) {
  dcdn::tool::FecArgs args;
  DCDN_TRY(const auto parsed, dcdn::tool::parse_fec_args(argc, argv, report, args));
  if (parsed == dcdn::tool::Parsed::finished) return 0;
  return dcdn::tool::run_fec_command(args, report);
}

}  // namespace

int main(int argc, char** argv) {
  return dcdn::tool::run_tool("dcdn-fec", argc, argv, work, dcdn::tool::Interrupts::end_process);
}
