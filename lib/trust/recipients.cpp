#include "trust/recipients.hpp"

#include <dirent.h>
#include <unistd.h>

#include <algorithm>
#include <memory>

#include "trust/key_files.hpp"
#include "trust/public_key_file.hpp"

namespace dcdn::trust {

namespace {

constexpr std::string_view kPem = ".pem";

Result<NodeId> recipient_of(const sign::Keyring& ring, const std::string& key) {
  auto found = ring.find(key);
  if (found || found.error().code != Errc::not_found) return found;
  if (::access(key.c_str(), F_OK) != 0)
    return found.error().with_hint(
        "dcdn-sign trust add NAME NODE-ID, or give a node id or a public key file");
  DCDN_TRY(const NodeId id, read_public_key(key));
  return ring.find(sign::to_text(id));
}

}  // namespace

Result<std::vector<NodeId>> recipients_of(const sign::Keyring& ring, const std::vector<std::string>& keys) {
  std::vector<NodeId> found;
  for (const std::string& key : keys) {
    DCDN_TRY(const NodeId id, recipient_of(ring, key));
    found.push_back(id);
  }
  return found;
}

std::vector<sign::SecretKey> secret_keys(const Home& home) {
  std::vector<sign::SecretKey> keys;
  if (home.is_none()) return keys;
  const std::string folder = home.config_dir + "/keys";
  const std::unique_ptr<DIR, int (*)(DIR*)> open(::opendir(folder.c_str()), ::closedir);
  if (!open) return keys;
  std::vector<std::string> names;
  while (const dirent* entry = ::readdir(open.get())) {
    const std::string_view name = entry->d_name;
    if (name.size() > kPem.size() && name.ends_with(kPem))
      names.emplace_back(name.substr(0, name.size() - kPem.size()));
  }
  std::sort(names.begin(), names.end());
  for (const std::string& name : names) {
    auto key = load_key(home, name, "");
    const auto same = [&](const sign::SecretKey& other) { return other.id() == key->id(); };
    if (key && std::none_of(keys.begin(), keys.end(), same)) keys.push_back(*std::move(key));
  }
  return keys;
}

}  // namespace dcdn::trust
