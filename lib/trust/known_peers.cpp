#include "trust/known_peers.hpp"

#include <algorithm>
#include <vector>

#include "base/new_file.hpp"
#include "base/text.hpp"
#include "sign/ed25519.hpp"
#include "trust/careful_file.hpp"
#include "trust/folder_lock.hpp"

namespace dcdn::trust {

namespace {

struct KnownPeer {
  std::string address;
  NodeId id;
};

bool is_address(std::string_view address) {
  return !address.empty() && address.size() <= 512 && address.front() != '#' &&
         std::all_of(address.begin(), address.end(), [](char c) { return c > ' ' && c < 0x7f; });
}

Result<std::vector<KnownPeer>> load_known_peers(const std::string& path) {
  DCDN_TRY(const std::string text, read_trust_file(path));
  std::vector<KnownPeer> peers;
  std::string_view rest = without_byte_order_mark(text);
  for (int number = 1; !rest.empty(); ++number) {
    std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(line.size() + 1, rest.size()));
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.empty() || line.front() == '#') continue;
    const std::size_t space = line.find(' ');
    const auto id = sign::parse_node_id(space == std::string_view::npos ? "" : line.substr(space + 1));
    const std::string_view address = line.substr(0, space);
    if (!id || !is_address(address))
      return Error(Errc::config,
                   path + ":" + std::to_string(number) + ": not an address, a space and a node id")
          .with_hint("correct or remove this line");
    peers.push_back({std::string(address), *id});
  }
  return peers;
}

}  // namespace

Result<std::optional<NodeId>> find_known_peer(const Home& home, const std::string& address) {
  DCDN_TRY(const std::vector<KnownPeer> peers, load_known_peers(home.known_peers_path()));
  for (const KnownPeer& peer : peers)
    if (peer.address == address) return std::optional<NodeId>(peer.id);
  return std::optional<NodeId>();
}

Result<void> add_known_peer(const Home& home, const std::string& address, const NodeId& id) {
  if (!is_address(address))
    return Error(Errc::usage,
                 "address \"" + escape_for_display(address.substr(0, 80)) + "\" cannot be remembered");
  DCDN_TRY(const FolderLock lock, FolderLock::take(home.config_dir));
  DCDN_TRY(std::vector<KnownPeer> peers, load_known_peers(home.known_peers_path()));
  std::erase_if(peers, [&](const KnownPeer& peer) { return peer.address == address; });
  peers.push_back({address, id});
  std::string text = "# peers accepted on first use: address, node id\n";
  for (const KnownPeer& peer : peers) text += peer.address + " " + sign::to_text(peer.id) + "\n";
  return write_file_atomically(home.known_peers_path(), as_bytes(text), kOwnerOnly);
}

}  // namespace dcdn::trust
