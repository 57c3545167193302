#include "net/quic_listener.hpp"

#include <algorithm>

#include "net/quic_clock.hpp"

namespace dcdn::net {

namespace {

constexpr std::uint64_t kConnectionRefused = 0x02;  // RFC 9000 section 20.1
constexpr std::uint64_t kInvalidToken = 0x0b;
// Of the connections allowed: handshakes, beside those that stand, and those of one key.
constexpr std::size_t kHandshakePart = 4;
constexpr std::size_t kKeyPart = 4;
constexpr std::size_t kLeastOfKey = 16;

}  // namespace

QuicListener::QuicListener(const asio::any_io_executor& executor, UdpSocket socket,
                           const QuicOptions& options, std::shared_ptr<const TlsCredentials> credentials,
                           PeerPolicy policy)
    : QuicEndpoint(std::move(socket)),
      executor_(executor),
      options_(options),
      credentials_(std::move(credentials)),
      policy_(std::move(policy)),
      replies_(this->socket(), credentials_),
      handshakes_(options.max_connections / kHandshakePart),
      handshake_time_(quic_now()),
      signal_(executor) {}

QuicListener::~QuicListener() {
  for (auto& [raw, known] : known_) raw->detach();
}

Task<ConnectionPtr> QuicListener::accept() {
  const auto self = shared_from_this();
  while (ready_.empty() && !stopped_) co_await signal_.wait();
  if (ready_.empty()) {
    signal_.notify();  // whoever else waits is to hear of it too
    co_return Error(Errc::interrupted, "the listener was stopped");
  }
  // cppcheck-suppress containerOutOfBounds  // the loop ends by either condition
  ConnectionPtr next = std::move(ready_.front());
  ready_.pop_front();  // cppcheck-suppress containerOutOfBounds
  co_return next;
}

void QuicListener::stop() {
  stopped_ = true;
  ready_.clear();
  signal_.notify();
  stop_if_idle();
}

void QuicListener::stop_if_idle() {
  if (stopped_ && known_.empty()) stop_reading();
}

void QuicListener::on_datagram(ByteView bytes, const SocketAddress& local, const SocketAddress& remote) {
  if (take_coded(bytes)) return;
  ngtcp2_version_cid header;
  const int failure = ngtcp2_pkt_decode_version_cid(&header, bytes.data(), bytes.size(), kConnectionIdBytes);
  if (failure == NGTCP2_ERR_VERSION_NEGOTIATION) {
    if (!stopped_) replies_.negotiate_version(header, bytes.size(), local, remote);
    return;
  }
  if (failure != 0) return;
  const auto found = by_id_.find(ConnectionId(ByteView(header.dcid, header.dcidlen)));
  if (found != by_id_.end()) {
    const std::shared_ptr<QuicConnection> connection = found->second->shared_from_this();
    receive(*connection, bytes, local, remote);
    return;
  }
  constexpr std::uint8_t kLongHeader = 0x80;
  if ((bytes[0] & kLongHeader) == 0) {
    replies_.reset(bytes, local, remote);
  } else if (!stopped_) {
    accept_new(bytes, local, remote);
  }
}

// The cost of a handshake is that of its signatures and shared secrets, which are made as its packets are
// read.
void QuicListener::receive(QuicConnection& connection, ByteView bytes, const SocketAddress& local,
                           const SocketAddress& remote) {
  const std::optional<SocketAddress> whose = handshakes_.whose(connection);
  const std::uint64_t before = whose ? thread_time() : 0;
  connection.receive(bytes, local, remote);
  if (whose) handshake_time_.spent(*whose, thread_time() - before, quic_now());
  touched(connection.shared_from_this());
}

// False: it is QUIC's.
bool QuicListener::take_coded(ByteView bytes) {
  const auto header = coded::parse_packet_header(bytes);
  if (!header) return false;
  const auto [first, last] = by_token_.equal_range(header->token);
  for (auto it = first; it != last; ++it) {
    const std::shared_ptr<QuicConnection> connection = it->second->shared_from_this();
    if (connection->receive_coded(bytes)) touched(connection);
  }
  return first != last;
}

void QuicListener::accept_new(ByteView bytes, const SocketAddress& local, const SocketAddress& remote) {
  FirstPacket first;
  if (ngtcp2_accept(&first.header, bytes.data(), bytes.size()) != 0) return;
  // Those that only linger are cheap, but not free.
  if (live_ >= options_.max_connections || known_.size() >= 4 * std::size_t{options_.max_connections}) {
    replies_.close(first.header, kConnectionRefused, local, remote);
    return;
  }
  if (!handshake_time_.may_begin(remote, quic_now())) return;
  first.original_id = replies_.original_id(first.header, remote);
  if (!first.original_id && handshakes_.is_crowded(remote, handshake_time_.knows(remote))) {
    if (!token_of(first.header).empty()) {
      replies_.close(first.header, kInvalidToken, local, remote);
    } else {
      replies_.retry(first.header, local, remote);
    }
    return;
  }
  start(first, bytes, local, remote);
}

void QuicListener::start(const FirstPacket& first, ByteView bytes, const SocketAddress& local,
                         const SocketAddress& remote) {
  const std::uint64_t before = thread_time();
  QuicSetup setup{options_, policy_, credentials_, this, local, remote};
  Result<std::shared_ptr<QuicConnection>> made =
      QuicConnection::make_server(executor_, std::move(setup), first);
  if (!made) return;
  const std::shared_ptr<QuicConnection> connection = *std::move(made);
  known_[connection.get()] = Known{connection, false, std::nullopt};
  if (QuicConnection* oldest = handshakes_.begin(*connection, remote, handshake_time_.knows(remote)))
    oldest->give_up();
  connection->set_ready(
      [this, raw = connection.get()](const Result<void>& outcome) { finished(*raw, outcome); });
  handshake_time_.spent(remote, thread_time() - before, quic_now());
  receive(*connection, bytes, local, remote);
}

void QuicListener::finished(QuicConnection& connection, const Result<void>& outcome) {
  const std::optional<SocketAddress> whose = handshakes_.whose(connection);
  handshakes_.end(connection);
  if (!outcome) return;
  if (whose) handshake_time_.remember(*whose);
  ConnectionPtr accepted = connection.handle();
  if (stopped_) return;  // dropping the handle closes it
  const std::uint64_t try_later = close_code_of(Errc::temporary);
  std::size_t& of_key = by_key_[connection.peer()];
  ++live_;
  ++of_key;
  known_[&connection].key = connection.peer();
  if (live_ > options_.max_connections) return accepted->close(try_later, "no room for another connection");
  if (of_key > std::max(options_.max_connections / kKeyPart, kLeastOfKey))
    return accepted->close(try_later, "too many connections of this key are open");
  ready_.push_back(std::move(accepted));
  signal_.notify();
}

void QuicListener::add_id(const ConnectionId& id, QuicConnection& connection) {
  by_id_[id] = &connection;
}

void QuicListener::remove_id(const ConnectionId& id) {
  by_id_.erase(id);
}

void QuicListener::add_token(std::uint32_t token, QuicConnection& connection) {
  by_token_.emplace(token, &connection);
}

void QuicListener::ended(QuicConnection& connection) {
  const auto found = known_.find(&connection);
  if (found == known_.end() || std::exchange(found->second.ended, true) || !found->second.key) return;
  --live_;
  const auto of_key = by_key_.find(*found->second.key);
  if (--of_key->second == 0) by_key_.erase(of_key);
}

void QuicListener::forget(QuicConnection& connection) {
  for (const ConnectionId& id : connection.ids()) {
    const auto found = by_id_.find(id);
    if (found != by_id_.end() && found->second == &connection) by_id_.erase(found);
  }
  std::erase_if(by_token_, [&](const auto& entry) { return entry.second == &connection; });
  known_.erase(&connection);
  stop_if_idle();
}

namespace {

/// What users hold: the listener stops when they let go of it.
class ListenerHandle final : public Listener {
 public:
  explicit ListenerHandle(std::shared_ptr<QuicListener> listener) : listener_(std::move(listener)) {}
  ~ListenerHandle() override { listener_->stop(); }
  Task<ConnectionPtr> accept() override { return listener_->accept(); }
  [[nodiscard]] std::string local_address() const override { return listener_->socket().local().text(); }
  void stop() override { listener_->stop(); }

 private:
  std::shared_ptr<QuicListener> listener_;
};

}  // namespace

Result<std::shared_ptr<Listener>> listen(asio::any_io_executor executor, const std::string& address,
                                         const QuicOptions& options, const Identity& identity,
                                         PeerPolicy policy) {
  if (!policy.check) return Error(Errc::internal, "listen: no policy for peers");
  DCDN_TRY(auto credentials, TlsCredentials::make(identity, policy.ca_file));
  DCDN_TRY(const std::vector<SocketAddress> places, resolve_to_bind(address));
  Error failure(Errc::unreachable, address + ": no such address");
  for (const SocketAddress& place : places) {
    Result<UdpSocket> socket = UdpSocket::bound(executor, place, options.gso);
    if (!socket) {
      // A machine without IPv6 has no [::]; the error of the last attempt is the one that tells.
      failure = socket.error();
      if (failure.code == Errc::locked) break;
      continue;
    }
    const auto listener = std::make_shared<QuicListener>(executor, std::move(*socket), options,
                                                         std::move(credentials), std::move(policy));
    listener->start_reading();
    return std::shared_ptr<Listener>(std::make_shared<ListenerHandle>(listener));
  }
  return failure;
}

}  // namespace dcdn::net
