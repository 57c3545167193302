// send_arguments.hpp - how a session was started, so that --resume can start it again.
#pragma once
#include <string>
#include <vector>

#include "dcdn/sessions.hpp"

namespace dcdn::tool {

/// Working directory and arguments as JSON, for the session's row; the tool has no option that holds a
/// secret.
std::string remember_arguments(int argc, const char* const* argv);
/// The arguments of that session, after changing into its directory. error not_found, usage (standard input
/// was sent).
Result<std::vector<std::string>> recall_arguments(const SessionInfo& session);

}  // namespace dcdn::tool
