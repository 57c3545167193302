// role.hpp - one of the things that a node is: a sender, a receiver, a relay.
#pragma once
#include "net/task.hpp"

namespace dcdn::node {

/// Everything is called on the loop, but drain(), which is called when it has stopped.
class Role {
 public:
  virtual ~Role() = default;
  /// Until its work is done, or stop(). Its error becomes the node's.
  virtual net::Task<void> run() = 0;
  /// Interrupted, out of time, or the node cannot go on: run() is to end soon. Not after run() has ended.
  virtual void stop(const Error& why) = 0;
  /// Every 200 ms while it runs, and once at its end.
  virtual void tick() {}
  /// What is trusted, or known about a key, may have changed: peers are to be judged again.
  virtual void trust_changed() {}
  /// Settings may have changed: what can be read again is.
  virtual void reload() {}
  /// Waits for the jobs of its threads and lets go of what could post another. False: something is still held
  /// by what was posted; it is called again after that has run.
  virtual bool drain() { return true; }
};

}  // namespace dcdn::node
