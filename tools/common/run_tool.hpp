// run_tool.hpp - the frame around main(): signals, exceptions, and errors turned into an exit status.
#pragma once
#include <functional>

#include "common/report.hpp"
#include "dcdn/result.hpp"

namespace dcdn::tool {

/// The work of a tool; its value is the exit status of success (0 unless the tool's page says otherwise).
using ToolMain = std::function<Result<int>(int argc, const char* const* argv, Report& report)>;

/// watched: INT, TERM and HUP make interrupt_fd() readable, for tools that wait in the library. end_process:
/// they end the process, for tools that only read, compute and write.
enum class Interrupts { watched, end_process };

/// Sees to descriptors 0 to 2, ignores SIGPIPE and SIGXFSZ, installs the signal handlers, runs `work`,
/// reports its error and returns the exit status by the table in dcdn(7): 128 + n after a signal, 141 when
/// standard output was closed, 1 after an exception.
int run_tool(const char* name, int argc, const char* const* argv, const ToolMain& work,
             Interrupts interrupts = Interrupts::watched);

}  // namespace dcdn::tool
