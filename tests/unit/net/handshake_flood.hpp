// handshake_flood.hpp - hosts that begin handshakes with a listener and never end one as they should,
// without a pause, in a process of its own, so that its work is not that of whoever is measured.
#pragma once
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <asio/ip/udp.hpp>
#include <asio/steady_timer.hpp>
#include <atomic>
#include <csignal>
#include <memory>
#include <vector>

#include "unit/net/quic_fixture.hpp"

namespace dcdn::net::testing {

class HandshakeFlood {
 public:
  /// half_open: answers a Retry, and nothing after the server's part. unknown_key: goes on to the end with a
  /// key that is not allowed. repeated: half open, and each client's first packets are sent again and again,
  /// which costs the flood nothing.
  enum class Kind { half_open, unknown_key, repeated };
  struct Counts {
    std::atomic<std::uint64_t> asked;  ///< datagrams to the listener
    std::atomic<std::uint64_t> begun;  ///< long ones from it: its part of a handshake
  };
  static constexpr int kClients = 1000;

  /// hosts: each in a network of its own.
  HandshakeFlood(std::uint16_t port, Kind kind, int hosts)
      : counts_(static_cast<Counts*>(
            mmap(nullptr, sizeof(Counts), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0))),
        process_(fork()) {
    if (process_ != 0) return;
    prctl(PR_SET_PDEATHSIG, SIGKILL);  // a flood that outlives its test is one on whatever runs next
    rlimit files{};
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    Clients(port, kind, hosts, *counts_).run();
    _exit(0);
  }
  HandshakeFlood(const HandshakeFlood&) = delete;
  HandshakeFlood& operator=(const HandshakeFlood&) = delete;
  ~HandshakeFlood() {
    kill(process_, SIGKILL);
    waitpid(process_, nullptr, 0);
    munmap(counts_, sizeof(Counts));
  }
  [[nodiscard]] const Counts& counts() const { return *counts_; }

 private:
  using Endpoint = asio::ip::udp::endpoint;
  static constexpr std::size_t kLong = 500;  // a Retry, a refusal and an acknowledgement are shorter

  struct Client {
    Client(asio::io_context& io, const std::string& as)
        : front(io, Endpoint(asio::ip::address_v4::loopback(), 0)),
          back(io, Endpoint(asio::ip::make_address(as), 0)) {
      front.non_blocking(true);
      back.non_blocking(true);
    }
    asio::ip::udp::socket front;
    asio::ip::udp::socket back;
    Endpoint at;
    bool answered = false;
    bool retried = false;
    Bytes first;  // its latest first packet that shows that it receives at its address
  };

  class Clients {
   public:
    Clients(std::uint16_t port, Kind kind, int hosts, Counts& counts)
        : server_(asio::ip::address_v4::loopback(), port),
          kind_(kind),
          hosts_(hosts),
          counts_(counts),
          timer_(io_) {
      options_.handshake_timeout = kind == Kind::repeated ? 8s : 2s;  // a Retry's token lasts for ten
    }
    void run() {
      for (int i = 0; i < kClients; ++i) {
        clients_.push_back(std::make_unique<Client>(io_, "127." + std::to_string(200 + i % hosts_) + ".0.1"));
        read(*clients_.back(), true);
        read(*clients_.back(), false);
        begin(*clients_.back());
      }
      if (kind_ == Kind::repeated) repeat();
      io_.run_for(std::chrono::minutes(5));  // should its parent be gone
    }

   private:
    void begin(Client& client) {
      const std::string address = "127.0.0.1:" + std::to_string(client.front.local_endpoint().port());
      auto task = connect(io_.get_executor(), address, options_, stranger_.identity, anyone());
      spawn(io_.get_executor(), std::move(task), [this, &client](const Result<ConnectionPtr>&) {
        asio::post(io_, [this, &client] { begin(client); });
      });
    }
    void read(Client& client, bool front) {
      auto& socket = front ? client.front : client.back;
      socket.async_wait(asio::ip::udp::socket::wait_read, [this, &client, &socket, front](std::error_code) {
        std::array<std::uint8_t, 2048> room;
        Endpoint from;
        std::error_code empty;
        for (;;) {
          const std::size_t size = socket.receive_from(asio::buffer(room), from, 0, empty);
          if (empty) break;
          const ByteView datagram(room.data(), size);
          front ? from_client(client, datagram, from) : from_server(client, datagram);
        }
        read(client, front);
      });
    }
    void from_client(Client& client, ByteView datagram, const Endpoint& from) {
      if (from != client.at) client.answered = client.retried = false;  // it began anew
      client.at = from;
      if (client.answered && kind_ != Kind::unknown_key) return;
      if (client.retried || client.first.empty()) client.first.assign(datagram.begin(), datagram.end());
      ask(client, datagram);
    }
    void from_server(Client& client, ByteView datagram) {
      counts_.begun += datagram.size() > kLong ? 1 : 0;
      client.retried = client.retried || datagram.size() <= kLong;
      client.answered = client.answered || datagram.size() > kLong;
      std::error_code ignored;
      client.front.send_to(asio::buffer(datagram.data(), datagram.size()), client.at, 0, ignored);
    }
    void ask(Client& client, ByteView datagram) {
      ++counts_.asked;
      std::error_code ignored;
      client.back.send_to(asio::buffer(datagram.data(), datagram.size()), server_, 0, ignored);
    }
    void repeat() {
      constexpr int kEachMillisecond = 5;
      for (int i = 0; i < kEachMillisecond; ++i) {
        Client& client = *clients_[next_++ % clients_.size()];
        if (!client.first.empty()) ask(client, client.first);
      }
      timer_.expires_after(1ms);
      timer_.async_wait([this](std::error_code) { repeat(); });
    }

    asio::io_context io_;
    Endpoint server_;
    Kind kind_;
    int hosts_;
    Counts& counts_;
    Node stranger_;
    QuicOptions options_;
    std::vector<std::unique_ptr<Client>> clients_;
    asio::steady_timer timer_;
    std::size_t next_ = 0;
  };

  Counts* counts_;
  pid_t process_;
};

}  // namespace dcdn::net::testing
