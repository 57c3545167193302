// competition.hpp - whether others keep a queue standing, and how to get a share among them: a queue that
// stays although we send less than passes is not ours.
//
// Threads  pure.
#pragma once
#include "coded/path_signals.hpp"

namespace dcdn::coded {

class Competition {
 public:
  /// With each feedback while there is none. high: more queue than that is not ours. True: there is one now.
  bool begins(const PathSignals& signals, Seconds high, Seconds now);
  /// With each feedback while there is one. True: we are alone again.
  bool ends(const PathSignals& signals, Seconds high, Seconds now);
  /// How much of the bandwidth to send: in a cycle, so that a larger share is found.
  [[nodiscard]] double gain(const PathSignals& signals, Seconds now) const;
  /// After an outage: the queue before it says nothing.
  void interrupt() { high_since_ = -1; }

 private:
  Seconds high_since_ = -1;
  Seconds low_since_ = -1;
  Seconds since_ = 0;
  Seconds next_alone_test_ = 0;
  Seconds alone_test_until_ = 0;
};

}  // namespace dcdn::coded
