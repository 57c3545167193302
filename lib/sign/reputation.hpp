// reputation.hpp - how far a peer is worth asking again, from what it did before. Pure; time is a parameter.
//
// For each peer two weights are kept, of good and of bad experience. Both halve with every half-life, so what
// was long ago counts little and a peer that is left alone drifts back to the score of a stranger.
//
//   score = (good + 1) / (good + bad + 2)          0.5 for a stranger, always between 0 and 1
//
// Good weight is capped: nobody can save up credit and spend it on one attack. With the usual numbers one bad
// chunk takes the best peer from 0.97 to 0.51 and a stranger to 0.05; three take the best below 0.27. A
// forged signature is no mistake: it makes the score 0 until it has decayed away, which takes as long as for
// `forged` weight.
#pragma once
#include <chrono>
#include <unordered_map>

#include "dcdn/bytes.hpp"

namespace dcdn::sign {

enum class Experience {
  good_chunk,  ///< came in time and matched its digest
  late,        ///< nothing came in time: not necessarily the peer's fault
  bad_chunk,   ///< did not match its digest
  forged,      ///< a signature or statement that was wrong
};

struct ReputationOptions {
  std::chrono::seconds half_life{3600};
  double good_chunk = 0.25;
  double late = 0.5;
  double bad_chunk = 30;
  double forged = 1000;
  double most_good = 32;           ///< cap of the good weight
  double refuse_below = 0.2;       ///< acceptable() is false under it
  std::size_t most_peers = 65536;  ///< remembered; the one with the least to tell is forgotten first
};

class Reputation {
 public:
  /// Time since any fixed point of a clock that does not go back; if it does, no time has passed.
  using Time = std::chrono::microseconds;

  explicit Reputation(ReputationOptions options = {}) : options_(options) {}

  void note(const NodeId& peer, Experience what, Time now);
  /// 0 to 1.
  [[nodiscard]] double score(const NodeId& peer, Time now) const;
  [[nodiscard]] bool acceptable(const NodeId& peer, Time now) const;
  [[nodiscard]] std::size_t peers() const { return peers_.size(); }

 private:
  struct Weights {
    double good = 0;
    double bad = 0;
    double forged = 0;
    Time at{0};
  };
  [[nodiscard]] Weights decayed(const Weights& weights, Time now) const;
  void forget_one(Time now);

  ReputationOptions options_;
  std::unordered_map<NodeId, Weights, Name32Hash> peers_;
};

}  // namespace dcdn::sign
