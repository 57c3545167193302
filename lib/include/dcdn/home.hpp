// dcdn/home.hpp - where this user's configuration, keys, trust and state live.
//
// $DCDN_HOME set: everything in that one folder. Else configuration, keys and trust in $XDG_CONFIG_HOME/dcdn
// (~/.config/dcdn), state in $XDG_STATE_HOME/dcdn (~/.local/state/dcdn).
//
// Spec     dcdn(7), FILES
// Threads  a value; find_home reads the environment, so not beside setenv()
#pragma once
#include <string>

#include "dcdn/export.hpp"
#include "dcdn/result.hpp"

namespace dcdn {

/// Two folders and the names in them. Nothing is made before a call needs it.
struct Home {
  std::string config_dir;  ///< config.toml, keys/NAME.pem (0600), trusted_keys, key_statements, known_peers
  std::string state_dir;   ///< sessions.db, control/ID.sock, index/, receipts/, audit.log

  /// No place at all (cron, a container): whatever needs neither keys nor trust works without.
  [[nodiscard]] bool is_none() const { return config_dir.empty(); }
  /// A secret key: PKCS#8 PEM, 0600.
  [[nodiscard]] std::string key_path(const std::string& name) const {
    return config_dir + "/keys/" + name + ".pem";
  }
  /// Who may do what here, a key a line.
  [[nodiscard]] std::string trusted_keys_path() const { return config_dir + "/trusted_keys"; }
  /// What keys said about themselves: rotations and revocations.
  [[nodiscard]] std::string key_statements_path() const { return config_dir + "/key_statements"; }
  /// The revocation made with a key; better kept elsewhere.
  [[nodiscard]] std::string revocation_path(const std::string& name) const {
    return config_dir + "/revocations/" + name + ".dcs";
  }
  /// What was accepted, refused and changed, hash-chained (dcdn/trust.hpp, read_audit).
  [[nodiscard]] std::string audit_path() const { return state_dir + "/audit.log"; }
  /// Which key answered at which address.
  [[nodiscard]] std::string known_peers_path() const { return config_dir + "/known_peers"; }
  /// Options of all tools (dcdn/config.hpp).
  [[nodiscard]] std::string config_path() const { return config_dir + "/config.toml"; }
  /// Rows of sessions, SQLite (dcdn/sessions.hpp).
  [[nodiscard]] std::string sessions_path() const { return state_dir + "/sessions.db"; }
  /// The socket of a running session: for this user only.
  [[nodiscard]] std::string control_path(const std::string& session) const {
    return state_dir + "/control/" + session + ".sock";
  }
};

/// From the environment. error config: neither DCDN_HOME, the XDG variables nor HOME is set, or what is there
/// is no folder. Makes nothing.
DCDN_API Result<Home> find_home();

}  // namespace dcdn
