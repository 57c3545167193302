// key_chain.hpp - the rotations that led to a key, as its certificate carries them. Pure.
//
// Each is a name of the kind URI: "dcdn:rotation:" and the body of the frame key_rotation in base32. So who
// trusts the first key of a chain knows the last one when the handshake ends, before anything was said.
//
// Spec     dcdn-session(5), CONNECTION
#pragma once
#include <string>
#include <vector>

#include "sign/key_history.hpp"

namespace dcdn::sign {

/// Further ones are left out, the oldest first: who knew the key only by those has to be told of the newer.
inline constexpr std::size_t kMostInCertificate = 32;

/// What the certificate of `key` is to say.
std::vector<std::string> chain_names(const KeyHistory& history, const NodeId& key);
/// The rotations in a certificate's names, if they are one chain and end at `key`; none otherwise. Names of
/// another kind are passed over. Nothing is verified.
std::vector<KeyRotation> parse_chain_names(const std::vector<std::string>& names, const NodeId& key);

}  // namespace dcdn::sign
