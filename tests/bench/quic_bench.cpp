// quic_bench.cpp - how fast one connection moves bytes: a listener and a sender, in two processes.
//
//   quic_bench                          both here, over 127.0.0.1
//   quic_bench listen ADDRESS           one end each, e.g. in two network namespaces
//   quic_bench send ADDRESS
//   options: --seconds N  --mtu BYTES  --congestion bbr|cubic|reno  --no-gso  --ack N  --chunk BYTES --window
//   BYTES
#include <fmt/format.h>
#include <gnutls/x509.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <asio/io_context.hpp>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

#include "net/connect.hpp"
#include "net/listener.hpp"

namespace {

using namespace dcdn;
using namespace dcdn::net;
using Clock = std::chrono::steady_clock;

struct BenchOptions {
  std::string mode = "both";
  std::string address = "127.0.0.1:0";
  QuicOptions quic;
  int seconds = 5;
  std::size_t chunk = 1 << 20;
};

Identity fresh_identity() {
  gnutls_x509_privkey_t key = nullptr;
  gnutls_datum_t pem{};
  gnutls_x509_privkey_init(&key);
  gnutls_x509_privkey_generate(key, GNUTLS_PK_EDDSA_ED25519, 256, 0);
  gnutls_x509_privkey_export2_pkcs8(key, GNUTLS_X509_FMT_PEM, nullptr, GNUTLS_PKCS_PLAIN, &pem);
  Identity made{Bytes(pem.data, pem.data + pem.size), {}};
  gnutls_free(pem.data);
  gnutls_x509_privkey_deinit(key);
  return made;
}

PeerPolicy anyone() {
  PeerPolicy policy;
  policy.check = [](const NodeId&) { return Result<void>(); };
  return policy;
}

[[noreturn]] void die(const std::string& why) {
  fmt::print(stderr, "quic_bench: {}\n", why);
  std::_Exit(1);
}

/// What the machine could do if this process had a core of its own, however busy the machine is.
double cpu_seconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + 1e-6 * static_cast<double>(t.tv_usec);
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

void report_cpu(const char* what, std::uint64_t bytes) {
  fmt::print("{}: {:.2f} s of processor time, so at most {:.3f} Gbit/s a core\n", what, cpu_seconds(),
             static_cast<double>(bytes) * 8 / 1e9 / cpu_seconds());
}

class Sink : public ConnectionEvents {
 public:
  explicit Sink(ConnectionPtr connection) : connection_(std::move(connection)) {
    connection_->set_events(this);
  }
  ~Sink() override { connection_->set_events(nullptr); }
  void on_stream_data(StreamId id, ByteView bytes, bool) override {
    if (total_ == 0) began_ = Clock::now();
    total_ += bytes.size();
    ended_ = Clock::now();
    connection_->consume(id, bytes.size());
  }
  void on_stream_reset(StreamId, std::uint64_t) override {}
  void on_writable() override {}
  void on_closed(const CloseInfo& info) override {
    const double seconds = std::chrono::duration<double>(ended_ - began_).count();
    fmt::print("received {:.1f} MB in {:.2f} s: {:.3f} Gbit/s ({})\n", static_cast<double>(total_) / 1e6,
               seconds, static_cast<double>(total_) * 8 / seconds / 1e9, info.error.message);
    report_cpu("receiver", total_);
    fmt::print("receiver sent {} packets, most of them acknowledgements\n",
               connection_->stats().packets_sent);
    std::fflush(stdout);
    std::fflush(stdout);
    done = true;
  }
  bool done = false;

 private:
  ConnectionPtr connection_;
  std::uint64_t total_ = 0;
  Clock::time_point began_;
  Clock::time_point ended_;
};

class Source : public ConnectionEvents {
 public:
  Source(ConnectionPtr connection, const BenchOptions& options)
      : connection_(std::move(connection)),
        chunk_(Buffer::allocate(options.chunk)),
        until_(Clock::now() + std::chrono::seconds(options.seconds)) {
    std::memset(chunk_.writable().data(), 0x5a, chunk_.size());
    connection_->set_events(this);
    fill();
  }
  ~Source() override { connection_->set_events(nullptr); }
  void on_stream_data(StreamId, ByteView, bool) override {}
  void on_stream_reset(StreamId, std::uint64_t) override {}
  void on_writable() override { fill(); }
  void on_closed(const CloseInfo& info) override {
    if (!info.clean) fmt::print(stderr, "quic_bench: {}\n", info.error.message);
    done = true;
  }
  bool done = false;

 private:
  void fill() {
    if (Clock::now() >= until_) {
      if (!done) report();
      connection_->close(0, "enough");
      return;
    }
    while (connection_->queued_bytes() < 3u << 20) {
      const auto id = connection_->open_unidirectional();
      if (!id) return;
      connection_->send(*id, chunk_, true);
    }
  }
  void report() const {
    const ConnectionStats stats = connection_->stats();
    fmt::print(
        "sent {} packets of {:.0f} bytes, {} lost, rtt {} us (min {}), window {} KB\n", stats.packets_sent,
        static_cast<double>(stats.bytes_sent) / static_cast<double>(stats.packets_sent), stats.packets_lost,
        stats.smoothed_rtt.count(), stats.min_rtt.count(), stats.congestion_window / 1000);
    report_cpu("sender", stats.bytes_sent);
    std::fflush(stdout);
  }
  ConnectionPtr connection_;
  Buffer chunk_;
  Clock::time_point until_;
};

void receive(const BenchOptions& options, int announce_fd) {
  asio::io_context io;
  auto listener = listen(io.get_executor(), options.address, options.quic, fresh_identity(), anyone());
  if (!listener) die(listener.error().message);
  const std::string bound = (*listener)->local_address() + "\n";
  if (write(announce_fd, bound.data(), bound.size()) < 0) die("write");
  std::unique_ptr<Sink> sink;
  spawn(io.get_executor(), (*listener)->accept(), [&](Result<ConnectionPtr> made) {
    if (!made) die(made.error().message);
    sink = std::make_unique<Sink>(std::move(*made));
  });
  while (!sink || !sink->done) io.run_one();
}

void send(const BenchOptions& options, const std::string& address) {
  asio::io_context io;
  std::unique_ptr<Source> source;
  auto task = connect(io.get_executor(), address, options.quic, fresh_identity(), anyone());
  spawn(io.get_executor(), std::move(task), [&](Result<ConnectionPtr> made) {
    if (!made) die(made.error().message);
    source = std::make_unique<Source>(std::move(*made), options);
  });
  while (!source || !source->done) io.run_one();
}

void both(const BenchOptions& options) {
  int ends[2];
  if (pipe(ends) != 0) die("pipe");
  const pid_t child = fork();
  if (child == 0) {
    receive(options, ends[1]);
    std::_Exit(0);
  }
  char address[64] = "";
  const ssize_t size = read(ends[0], address, sizeof address - 1);
  if (size <= 1) die("the listener did not start");
  send(options, std::string(address, static_cast<std::size_t>(size) - 1));
  waitpid(child, nullptr, 0);
}

BenchOptions parse(int argc, char** argv) {
  BenchOptions options;
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    const auto value = [&] { return i + 1 < argc ? std::string(argv[++i]) : std::string("0"); };
    if (word == "listen" || word == "send") {
      options.mode = word;
      options.address = value();
    } else if (word == "--seconds") {
      options.seconds = std::stoi(value());
    } else if (word == "--mtu") {
      options.quic.max_udp_payload = static_cast<std::uint32_t>(std::stoul(value()));
    } else if (word == "--ack") {
      options.quic.ack_threshold = static_cast<std::uint32_t>(std::stoul(value()));
    } else if (word == "--chunk") {
      options.chunk = std::stoul(value());
    } else if (word == "--window") {
      options.quic.receive_window = std::stoul(value());
    } else if (word == "--no-gso") {
      options.quic.gso = false;
    } else if (word == "--congestion") {
      const std::string name = value();
      options.quic.congestion =
          name == "cubic" ? Congestion::cubic : (name == "reno" ? Congestion::reno : Congestion::bbr);
    } else {
      die("unknown word " + word);
    }
  }
  return options;
}

}  // namespace

int main(int argc, char** argv) {
  const BenchOptions options = parse(argc, argv);
  if (options.mode == "listen") {
    receive(options, STDOUT_FILENO);
  } else if (options.mode == "send") {
    send(options, options.address);
  } else {
    both(options);
  }
  return 0;
}
