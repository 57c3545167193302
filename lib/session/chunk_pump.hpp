// chunk_pump.hpp - gives the chunks that are due to one connection of a sender, or to one of several: which
// class is next, which way it goes, and how much is queued ahead of the wire.
//
// Threads  the loop thread
#pragma once
#include <functional>
#include <memory>
#include <vector>

#include "pace/class_scheduler.hpp"
#include "pace/standstill.hpp"
#include "session/carrier_choice.hpp"
#include "session/object_transfer.hpp"
#include "session/path_set.hpp"

namespace dcdn::session {

class ChunkPump {
 public:
  /// All that is referred to outlives this. `wake`: there may be something to do.
  ChunkPump(SendShared& shared, net::ConnectionPtr connection, CarrierChoice& carrier, Transfers& transfers,
            std::function<void()> wake);
  /// Other interfaces carry chunks too. `interface`: the one that the connection was made by, empty if the
  /// routes chose it.
  void use_paths(const std::string& interface, const net::Identity& identity);

  /// It was offered on this connection: its chunks go once it has some.
  void add(ObjectTransfer& transfer) { offered_.push_back(&transfer); }
  void remove(ObjectTransfer& transfer) { std::erase(offered_, &transfer); }
  /// Measures, looks after the paths and sends what may go now, nothing if `paused`. Returns when tokens will
  /// be there again, if that is what stops it.
  std::optional<Micros> turn(bool paused);
  /// Chunks wait.
  [[nodiscard]] bool has_backlog() const;
  /// Events of the connection.
  void on_acknowledged(net::StreamId stream);
  void on_writable();

  /// What of the connection, and of the other paths, has come to stand still or not.
  [[nodiscard]] pace::Standstill::Reading standing() const;
  [[nodiscard]] std::vector<PathProgress> paths() const;
  /// Of all its connections together, those that are gone too.
  [[nodiscard]] net::ConnectionStats stats() const;
  [[nodiscard]] std::vector<PathUse> uses() const;
  /// Chunks travel by the coded carrier, over one path at least.
  [[nodiscard]] bool coded() const;

 private:
  void measure(Micros now);
  double carried_rate(const net::ConnectionStats& stats, Micros now);
  std::optional<Micros> send_chunks();
  [[nodiscard]] std::array<bool, pace::kClasses> backlog() const;
  [[nodiscard]] ObjectTransfer& oldest_of(std::size_t priority) const;
  [[nodiscard]] net::Connection* way_for(const ObjectTransfer& next, std::size_t limit);
  bool send_batch(ObjectTransfer& oldest, net::Connection& way, Micros now);  // false: no stream credit
  [[nodiscard]] std::size_t queue_limit() const;

  SendShared& shared_;
  net::ConnectionPtr connection_;
  CarrierChoice& carrier_;
  Transfers& transfers_;
  std::function<void()> wake_;
  std::vector<ObjectTransfer*> offered_;
  std::unique_ptr<PathSet> paths_;  // none: everything goes over connection_
  pace::ClassScheduler scheduler_;
  Micros next_measure_{0};
  std::uint64_t arrived_ = 0;  // at the last measure,
  Micros arrived_at_{0};
  bool busy_ = false;  // and whether there was more to send then
  double carried_rate_ = 0;
  std::uint64_t critical_given_ = 0;  // without paths_, which know it of each
};

}  // namespace dcdn::session
