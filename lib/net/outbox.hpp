// outbox.hpp - datagrams of one connection on their way to the socket: what it does not take yet, and copies.
//
// Path     put() -> the socket, or kept until it takes datagrams again -> resume(). Small datagrams leave
//          more than once (datagram_repeats.hpp tells why).
// Threads  pure: time is a parameter, the socket a function.
#pragma once
#include <deque>
#include <functional>
#include <optional>

#include "net/connection.hpp"
#include "net/datagram.hpp"
#include "net/datagram_repeats.hpp"

namespace dcdn::net {

class Outbox {
 public:
  using Nanoseconds = DatagramRepeats::Nanoseconds;
  /// blocked: the batch is what remains of it, and resume() is called when the socket takes datagrams again.
  using Send = std::function<Sent(DatagramBatch&)>;
  /// How often a datagram leaves.
  struct Copies {
    int at_once = 1;
    unsigned later = 0;   ///< more, the distance doubling
    Nanoseconds gap = 0;  ///< after which the first of these follows
  };

  /// proved: the peer receives at its address. As long as that is not so, no more leaves than three times
  /// what was heard, originals, copies and what is said at the end together (RFC 9000 section 8.1). ngtcp2
  /// counts its originals only, so what is too much here is lost as in the network.
  Outbox(Send send, bool proved) : send_(std::move(send)), proved_(proved) {}

  void put(DatagramBatch batch);
  void put(const DatagramBatch& batch, const Copies& copies, Nanoseconds now);
  /// The socket takes no more: what is put now waits.
  [[nodiscard]] bool is_full() const { return !unsent_.empty(); }
  /// The socket takes datagrams again. False: it became full once more.
  bool resume();
  /// Sends the copies that are due.
  void turn(Nanoseconds now);
  /// When turn() is to be called next. Copies that may not leave yet wait for what comes in, which ends in a
  /// turn as well.
  [[nodiscard]] Nanoseconds due(Nanoseconds now) const;
  /// All that was sent is answered: no copies of it.
  void answered() { repeats_.forget(); }
  void clear();

  /// Something of the peer came in.
  void heard(std::size_t bytes);
  /// The peer receives at `remote`. Elsewhere it gets no copies until that is proved too (section 9.3.1).
  void address_proved(const SocketAddress& remote) {
    proved_ = true;
    proved_at_ = remote;
  }
  /// The kernel says that nobody listens at the peer's address. One such message may be old or forged. True:
  /// it was not one, they keep coming and nothing else arrives.
  bool refused();
  void forget_refusals() { refusals_in_a_row_ = 0; }
  /// Adds the bytes and packets so far.
  void count(ConnectionStats& stats) const;

 private:
  struct Unsent {
    Bytes bytes;
    DatagramBatch batch;  // its view is of `bytes`
  };
  [[nodiscard]] std::uint64_t allowance() const;
  bool leave(DatagramBatch batch);

  Send send_;
  std::deque<Unsent> unsent_;
  DatagramRepeats repeats_;
  bool proved_;
  std::optional<SocketAddress> proved_at_;  // empty: nobody said where
  unsigned refusals_in_a_row_ = 0;
  std::uint64_t packets_sent_ = 0;
  std::uint64_t bytes_sent_ = 0;
  std::uint64_t bytes_repeated_ = 0;
  std::uint64_t bytes_received_ = 0;
};

}  // namespace dcdn::net
