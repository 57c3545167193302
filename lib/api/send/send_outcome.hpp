// send_outcome.hpp - what a sending session came to, for the report of dcdn::send.
#pragma once
#include <vector>

#include "dcdn/send.hpp"
#include "session/send_session.hpp"

namespace dcdn::api {

std::vector<PathReport> path_reports(const session::SendSession& session);

/// Why not all is well: the first destination that failed, with their number if there are several. At least
/// one has failed. `was_connected`: one that cannot be reached any more has begun.
Error failure_of(const std::vector<session::DestinationResult>& results, bool was_connected);

/// Whether the same session may go on after it.
bool is_resumable(const Error& error);

}  // namespace dcdn::api
