// dcdn-sign - keys, signatures and trust. See dcdn-sign(1).
#include "common/run_tool.hpp"
#include "common/secrets.hpp"
#include "dcdn-sign/sign_args.hpp"
#include "dcdn-sign/sign_commands.hpp"

namespace {

dcdn::Result<int> work(int argc, const char* const* argv, dcdn::tool::Report& report) {
  dcdn::tool::SignArgs args;
  DCDN_TRY(const auto parsed, dcdn::tool::parse_sign_args(argc, argv, report, args));
  if (parsed == dcdn::tool::Parsed::finished) return 0;
  return dcdn::tool::run_sign_command(args, report);
}

}  // namespace

int main(int argc, char** argv) {
  dcdn::tool::forbid_core_dumps();
  return dcdn::tool::run_tool("dcdn-sign", argc, argv, work, dcdn::tool::Interrupts::end_process);
}
