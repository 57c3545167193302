// coded_flow.hpp - the real cores of the coded carrier at both ends of virtual links, in virtual time.
#pragma once
#include <cmath>
#include <cstring>
#include <functional>
#include <memory>
#include <queue>
#include <set>
#include <stdexcept>

#include "coded/coded_receiver.hpp"
#include "coded/coded_sender.hpp"
#include "sim/virtual_link.hpp"

namespace dcdn::sim {

/// Counts symbols as a code does, but computes none: a repair symbol carries the address of the sender's
/// block, which is alive until the receiver has told that it is complete.
class PointingCoder final : public coded::BlockCoder {
 public:
  void repair(ByteView block, unsigned, unsigned, MutableByteView into) override {
    const std::uint8_t* address = block.data();
    std::memcpy(into.data(), &address, sizeof address);
  }
  bool recover(MutableByteView block, unsigned k, std::span<const unsigned> missing,
               std::span<const coded::RepairSymbol> repairs) override {
    if (repairs.size() < missing.size()) return false;
    const std::uint8_t* address = nullptr;
    std::memcpy(&address, repairs[0].bytes.data(), sizeof address);
    const std::size_t size = block.size() / k;
    for (const unsigned symbol : missing)
      std::memcpy(block.data() + symbol * size, address + symbol * size, size);
    return true;
  }
};

class Clock {
 public:
  using Action = std::function<void()>;
  void at(double when, Action action) { events_.push({std::max(when, now), order_++, std::move(action)}); }
  /// Until nothing is left or `done`; false if `limit` came first.
  bool run(const std::function<bool()>& done, double limit) {
    while (!events_.empty() && !done()) {
      if (events_.top().when > limit) return false;
      now = events_.top().when;
      const Action action = std::move(const_cast<Event&>(events_.top()).action);
      events_.pop();
      action();
    }
    return done();
  }
  double now = kBeginning;

 private:
  struct Event {
    double when;
    std::uint64_t order;
    Action action;
    bool operator<(const Event& other) const {
      return when != other.when ? when > other.when : order > other.order;
    }
  };
  std::priority_queue<Event> events_;
  std::uint64_t order_ = 0;
};

inline constexpr double kIpUdp = 28;

/// One transfer; several may share the links.
class CodedFlow {
 public:
  struct Options {
    std::size_t bytes = 0;
    std::size_t symbol_bytes = 1408;
    double round_trip = 0.2;  // as the handshake measured it
    bool critical = false;
    double most = 0;
    std::size_t window = 12u << 20;
  };
  CodedFlow(Clock& clock, VirtualLink& forth, VirtualLink& back, const Options& options)
      : clock_(clock),
        forth_(forth),
        back_(back),
        options_(options),
        sender_(coder_, {options.round_trip, packet_bytes() * 8, options.most}),
        receiver_(coder_, options.window) {}

  void start() {
    started = clock_.now;
    refill();
    pump();
  }
  [[nodiscard]] bool done() const { return delivered_ == options_.bytes; }
  double started = 0;
  double ended = 0;
  std::uint64_t feedback_sent = 0;
  std::set<coded::StreamNumber> ended_streams;  // the receiver has delivered them whole
  coded::CodedSender& sender() { return sender_; }
  coded::CodedReceiver& receiver() { return receiver_; }
  [[nodiscard]] double packet_bytes() const {
    return static_cast<double>(options_.symbol_bytes + coded::kDataOverhead) + kIpUdp;
  }
  [[nodiscard]] std::size_t delivered() const { return delivered_; }
  [[nodiscard]] double bytes_sent() const {
    return static_cast<double>(sender_.packets_sent()) * packet_bytes();
  }
  std::function<void()> watch;
  bool consumes = true;
  void consume_held() {
    receiver_.consumed(std::exchange(held_, 0));
    wake_receiver();
  }

 private:
  // As the session does: streams of 128 KiB, a little queued ahead.
  void refill() {
    constexpr std::size_t kBatch = 128 << 10;
    while (queued_ < options_.bytes && sender_.queued_bytes() < 2 * kBatch) {
      const std::size_t size = std::min(kBatch, options_.bytes - queued_);
      sender_.push(stream_++, Buffer::allocate(size), true, options_.critical);
      queued_ += size;
    }
  }
  void pump() {
    while (auto packet = sender_.next(clock_.now, options_.symbol_bytes)) {
      const coded::DataHeader header = packet->header;
      auto symbol = std::make_shared<Bytes>(packet->symbol.begin(), packet->symbol.end());
      const double size = static_cast<double>(packet->symbol.size() + coded::kDataOverhead) + kIpUdp;
      const auto arrival = forth_.send(clock_.now, size);
      if (arrival)
        clock_.at(*arrival, [this, header, symbol, n = packet->number] { arrive(n, header, *symbol); });
      refill();
    }
    if (std::isfinite(sender_.due())) wake_sender(sender_.due());
  }
  void wake_sender(double when) {
    if (when >= armed_sender_) return;
    armed_sender_ = when;
    clock_.at(when, [this, when] {
      if (armed_sender_ != when) return;
      armed_sender_ = 1e18;
      pump();
    });
  }
  void arrive(std::uint64_t number, const coded::DataHeader& header, const Bytes& symbol) {
    std::size_t fresh = 0;
    const auto taken = receiver_.take(number, {header, symbol}, clock_.now,
                                      [&](coded::StreamNumber stream, ByteView bytes, bool fin) {
                                        fresh += bytes.size();
                                        if (fin) ended_streams.insert(stream);
                                      });
    if (!taken) throw std::runtime_error(taken.error().message);
    delivered_ += fresh;
    held_ += fresh;
    if (consumes) consume_held();
    if (fresh > 0 && done()) ended = clock_.now;
    wake_receiver();
  }
  void wake_receiver() {
    const double due = receiver_.due();
    if (!std::isfinite(due) || due >= armed_receiver_) return;
    armed_receiver_ = due;
    clock_.at(due, [this, due] {
      if (armed_receiver_ != due) return;
      armed_receiver_ = 1e18;
      if (receiver_.due() <= clock_.now) tell();
      wake_receiver();
    });
  }
  void tell() {
    auto feedback = std::make_shared<coded::Feedback>(receiver_.feedback(clock_.now));
    const std::uint64_t number = feedback_sent++;
    Bytes wire;
    append(wire, *feedback);
    const auto arrival = back_.send(clock_.now, static_cast<double>(wire.size()) + 25 + kIpUdp);
    if (!arrival) return;
    clock_.at(*arrival, [this, feedback, number] {
      const auto taken = sender_.take(*feedback, number, clock_.now);
      if (!taken) throw std::runtime_error(taken.error().message);
      if (watch) watch();
      pump();
    });
  }

  Clock& clock_;
  VirtualLink& forth_;
  VirtualLink& back_;
  Options options_;
  PointingCoder coder_;
  coded::CodedSender sender_;
  coded::CodedReceiver receiver_;
  std::size_t queued_ = 0;
  std::size_t delivered_ = 0;
  std::size_t held_ = 0;
  coded::StreamNumber stream_ = 0;
  double armed_sender_ = 1e18;
  double armed_receiver_ = 1e18;
};

/// What one run over one link gave.
struct Outcome {
  bool done = false;
  double share = 0;     // of rate x (1 - nominal loss), from the first packet to the last byte
  double overhead = 0;  // IP bytes sent over content / (1 - loss)
  double queue_drops = 0;
  double queue_delay = 0;
  double seconds = 0;
  double real_share = 0;  // of what the seed's losses really left
};

inline Outcome run_alone(const LinkOptions& link, double nominal_loss, CodedFlow::Options flow,
                         std::uint64_t seed, const std::function<void(Clock&, CodedFlow&)>& watch = {}) {
  Clock clock;
  VirtualLink forth(link, seed * 2 + 1);
  VirtualLink back(link, seed * 2 + 2);
  // The handshake sees one packet each way, and jitter makes that a matter of luck.
  std::mt19937_64 luck(seed * 2 + 3);
  std::uniform_real_distribution<double> one_way(std::max(0.0, link.delay - link.jitter),
                                                 link.delay + link.jitter);
  flow.round_trip = one_way(luck) + one_way(luck) + 2e-4;
  auto transfer = std::make_unique<CodedFlow>(clock, forth, back, flow);
  if (watch) transfer->watch = [&] { watch(clock, *transfer); };
  transfer->start();
  Outcome outcome;
  const double ideal = static_cast<double>(flow.bytes) * 8 / (link.bits_per_s * (1 - nominal_loss));
  outcome.done = clock.run([&] { return transfer->done(); }, clock.now + 20 * ideal + 60);
  outcome.seconds = (outcome.done ? transfer->ended : clock.now) - transfer->started;
  outcome.share =
      ideal / outcome.seconds * static_cast<double>(transfer->delivered()) / static_cast<double>(flow.bytes);
  outcome.overhead = transfer->bytes_sent() / (static_cast<double>(flow.bytes) / (1 - nominal_loss));
  outcome.queue_drops = forth.dropped / std::max(forth.packets, 1.0);
  outcome.queue_delay = forth.queue_delay_sum / std::max(forth.packets, 1.0);
  const double real_loss = forth.lost_at_random / std::max(forth.packets - forth.dropped, 1.0);
  outcome.real_share = outcome.share * (1 - nominal_loss) / (1 - real_loss);
  return outcome;
}

}  // namespace dcdn::sim
