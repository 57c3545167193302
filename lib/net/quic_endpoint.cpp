#include "net/quic_endpoint.hpp"

#include <utility>

namespace dcdn::net {

void QuicEndpoint::start_reading() {
  if (stopped_) return;
  socket_.descriptor().async_wait(asio::posix::stream_descriptor::wait_read,
                                  [self = shared_from_this()](std::error_code failure) {
                                    if (!failure) self->on_readable();
                                  });
}

void QuicEndpoint::stop_reading() {
  stopped_ = true;
  std::error_code ignored;
  (void)socket_.descriptor().cancel(ignored);
}

void QuicEndpoint::touched(const std::shared_ptr<QuicConnection>& connection) {
  // Datagrams come in runs: comparing with the last one keeps this list short without a search.
  if (touched_.empty() || touched_.back() != connection) touched_.push_back(connection);
}

void QuicEndpoint::on_readable() {
  const UdpSocket::Received received = socket_.receive(*this);
  for (const auto& connection : std::exchange(touched_, {})) connection->flush();
  if (received == UdpSocket::Received::refused) on_refused();
  if (socket_.was_too_long()) on_too_long();
  start_reading();
}

void QuicEndpoint::wait_writable(QuicConnection& connection) {
  waiting_.push_back(connection.weak_from_this());
  if (waiting_.size() > 1 || stopped_) return;
  socket_.descriptor().async_wait(asio::posix::stream_descriptor::wait_write,
                                  [self = shared_from_this()](std::error_code failure) {
                                    if (!failure) self->on_writable();
                                  });
}

void QuicEndpoint::replace_socket(UdpSocket fresh) {
  socket_ = std::move(fresh);  // closes the old one; its waits end with an error
  start_reading();
  on_writable();
}

void QuicEndpoint::on_writable() {
  for (const auto& waiting : std::exchange(waiting_, {}))
    if (const auto connection = waiting.lock()) connection->socket_writable();
}

}  // namespace dcdn::net
