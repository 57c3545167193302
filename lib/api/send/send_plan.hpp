// send_plan.hpp - command-line sources to objects, before anything is opened for sending.
#pragma once
#include <vector>

#include "dcdn/send.hpp"
#include "session/send_shared.hpp"

namespace dcdn::api {

struct SendPlan {
  std::vector<session::SendObject> objects;
  Buffer input_head;  ///< what was read of standard input to tell a chunk stream from other data
  std::uint64_t bytes = 0;
  std::string title;  ///< "photos, report.pdf", escaped
};

/// Checks options that belong together, finds kinds, names and sizes. Standard input is read until it shows
/// whether it is a chunk stream. error usage, not_found, permission, interrupted.
Result<SendPlan> plan_send(const SendOptions& options);

source::Symlinks symlinks_of(SendOptions::Symlinks choice);

}  // namespace dcdn::api
