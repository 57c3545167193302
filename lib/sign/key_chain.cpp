#include "sign/key_chain.hpp"

#include "sign/base32.hpp"

namespace dcdn::sign {

namespace {
constexpr std::string_view kRotationName = "dcdn:rotation:";
}  // namespace

std::vector<std::string> chain_names(const KeyHistory& history, const NodeId& key) {
  std::vector<std::string> names;
  for (const KeyRotation& rotation : history.chain_to(key, kMostInCertificate))
    names.push_back(std::string(kRotationName) + to_base32(encode(KeyStatement(rotation))));
  return names;
}

std::vector<KeyRotation> parse_chain_names(const std::vector<std::string>& names, const NodeId& key) {
  std::vector<KeyRotation> chain;
  for (const std::string& name : names) {
    if (!name.starts_with(kRotationName)) continue;
    const auto body = from_base32(std::string_view(name).substr(kRotationName.size()));
    if (!body || chain.size() >= kMostInCertificate) return {};
    const auto rotation = parse_rotation(*body);
    if (!rotation || (!chain.empty() && chain.back().new_key != rotation->old_key)) return {};
    chain.push_back(*rotation);
  }
  if (!chain.empty() && chain.back().new_key != key) return {};
  return chain;
}

}  // namespace dcdn::sign
