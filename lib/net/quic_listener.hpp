// quic_listener.hpp - many connections on one UDP socket, found by their connection ids.
#pragma once
#include <deque>
#include <map>
#include <optional>

#include "net/handshake_budget.hpp"
#include "net/handshake_time.hpp"
#include "net/listener.hpp"
#include "net/quic_endpoint.hpp"
#include "net/stateless_replies.hpp"

namespace dcdn::net {

class QuicListener final : public QuicEndpoint {
 public:
  QuicListener(const asio::any_io_executor& executor, UdpSocket socket, const QuicOptions& options,
               std::shared_ptr<const TlsCredentials> credentials, PeerPolicy policy);
  ~QuicListener() override;

  Task<ConnectionPtr> accept();
  void stop();

  void on_datagram(ByteView bytes, const SocketAddress& local, const SocketAddress& remote) override;
  void add_id(const ConnectionId& id, QuicConnection& connection) override;
  void remove_id(const ConnectionId& id) override;
  void add_token(std::uint32_t token, QuicConnection& connection) override;
  void ended(QuicConnection& connection) override;
  void forget(QuicConnection& connection) override;

 private:
  struct Known {
    std::shared_ptr<QuicConnection> connection;
    bool ended = false;
    std::optional<NodeId> key;  // whose it is, once that is proved
  };
  void accept_new(ByteView bytes, const SocketAddress& local, const SocketAddress& remote);
  void start(const FirstPacket& first, ByteView bytes, const SocketAddress& local,
             const SocketAddress& remote);
  void finished(QuicConnection& connection, const Result<void>& outcome);
  void receive(QuicConnection& connection, ByteView bytes, const SocketAddress& local,
               const SocketAddress& remote);
  bool take_coded(ByteView bytes);
  void stop_if_idle();

  asio::any_io_executor executor_;
  QuicOptions options_;
  std::shared_ptr<const TlsCredentials> credentials_;
  PeerPolicy policy_;
  StatelessReplies replies_;
  std::map<ConnectionId, QuicConnection*> by_id_;
  std::multimap<std::uint32_t, QuicConnection*> by_token_;  // 32 bits may meet: each tries its key
  std::map<QuicConnection*, Known> known_;
  HandshakeBudget handshakes_;
  HandshakeTime handshake_time_;
  std::map<NodeId, std::size_t> by_key_;  // connections that stand
  std::size_t live_ = 0;                  // known, not ended, their handshake done
  std::deque<ConnectionPtr> ready_;
  Signal signal_;
  bool stopped_ = false;
};

}  // namespace dcdn::net
