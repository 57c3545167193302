#include "api/send/send_settings.hpp"

#include <fmt/format.h>

#include <filesystem>

#include "base/random.hpp"
#include "base/text.hpp"
#include "digest/hasher.hpp"
#include "net/host_port.hpp"
#include "node/peer_trust.hpp"
#include "trust/recipients.hpp"

namespace dcdn::api {

namespace {

// A session is named by 8 of its 16 random bytes.
std::array<std::uint8_t, 16> session_bytes(const std::string& id) {
  std::array<std::uint8_t, 16> bytes{};
  random_bytes(bytes);
  if (const auto known = from_hex(id, 8)) std::copy(known->begin(), known->end(), bytes.begin());
  return bytes;
}

pace::BackoffOptions backoff_of(const RetryOptions& retry) {
  return {retry.first, retry.longest, retry.total, retry.forever};
}

// An id that was given once is for all destinations.
node::PeerChoice peer_choice(const SendOptions& options, std::size_t destination) {
  node::PeerChoice choice{options.destinations[destination], "", options.ca_file, options.insecure,
                          options.trust_on_first_use};
  if (!options.peer_ids.empty())
    choice.expected = options.peer_ids[options.peer_ids.size() == 1 ? 0 : destination];
  return choice;
}

}  // namespace

namespace {

Result<session::IndexSettings> index_settings(const SendOptions& options) {
  session::IndexSettings settings;
  for (const std::string& ignored : options.index_ignore) {
    bool& compared = ignored == "inode" ? settings.looks.inode : settings.looks.ctime;
    if (ignored != "inode" && ignored != "ctime")
      return Error(Errc::usage,
                   "--index-ignore " + escape_for_display(ignored) + ": is none of inode, ctime");
    compared = false;
  }
  if (options.no_index || options.home.is_none()) return settings;
  settings.folder = options.home.state_dir + "/index";
  settings.compare = options.checksum;
  settings.compress = options.compress;
  // Who it is, if that is said: an address may be another one tomorrow.
  const auto& receivers = options.peer_ids.empty() ? options.destinations : options.peer_ids;
  for (const std::string& receiver : receivers) settings.receivers += receiver + "\n";
  return settings;
}

}  // namespace

Result<session::SendSettings> send_settings(const SendOptions& options, const SendPlan& plan,
                                            const node::Node& node, const std::string& id) {
  session::SendSettings settings;
  DCDN_TRY(settings.compress, compress::parse_compress_request(options.compress));
  settings.chunk_bytes = options.chunk_bytes;
  settings.walk = plan.walk;
  settings.differences = !options.whole;
  DCDN_TRY(settings.index, index_settings(options));
  settings.backoff = backoff_of(options.retry);
  settings.session = session_bytes(id);
  settings.agent = node::Node::agent();
  settings.statements = [&node] { return node.trust().statements(); };
  settings.quic = options.transport;
  settings.paths = options.paths;
  settings.input_fd = plan.input_fd;
  settings.input_end = plan.input_end;
  settings.input_head = plan.input_head;
  return settings;
}

// A path counts as what it names from here, and standard input as this folder's: more is not known of it.
std::string work_of(const SendOptions& options) {
  std::string what;
  const auto add = [&what](const std::vector<std::string>& texts) {
    what += fmt::format("{}\n", texts.size());
    for (const std::string& text : texts) what += fmt::format("{} {}\n", text.size(), text);
  };
  std::vector<std::string> sources;
  for (const SendSource& source : options.sources) {
    std::error_code failed;
    const auto here = std::filesystem::absolute(source.path, failed);
    const auto named = failed ? here : std::filesystem::weakly_canonical(here, failed);
    sources.push_back(failed ? source.path : named.string());
  }
  add(sources);
  add(options.destinations);
  add(options.encrypt_to);
  add(options.exclude);
  add(options.only.value_or(std::vector<std::string>{"."}));
  add({options.name, options.command, std::to_string(static_cast<int>(options.symlinks))});
  add({options.hard_links ? "" : "no hard links", options.owner ? "owner" : "",
       options.mirror ? "mirror" : "", std::to_string(static_cast<int>(options.attributes))});
  return to_hex(digest::blake3(as_bytes(what)).view());
}

Result<std::vector<session::DestinationSettings>> destinations_of(const SendOptions& options,
                                                                  const node::Node& node) {
  std::vector<session::DestinationSettings> destinations;
  for (std::size_t i = 0; i < options.destinations.size(); ++i) {
    DCDN_TRY(const auto where, net::parse_host_port(options.destinations[i], 4433));
    const bool v6 = where.host.find(':') != std::string::npos;
    const std::string address = fmt::format(fmt::runtime(v6 ? "[{}]:{}" : "{}:{}"), where.host, where.port);
    DCDN_TRY(auto rules, node::peer_rules(peer_choice(options, i), node.ledger()));
    destinations.push_back({address, node.identity(), std::move(rules.policy), std::move(rules.verdict)});
  }
  return destinations;
}

// Who has our key and the number of the session can make the same secret again: --resume goes on.
Result<void> seal_objects(const SendOptions& options, const node::Node& node, const std::string& id,
                          std::vector<session::SendObject>& objects) {
  if (options.encrypt_to.empty()) return {};
  DCDN_TRY(const auto recipients, trust::recipients_of(node.keyring(), options.encrypt_to));
  for (session::SendObject& object : objects) {
    const std::string salt = id + "/" + std::to_string(object.number);
    DCDN_TRY(const sign::Secret secret, node.key().derive("dcdn send encryption 1\n", as_bytes(salt)));
    DCDN_CHECK(session::seal(object, recipients, secret));
  }
  return {};
}

}  // namespace dcdn::api
