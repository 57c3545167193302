// listener.hpp - a UDP socket that connections are made to.
//
// Threads  everything here happens on the thread that runs the io_context.
#pragma once
#include <memory>
#include <string>

#include "net/connection.hpp"
#include "net/quic_options.hpp"
#include "net/task.hpp"

namespace dcdn::net {

/// A listening UDP socket. Letting go of it is stop().
class Listener {
 public:
  virtual ~Listener() = default;
  /// The next connection whose handshake is done and whose key the policy accepted.
  /// error interrupted: after stop().
  virtual Task<ConnectionPtr> accept() = 0;
  /// Where it listens: the port is the real one when 0 was asked for.
  [[nodiscard]] virtual std::string local_address() const = 0;
  /// No new connections; those that are stay until they end.
  virtual void stop() = 0;
};

/// `address`: "host:port", "[v6]:port", ":port" (all interfaces). error unreachable: does not resolve; io,
/// permission, locked: the address cannot be bound (in use).
Result<std::shared_ptr<Listener>> listen(asio::any_io_executor executor, const std::string& address,
                                         const QuicOptions& options, const Identity& identity,
                                         PeerPolicy policy);

}  // namespace dcdn::net
