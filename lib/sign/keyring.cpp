#include "sign/keyring.hpp"

#include <algorithm>

#include "base/text.hpp"
#include "sign/ed25519.hpp"

namespace dcdn {

namespace {

constexpr std::size_t kMaxKeyName = 64;
constexpr std::string_view kBlank = " \t\r";

bool is_key_name(std::string_view name) {
  return !name.empty() && name.size() <= kMaxKeyName && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '_' || c == '-';
  });
}

/// Takes the next word off `line`; empty at its end or at a comment.
std::string_view take_word(std::string_view& line) {
  line.remove_prefix(std::min(line.find_first_not_of(kBlank), line.size()));
  if (line.starts_with('#')) line = {};
  const std::string_view word = line.substr(0, line.find_first_of(kBlank));
  line.remove_prefix(word.size());
  return word;
}

Error bad_line(std::size_t number, const std::string& why) {
  return Error(Errc::config, "line " + std::to_string(number) + ": " + why)
      .with_hint("a line is a name, a space and a node id");
}

}  // namespace

Result<Keyring> Keyring::parse(std::string_view text) {
  Keyring ring;
  for (std::size_t number = 1; !text.empty(); ++number) {
    std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    const std::string_view name = take_word(line);
    if (name.empty()) continue;
    const std::string_view id = take_word(line);
    if (id.empty()) return bad_line(number, "no node id after the name");
    if (!take_word(line).empty()) return bad_line(number, "more than a name and a node id");
    auto key = parse_node_id(id);
    if (!key) return bad_line(number, key.error().message);
    if (auto added = ring.add({std::string(name), *key}); !added)
      return bad_line(number, added.error().message);
  }
  return ring;
}

std::string Keyring::to_text() const {
  std::string text = "# keys this user trusts: name, node id\n";
  for (const TrustedKey& entry : keys_) text += entry.name + " " + dcdn::to_text(entry.key) + "\n";
  return text;
}

Result<void> Keyring::add(TrustedKey key) {
  if (!is_key_name(key.name))
    return Error(Errc::usage, "name \"" + escape_for_display(std::string_view(key.name).substr(0, 80)) +
                                  "\": 1 to 64 of A-Z a-z 0-9 . _ -");
  // find() takes a name or an id, so nothing may be both.
  if (parse_node_id(key.name))
    return Error(Errc::usage, "name \"" + key.name + "\": looks like a node id")
        .with_hint("name first, then the id");
  for (const TrustedKey& entry : keys_) {
    if (entry.name != key.name) continue;
    if (entry.key == key.key) return {};
    return Error(Errc::exists,
                 "the name " + key.name + " stands for another key already: " + dcdn::to_text(entry.key))
        .with_hint("to replace it: dcdn-sign trust remove " + key.name);
  }
  keys_.push_back(std::move(key));
  return {};
}

Result<void> Keyring::remove(std::string_view name_or_id) {
  const auto id = parse_node_id(name_or_id);
  const auto gone = std::remove_if(keys_.begin(), keys_.end(), [&](const TrustedKey& entry) {
    return id ? entry.key == *id : entry.name == name_or_id;
  });
  if (gone == keys_.end())
    return Error(Errc::not_found, "no trusted key " + escape_for_display(name_or_id.substr(0, 80)))
        .with_hint("dcdn-sign trust list shows them");
  keys_.erase(gone, keys_.end());
  return {};
}

bool Keyring::trusts(const NodeId& key) const {
  return name_of(key).has_value();
}

std::optional<std::string> Keyring::name_of(const NodeId& key) const {
  for (const TrustedKey& entry : keys_)
    if (entry.key == key) return entry.name;
  return std::nullopt;
}

Result<NodeId> Keyring::find(std::string_view name_or_id) const {
  for (const TrustedKey& entry : keys_)
    if (entry.name == name_or_id) return entry.key;
  auto id = parse_node_id(name_or_id);
  if (id) return id;
  if (name_or_id.starts_with("dcdn1")) return id.error();  // meant as an id: say what is wrong with it
  return Error(Errc::not_found, "no trusted key " + escape_for_display(name_or_id.substr(0, 80)))
      .with_hint("add it with: dcdn-sign trust add NAME NODE-ID");
}

}  // namespace dcdn
