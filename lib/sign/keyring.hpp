// keyring.hpp - keys this user trusts, by name. A text file, one "name node-id" a line, '#' comments.
#pragma once
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "dcdn/bytes.hpp"
#include "dcdn/result.hpp"

namespace dcdn {

struct TrustedKey {
  std::string name;  ///< [A-Za-z0-9._-]{1,64}
  NodeId key;
  bool operator==(const TrustedKey&) const = default;
};

/// Pure: text in, text out; the caller reads and writes the file.
class Keyring {
 public:
  /// error config: names the line.
  static Result<Keyring> parse(std::string_view text);
  [[nodiscard]] std::string to_text() const;
  /// error exists: the name stands for another key already.
  Result<void> add(TrustedKey key);
  /// By name or by node id text. error not_found.
  Result<void> remove(std::string_view name_or_id);
  [[nodiscard]] bool trusts(const NodeId& key) const;
  [[nodiscard]] std::optional<std::string> name_of(const NodeId& key) const;
  /// A trusted name, or node id text.
  [[nodiscard]] Result<NodeId> find(std::string_view name_or_id) const;
  [[nodiscard]] const std::vector<TrustedKey>& keys() const { return keys_; }

 private:
  std::vector<TrustedKey> keys_;
};

}  // namespace dcdn
