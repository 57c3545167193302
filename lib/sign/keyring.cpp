#include "sign/keyring.hpp"

#include <algorithm>
#include <charconv>

#include "base/text.hpp"
#include "sign/ed25519.hpp"

namespace dcdn::sign {

namespace {

constexpr std::size_t kMaxKeyName = 64;
constexpr std::string_view kBlank = " \t\r";
constexpr std::string_view kProject = "project:";
constexpr std::string_view kScopeWord = "scope=";
constexpr std::string_view kEpochWord = "epoch=";
constexpr std::size_t kMaxScopes = 64;

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
      .with_hint("a line is a name, a space and a node id, then scope= and epoch= if need be");
}

bool is_scope(std::string_view word) {
  if (word == kScopeSend || word == kScopeRelay) return true;
  return word.starts_with(kProject) && is_key_name(word.substr(kProject.size()));
}

/// "scope=..." or "epoch=..." behind a node id.
Result<void> take_attribute(std::string_view word, TrustedKey& key) {
  if (word.starts_with(kScopeWord)) {
    DCDN_TRY(key.scopes, parse_scopes(word.substr(kScopeWord.size())));
    return {};
  }
  if (!word.starts_with(kEpochWord)) return Error(Errc::config, "more than a name and a node id");
  const std::string_view digits = word.substr(kEpochWord.size());
  const auto [end, problem] = std::from_chars(digits.data(), digits.data() + digits.size(), key.epoch);
  if (digits.empty() || problem != std::errc() || end != digits.data() + digits.size())
    return Error(Errc::config, "epoch: not a number");
  return {};
}

Error ended(const NodeId& key, const KeyHistory::Standing& standing) {
  const std::string whose = dcdn::sign::to_text(standing.cause);
  if (standing.state == KeyHistory::State::revoked)
    return Error(Errc::untrusted,
                 "the key " + whose + " is revoked" +
                     (standing.cause == key ? "" : ", which ends " + dcdn::sign::to_text(key)))
        .with_hint("ask its owner for a new key, in person: dcdn-sign trust add");
  return Error(Errc::untrusted, "the key " + whose + " has named two successors: its secret is in two hands")
      .with_hint("ask its owner for a new key, in person: dcdn-sign trust add");
}

}  // namespace

Result<std::vector<std::string>> parse_scopes(std::string_view text) {
  std::set<std::string> found;
  if (text == "all") return std::vector<std::string>();
  for (std::string_view rest = text;;) {
    const std::string_view word = rest.substr(0, rest.find(','));
    if (!is_scope(word))
      return Error(Errc::usage, "scope \"" + escape_for_display(word.substr(0, 80)) +
                                    "\": none of all, send, relay, project:NAME");
    found.emplace(word);
    if (found.size() > kMaxScopes) return Error(Errc::usage, "more than 64 scopes");
    if (word.size() == rest.size()) break;
    rest.remove_prefix(word.size() + 1);
  }
  return std::vector<std::string>(found.begin(), found.end());
}

std::string scopes_text(const std::vector<std::string>& scopes) {
  std::string text;
  for (const std::string& scope : scopes) text += (text.empty() ? "" : ",") + scope;
  return text.empty() ? "all" : text;
}

Result<Keyring> Keyring::parse(std::string_view text) {
  Keyring ring;
  text = without_byte_order_mark(text);
  for (std::size_t number = 1; !text.empty(); ++number) {
    std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    const std::string_view name = take_word(line);
    if (name.empty()) continue;
    const std::string_view id = take_word(line);
    if (id.empty()) return bad_line(number, "no node id after the name");
    auto key = parse_node_id(id);
    if (!key) return bad_line(number, key.error().message);
    TrustedKey entry{std::string(name), *key};
    for (std::string_view word = take_word(line); !word.empty(); word = take_word(line))
      if (auto taken = take_attribute(word, entry); !taken) return bad_line(number, taken.error().message);
    if (auto added = ring.add(std::move(entry)); !added) return bad_line(number, added.error().message);
  }
  return ring;
}

std::string Keyring::to_text() const {
  std::string text = "# keys this user trusts: name, node id\n";
  for (const TrustedKey& entry : keys_) {
    text += entry.name + " " + dcdn::sign::to_text(entry.key);
    if (!entry.scopes.empty()) text += " " + std::string(kScopeWord) + scopes_text(entry.scopes);
    if (entry.epoch > 0) text += " " + std::string(kEpochWord) + std::to_string(entry.epoch);
    text += "\n";
  }
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
  for (TrustedKey& entry : keys_) {
    if (entry.name != key.name) continue;
    if (entry.key == key.key) {
      entry.scopes = std::move(key.scopes);
      entry.epoch = std::max(entry.epoch, key.epoch);
      raise_epochs();
      return {};
    }
    return Error(Errc::exists, "the name " + key.name +
                                   " stands for another key already: " + dcdn::sign::to_text(entry.key))
        .with_hint("to replace it: dcdn-sign trust remove " + key.name);
  }
  keys_.push_back(std::move(key));
  raise_epochs();
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

bool Keyring::allows(const NodeId& key, std::string_view scope) const {
  return allowed(scope).contains(key);
}

std::set<NodeId> Keyring::allowed(std::string_view scope) const {
  std::set<NodeId> found;
  for (const TrustedKey& entry : keys_) {
    const auto& scopes = entry.scopes;
    if (!scopes.empty() && std::find(scopes.begin(), scopes.end(), scope) == scopes.end()) continue;
    if (const auto now = current(entry)) found.insert(*now);
  }
  return found;
}

std::optional<std::string> Keyring::name_of(const NodeId& key) const {
  for (const TrustedKey& entry : keys_)
    if (const auto now = current(entry); now && *now == key) return entry.name;
  return std::nullopt;
}

Result<NodeId> Keyring::current(const NodeId& key) const {
  const auto standing = history_.standing_of(key);
  if (standing.state != KeyHistory::State::good) return ended(key, standing);
  return standing.current;
}

Result<NodeId> Keyring::current(const TrustedKey& entry) const {
  DCDN_TRY(const NodeId now, current(entry.key));
  const std::uint64_t epoch = history_.standing_of(entry.key).epoch;
  if (epoch >= entry.epoch) return now;
  return Error(Errc::untrusted, "the key of " + entry.name + " was known with epoch " +
                                    std::to_string(entry.epoch) + " and now ends at epoch " +
                                    std::to_string(epoch) + ": what was known about it is lost")
      .with_hint("import it again (dcdn-sign trust import), or remove the name and add its key anew");
}

Result<NodeId> Keyring::find(std::string_view name_or_id) const {
  for (const TrustedKey& entry : keys_)
    if (entry.name == name_or_id) return current(entry);
  auto id = parse_node_id(name_or_id);
  if (!id && name_or_id.starts_with("dcdn1")) return id.error();  // meant as an id: say what is wrong with it
  if (!id)
    return Error(Errc::not_found, "no trusted key " + escape_for_display(name_or_id.substr(0, 80)))
        .with_hint("add it with: dcdn-sign trust add NAME NODE-ID");
  for (const TrustedKey& entry : keys_)
    if (entry.key == *id) return current(entry);
  return current(*id);
}

Result<bool> Keyring::learn(const KeyStatement& statement, bool said_here) {
  using Room = KeyHistory::Room;
  const bool ends =
      std::holds_alternative<KeyRevocation>(statement) && ends_a_good_chain(speaker_of(statement));
  const Room room = said_here || ends     ? Room::kept_free
                    : concerns(statement) ? Room::trusted
                                          : Room::strangers;
  DCDN_TRY(const bool news, history_.learn(statement, room));
  if (news) raise_epochs();
  return news;
}

bool Keyring::in_chain(const NodeId& first, const NodeId& key) const {
  const auto standing = history_.standing_of(first);
  return standing.current == key ||
         std::find(standing.past.begin(), standing.past.end(), key) != standing.past.end();
}

bool Keyring::concerns(const KeyStatement& statement) const {
  const NodeId& key = speaker_of(statement);
  return std::any_of(keys_.begin(), keys_.end(),
                     [&](const TrustedKey& entry) { return in_chain(entry.key, key); }) ||
         std::any_of(watched_.begin(), watched_.end(), [&](const NodeId& id) { return in_chain(id, key); });
}

// One a chain at most: a chain that has ended needs no further end.
bool Keyring::ends_a_good_chain(const NodeId& revoked) const {
  const auto ends = [&](const NodeId& first) {
    return history_.standing_of(first).state == KeyHistory::State::good && in_chain(first, revoked);
  };
  return std::any_of(keys_.begin(), keys_.end(), [&](const TrustedKey& entry) { return ends(entry.key); }) ||
         std::any_of(watched_.begin(), watched_.end(), ends);
}

void Keyring::refresh(Keyring fresh) {
  for (TrustedKey& entry : fresh.keys_)
    for (const TrustedKey& old : keys_)
      if (old.name == entry.name && old.key == entry.key) entry.epoch = std::max(entry.epoch, old.epoch);
  keys_ = std::move(fresh.keys_);
  history_.merge(fresh.history_);
  raise_epochs();
}

void Keyring::set_history(KeyHistory history) {
  history_ = std::move(history);
}

void Keyring::raise_epochs() {
  for (TrustedKey& entry : keys_) {
    const auto standing = history_.standing_of(entry.key);
    if (standing.state == KeyHistory::State::good) entry.epoch = std::max(entry.epoch, standing.epoch);
  }
}

}  // namespace dcdn::sign
