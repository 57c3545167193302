// send_settings.hpp - what a user of dcdn::send chose, in the words of a session.
#pragma once
#include "api/send/send_plan.hpp"
#include "node/node.hpp"
#include "session/destination.hpp"

namespace dcdn::api {

/// `id`: of the session's row; it names the session to receivers. The node has identified itself.
Result<session::SendSettings> send_settings(const SendOptions& options, const SendPlan& plan,
                                            const node::Node& node, const std::string& id);
/// The same for two calls that send the same to the same, at whatever rate or over whatever path.
std::string work_of(const SendOptions& options);
/// error usage: no address; also what says whom to trust there cannot be read. What the user is to know of
/// who answers is told to the node's note.
Result<std::vector<session::DestinationSettings>> destinations_of(const SendOptions& options,
                                                                  const node::Node& node);
/// --encrypt-to, if given.
Result<void> seal_objects(const SendOptions& options, const node::Node& node, const std::string& id,
                          std::vector<session::SendObject>& objects);

}  // namespace dcdn::api
