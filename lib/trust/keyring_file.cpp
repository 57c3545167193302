#include "trust/keyring_file.hpp"

#include "base/new_file.hpp"
#include "trust/careful_file.hpp"

namespace dcdn::trust {

Result<sign::Keyring> load_keyring(const Home& home) {
  const std::string path = home.trusted_keys_path();
  DCDN_TRY(const std::string text, read_trust_file(path));
  auto ring = sign::Keyring::parse(text);
  if (!ring) return ring.error().during(path);
  const std::string about = home.key_statements_path();
  DCDN_TRY(const std::string statements, read_trust_file(about));
  auto history = sign::KeyHistory::parse(statements);
  if (!history) return history.error().during(about);
  ring->set_history(*std::move(history));
  return ring;
}

Result<void> save_keyring(const Home& home, const sign::Keyring& ring) {
  // The statements first: an epoch that is known without them would look like a rollback.
  if (!ring.history().statements().empty())
    DCDN_CHECK(
        write_file_atomically(home.key_statements_path(), as_bytes(ring.history().to_text()), kOwnerOnly));
  return write_file_atomically(home.trusted_keys_path(), as_bytes(ring.to_text()), kOwnerOnly);
}

}  // namespace dcdn::trust
