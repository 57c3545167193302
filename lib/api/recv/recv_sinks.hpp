// recv_sinks.hpp - where what dcdn::recv receives goes.
#pragma once
#include "dcdn/recv.hpp"
#include "session/receive_shared.hpp"
#include "store/collision.hpp"

namespace dcdn::api {

store::Collision collision_of(OnCollision choice);

/// Sets what makes sinks, and the directory if they go into one.
/// error: the directory cannot be made or used; --basis names what cannot be read.
Result<void> choose_sinks(const RecvOptions& options, session::ReceiveSettings& settings);

}  // namespace dcdn::api
