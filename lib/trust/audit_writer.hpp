// audit_writer.hpp - the audit log of a running process: written by a thread of its own, so that no disk
// holds up the loop, and bounded, so that nobody fills it by being refused.
#pragma once
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "trust/audit_log.hpp"
#include "work/serial_worker.hpp"

namespace dcdn::trust {

/// How many refusals get a line of their own: a burst, and then one in a while. Those beyond are counted, and
/// the count is a line when there is room for one. Pure; time is a parameter.
class RefusalRate {
 public:
  static constexpr std::size_t kBurst = 60;
  static constexpr Micros kOneEvery = std::chrono::seconds(60);

  /// True: it may be written. False: it was counted.
  bool take(Micros now);
  /// The number of those that were counted, once there is room for a line, or at the end; else 0.
  std::uint64_t counted(Micros now, bool at_end = false);

 private:
  void refill(Micros now);
  std::size_t room_ = kBurst;
  Micros since_{0};  // of the last refill; 0: full
  std::uint64_t counted_ = 0;
};

/// What is accepted, or changes a key, always gets its line. Threads  any
class AuditWriter {
 public:
  using Warn = std::function<void(const std::string&)>;
  /// `warn` is told, on another thread, what could not be written.
  AuditWriter(Home home, Warn warn);
  /// Writes what is left.
  ~AuditWriter();
  AuditWriter(const AuditWriter&) = delete;
  AuditWriter& operator=(const AuditWriter&) = delete;

  /// A line with the time of now, on disk soon.
  void add(AuditEvent event);
  /// Any other job that waits for a disk, in turn with the lines.
  void post(std::function<void()> job) { worker_.post(std::move(job)); }
  /// From time to time: the count of refusals that have no line.
  void tick();
  /// Until everything is written.
  void drain();

 private:
  void queue(AuditEvent event);
  void queue_counted(bool at_end);
  void write_waiting();

  const Home home_;
  const Warn warn_;
  std::mutex mutex_;
  std::vector<TimedAuditEvent> waiting_;
  bool posted_ = false;
  RefusalRate rate_;
  std::string last_refusal_;   // why, of those that were counted
  work::SerialWorker worker_;  // last: its thread ends before what its jobs use
};

}  // namespace dcdn::trust
