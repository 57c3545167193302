// sign_choice.hpp - what the options of dcdn/sign.hpp stand for.
#pragma once
#include <set>
#include <string>
#include <vector>

#include "dcdn/sign.hpp"
#include "sign/ed25519.hpp"

namespace dcdn::api {

Result<SecretKey> load_chosen_key(const KeyChoice& choice);
/// The node ids and trusted names in `keys`; every trusted key if there are none. error untrusted: that is
/// nobody.
Result<std::set<NodeId>> accepted_keys(const Home& home, const std::vector<std::string>& keys);

}  // namespace dcdn::api
