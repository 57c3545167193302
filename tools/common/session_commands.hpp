// session_commands.hpp - --list, --pause, --resume, --cancel and --clean of the tools that keep sessions.
#pragma once
#include <chrono>
#include <string>

#include "common/report.hpp"
#include "dcdn/sessions.hpp"

namespace dcdn::tool {

Result<int> list_sessions_command(const Home& home, Report& report);
Result<int> clean_sessions_command(const Home& home, std::chrono::milliseconds older_than, Report& report);
/// Tells the process that runs it, or changes its row. not_found: no process runs it (resume only).
Result<int> tell_session_command(const Home& home, const std::string& session, const std::string& command,
                                 Report& report);

}  // namespace dcdn::tool
