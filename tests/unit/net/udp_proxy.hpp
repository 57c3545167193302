// udp_proxy.hpp - a bad network on 127.0.0.1: loses and reorders datagrams by a seeded generator, and can
// move a client to another port, as a NAT that forgot it does.
#pragma once
#include <algorithm>
#include <asio/ip/udp.hpp>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

namespace dcdn::net::testing {

class UdpProxy {
 public:
  double loss = 0;       ///< of each datagram, both ways
  double damaged = 0;    ///< passed on with one byte changed, and once more as it was
  double reordered = 0;  ///< held back until a few later ones have passed
  bool silent_back = false;
  std::uint64_t most_forward = UINT64_MAX;  ///< datagrams that reach the server, then none does
  std::uint64_t passed = 0;
  std::uint64_t lost = 0;
  std::uint64_t bytes_forward = 0;  ///< that the server got, and what it sent, whether or not that passed
  std::uint64_t bytes_back = 0;
  std::uint64_t handshake_forward =
      0;                      ///< datagrams of clients with a part of a handshake, after the server's
  double most_amplified = 0;  ///< largest bytes_back / bytes_forward so far

  /// `as`: where the server sees its clients.
  UdpProxy(asio::io_context& io, std::uint16_t target_port, std::uint32_t seed, const char* as = "127.0.0.1")
      : io_(io),
        as_(asio::ip::make_address(as)),
        front_(io, Endpoint(asio::ip::address_v4::loopback(), 0)),
        random_(seed),
        target_(loopback(target_port)) {
    front_.non_blocking(true);
    read_front();
  }
  [[nodiscard]] std::string address() const {
    return "127.0.0.1:" + std::to_string(front_.local_endpoint().port());
  }
  /// From now on the server sees every client come from a new port.
  void rebind() {
    for (auto& [client, link] : links_) {
      auto fresh = std::make_shared<Link>(io_, link->client, as_);
      std::error_code ignored;
      link->socket.close(ignored);
      link = fresh;
      read_back(fresh);
    }
  }
  void close() {
    std::error_code ignored;
    front_.close(ignored);
    for (auto& [client, link] : links_) link->socket.close(ignored);
  }

 private:
  using Endpoint = asio::ip::udp::endpoint;
  using Packet = std::vector<std::uint8_t>;
  static constexpr std::uint8_t kLongHeader = 0x80;
  static constexpr std::size_t kRetryBytes = 500;  // asks for another first packet, at most
  struct Held {
    Packet packet;
    int others_first;
  };
  struct Link {
    Link(asio::io_context& io, const Endpoint& from, const asio::ip::address& as)
        : client(from), socket(io, Endpoint(as, 0)) {
      socket.non_blocking(true);
    }
    Endpoint client;
    asio::ip::udp::socket socket;
    bool answered = false;
    std::deque<Held> to_server;
    std::deque<Held> to_client;
  };

  static Endpoint loopback(std::uint16_t port) { return Endpoint(asio::ip::address_v4::loopback(), port); }
  bool chance(double probability) {
    return std::uniform_real_distribution<double>(0, 1)(random_) < probability;
  }

  template <class Send>
  void pass(Packet packet, std::deque<Held>& held, const Send& send) {
    if (chance(loss)) {
      ++lost;
      return;
    }
    if (!packet.empty() && chance(damaged)) {
      Packet broken = packet;
      broken[random_() % broken.size()] ^= static_cast<std::uint8_t>(1 + random_() % 255);
      if (chance(0.3)) broken.resize(1 + random_() % broken.size());
      send(broken);
    }
    if (chance(reordered)) {
      held.push_back({std::move(packet), 3});
      return;
    }
    ++passed;
    send(packet);
    for (Held& waiting : held) --waiting.others_first;
    while (!held.empty() && held.front().others_first <= 0) {
      send(held.front().packet);
      held.pop_front();
    }
  }

  void read_front() {
    front_.async_wait(asio::ip::udp::socket::wait_read, [this](std::error_code failure) {
      if (failure) return;
      for (;;) {
        Packet packet(65536);
        Endpoint from;
        std::error_code empty;
        packet.resize(front_.receive_from(asio::buffer(packet), from, 0, empty));
        if (empty) break;
        auto& link = links_[from];
        if (!link) {
          link = std::make_shared<Link>(io_, from, as_);
          read_back(link);
        }
        handshake_forward += link->answered && (packet[0] & kLongHeader) != 0 ? 1 : 0;
        pass(std::move(packet), link->to_server, [&](const Packet& out) {
          if (most_forward == 0) return;
          --most_forward;
          bytes_forward += out.size();
          std::error_code ignored;
          link->socket.send_to(asio::buffer(out), target_, 0, ignored);
        });
      }
      read_front();
    });
  }

  void read_back(const std::shared_ptr<Link>& link) {
    link->socket.async_wait(asio::ip::udp::socket::wait_read, [this, link](std::error_code failure) {
      if (failure) return;
      for (;;) {
        Packet packet(65536);
        Endpoint from;
        std::error_code empty;
        packet.resize(link->socket.receive_from(asio::buffer(packet), from, 0, empty));
        if (empty) break;
        bytes_back += packet.size();
        most_amplified =
            std::max(most_amplified, static_cast<double>(bytes_back) / static_cast<double>(bytes_forward));
        link->answered = link->answered || packet.size() > kRetryBytes;
        if (silent_back) continue;
        pass(std::move(packet), link->to_client, [&](const Packet& out) {
          std::error_code ignored;
          front_.send_to(asio::buffer(out), link->client, 0, ignored);
        });
      }
      read_back(link);
    });
  }

  asio::io_context& io_;
  asio::ip::address as_;
  asio::ip::udp::socket front_;
  std::mt19937 random_;
  Endpoint target_;
  std::map<Endpoint, std::shared_ptr<Link>> links_;
};

}  // namespace dcdn::net::testing
