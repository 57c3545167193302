// connect(): one socket for each attempt, tied to the peer's address so that a closed port is noticed at
// once. A connection that stands follows this machine to its next address.
#include "net/connect.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <asio/ip/udp.hpp>
#include <vector>

#include "net/address_order.hpp"
#include "net/address_watch.hpp"
#include "net/host_port.hpp"
#include "net/quic_endpoint.hpp"

namespace dcdn::net {

namespace {

class QuicClient final : public QuicEndpoint {
 public:
  QuicClient(const asio::any_io_executor& executor, UdpSocket socket, std::string interface)
      : QuicEndpoint(std::move(socket)),
        executor_(executor),
        interface_(std::move(interface)),
        signal_(executor) {}
  ~QuicClient() override {
    if (watch_) watch_->stop();
    if (connection_) connection_->detach();
  }

  Result<void> begin(QuicSetup setup) {
    setup.owner = this;
    remote_ = setup.remote;
    offload_ = setup.options.gso;
    DCDN_TRY(connection_, QuicConnection::make_client(executor_, std::move(setup)));
    connection_->set_ready([this](Result<void> outcome) {
      if (outcome) {
        handle_ = connection_->handle();
        watch_addresses();
      } else {
        failure_ = outcome.error();
      }
      signal_.notify();
    });
    start_reading();
    connection_->flush();
    return {};
  }

  /// Another address was faster, or nobody waits any more.
  void give_up() {
    handle_.reset();
    if (connection_) connection_->give_up();
  }

  Task<ConnectionPtr> outcome() {
    const auto self = shared_from_this();
    co_await signal_.wait();
    if (!handle_) co_return failure_;
    ConnectionPtr made = std::move(handle_);
    co_return made;
  }

  void on_datagram(ByteView bytes, const SocketAddress& local, const SocketAddress& remote) override {
    const auto connection = connection_;
    if (!connection) return;
    if (!connection->receive_coded(bytes)) connection->receive(bytes, local, remote);
    touched(connection);
  }
  void add_id(const ConnectionId&, QuicConnection&) override {}
  void remove_id(const ConnectionId&) override {}
  void add_token(std::uint32_t, QuicConnection&) override {}
  void ended(QuicConnection&) override {}
  Result<void> use_interface(const std::string& name) override {
    DCDN_TRY(UdpSocket fresh, UdpSocket::connected(executor_, remote_, offload_, name));
    DCDN_CHECK(connection_->migrate(fresh.local()));
    replace_socket(std::move(fresh));
    interface_ = name;
    return {};
  }
  void forget(QuicConnection&) override {
    connection_.reset();
    if (watch_) watch_->stop();
    stop_reading();
  }

 private:
  // Without a watch (no netlink here) a lost address ends in a timeout, and the session connects again.
  void watch_addresses() {
    const std::weak_ptr<QuicEndpoint> weak = weak_from_this();
    auto watch = AddressWatch::start(executor_, [weak] {
      if (const auto self = weak.lock()) static_cast<QuicClient&>(*self).follow_address();
    });
    if (watch) watch_ = std::move(*watch);
  }

  // The kernel knows from which address the peer is to be reached now. If it is another than ours, we move
  // there.
  void follow_address() {
    constexpr std::chrono::milliseconds kRetry{200};
    if (!connection_ || connection_->closed()) return;
    Result<UdpSocket> fresh = UdpSocket::connected(executor_, remote_, offload_, interface_);
    if (!fresh) return;  // no way there at the moment: the next change tells
    if (fresh->local().same_host(socket().local())) return;
    if (connection_->migrate(fresh->local())) {
      replace_socket(std::move(*fresh));
    } else {
      watch_->ask_again(kRetry);
    }
  }

  void on_refused() override {
    const auto connection = connection_;
    if (connection) connection->peer_refused();
  }

  void on_too_long() override {
    const auto connection = connection_;
    if (connection) connection->flush();
  }

  asio::any_io_executor executor_;
  std::shared_ptr<QuicConnection> connection_;
  std::shared_ptr<AddressWatch> watch_;
  SocketAddress remote_;
  std::string interface_;  // empty: the one that the routes name
  bool offload_ = false;
  Signal signal_;
  ConnectionPtr handle_;
  Error failure_{Errc::temporary, "connection closed"};
};

// The addresses of one name, tried at once: each gets a head start, then the next one begins as well (RFC
// 8305 section 5). Whoever is first with a handshake has it, the others are given up.
class AddressRace : public std::enable_shared_from_this<AddressRace> {
 public:
  AddressRace(const asio::any_io_executor& executor, QuicSetup setup, std::string interface)
      : executor_(executor), setup_(std::move(setup)), interface_(std::move(interface)), news_(executor) {}

  Task<ConnectionPtr> run(std::vector<SocketAddress> places) {
    constexpr std::chrono::milliseconds kHeadStart{250};
    const auto self = shared_from_this();
    const auto deadline = std::chrono::steady_clock::now() + setup_.options.handshake_timeout;
    for (std::size_t next = 0; !over_ && (next < places.size() || running_ > 0);) {
      if (next == places.size()) {
        co_await news_.wait();
        continue;
      }
      const auto left =
          std::chrono::duration_cast<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
      setup_.options.handshake_timeout = std::max(left, std::chrono::milliseconds(1));
      if (auto started = start(places[next++]); !started) {
        failure_ = started.error();
        if (failure_.code != Errc::unreachable) break;
        continue;
      }
      const bool told = co_await news_.wait_for(kHeadStart);
      (void)told;
    }
    over_ = true;
    for (const auto& client : clients_) client->give_up();
    if (!won_) co_return failure_;
    co_return std::move(won_);
  }

 private:
  Result<void> start(const SocketAddress& remote) {
    DCDN_TRY(UdpSocket socket, UdpSocket::connected(executor_, remote, setup_.options.gso, interface_));
    const auto client = std::make_shared<QuicClient>(executor_, std::move(socket), interface_);
    QuicSetup setup = setup_;
    setup.local = client->socket().local();
    setup.remote = remote;
    DCDN_CHECK(client->begin(std::move(setup)));
    clients_.push_back(client);
    ++running_;
    spawn(executor_, client->outcome(), [self = shared_from_this(), client](Result<ConnectionPtr> made) {
      self->ended(client, std::move(made));
    });
    return {};
  }

  void ended(const std::shared_ptr<QuicClient>& client, Result<ConnectionPtr> made) {
    --running_;
    std::erase(clients_, client);
    if (over_) return;  // one that came second is closed by letting go of it
    if (made) {
      won_ = std::move(*made);
    } else {
      failure_ = made.error();
    }
    // Somebody is there who refuses: another address of the name is the same node.
    over_ = made || failure_.code != Errc::unreachable;
    news_.notify();
  }

  asio::any_io_executor executor_;
  QuicSetup setup_;
  std::string interface_;
  Signal news_;
  std::vector<std::shared_ptr<QuicClient>> clients_;  // that are trying
  std::size_t running_ = 0;
  bool over_ = false;
  ConnectionPtr won_;
  Error failure_{Errc::unreachable, "does not resolve to an address"};
};

Task<std::vector<SocketAddress>> resolve(asio::any_io_executor executor, HostPort wanted) {
  asio::ip::udp::resolver resolver(executor);
  const std::string port = std::to_string(wanted.port);
  auto answer = co_await resolver.async_resolve(wanted.host, port, use_tuple);
  const std::error_code failure = std::get<0>(answer);
  if (failure)
    co_return Error(Errc::unreachable, fmt::format("{}: {}", wanted.host, failure.message()), failure);
  std::vector<SocketAddress> found;
  for (const auto& entry : std::get<1>(answer)) {
    const auto endpoint = entry.endpoint();
    const SocketAddress made =
        SocketAddress::from_raw(endpoint.data(), static_cast<socklen_t>(endpoint.size()));
    found.push_back(made);
  }
  co_return found;
}

}  // namespace

Task<ConnectionPtr> connect(asio::any_io_executor executor, std::string address, QuicOptions options,
                            Identity identity, PeerPolicy policy, std::string interface, std::string first) {
  if (!policy.check) co_return Error(Errc::internal, "connect: no policy for peers");
  DCDN_CO_TRY(HostPort wanted, parse_host_port(address, std::nullopt));
  if (wanted.host.empty())
    co_return Error(Errc::usage, fmt::format("address {:?}: the host is missing", address));
  DCDN_CO_TRY(auto credentials, TlsCredentials::make(identity, policy.ca_file));
  auto resolved = co_await resolve(executor, wanted);
  if (!resolved) co_return resolved.error();
  std::vector<SocketAddress> places = order_to_try(*resolved, first);
  QuicSetup setup{options, std::move(policy), std::move(credentials), nullptr, {}, {}};
  const auto race = std::make_shared<AddressRace>(executor, std::move(setup), std::move(interface));
  auto made = co_await race->run(std::move(places));
  // What a policy says names the place itself.
  if (!made && made.error().message.starts_with(address)) co_return made.error();
  if (!made) co_return made.error().during(address);
  co_return std::move(*made);
}

}  // namespace dcdn::net
