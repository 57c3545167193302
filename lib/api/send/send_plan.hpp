// send_plan.hpp - command-line sources to objects, before anything is opened for sending.
#pragma once
#include <vector>

#include "dcdn/send.hpp"
#include "session/send_shared.hpp"

namespace dcdn::api {

struct SendPlan {
  std::vector<session::SendObject> objects;
  source::WalkRules walk;
  /// Of what "-" stands for: what a command writes, or SendOptions::input_fd.
  int input_fd = 0;
  source::InputEnd input_end;
  Buffer input_head;  ///< what was read of standard input to tell a chunk stream from other data
  std::uint64_t bytes = 0;
  std::string title;  ///< "photos, report.pdf", escaped
};

/// Checks options that belong together, finds kinds, names and sizes. Standard input is read until it shows
/// whether it is a chunk stream; a command that stands for it is started. error usage, not_found, permission,
/// interrupted; io: nothing comes from it.
Result<SendPlan> plan_send(const SendOptions& options);

}  // namespace dcdn::api
