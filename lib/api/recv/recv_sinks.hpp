// recv_sinks.hpp - where what dcdn::recv receives goes.
#pragma once
#include "dcdn/recv.hpp"
#include "session/receive_shared.hpp"
#include "store/collision.hpp"
#include "store/extras_setter.hpp"
#include "store/promise_ledger.hpp"
#include "wire/left_out.hpp"

namespace dcdn::api {

store::Collision collision_of(OnCollision choice);
store::KeptExtras kept_of(const RecvOptions& options);
/// error permission: --owner, and we are not root; usage.
Result<void> check_kept(const RecvOptions& options);

/// What a sender could not read, to the user. `name`: the object's, as its sender wrote it.
void tell_left_out(ProgressSink& progress, const std::string& name, const wire::LeftOutList& left_out);

store::ReceiveLimits limits_of(const RecvOptions& options);

/// Where all objects of one call go, and what is promised to them.
struct ReceivePlace {
  std::shared_ptr<store::ReceiveDir> dir;  ///< null: not into a directory
  std::shared_ptr<store::PromiseLedger> ledger;
};

/// Sets what makes sinks.
/// error: the directory cannot be made or used; --basis names what cannot be read.
Result<ReceivePlace> choose_sinks(const RecvOptions& options, session::ReceiveSettings& settings);

}  // namespace dcdn::api
