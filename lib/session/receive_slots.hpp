// receive_slots.hpp - who receives into which staging folder or output: one at a time.
//
// Threads  the loop's
#pragma once
#include <deque>
#include <map>
#include <memory>
#include <string>

#include "dcdn/result.hpp"
#include "sink/object_sink.hpp"

namespace dcdn::session {

class IncomingObject;

/// By the name of a slot (store::slot_name): two connections never write to one staging folder, and a sink
/// that cannot start over (standard output) is kept for the reconnect.
class ReceiveSlots {
 public:
  /// in_turn: there is one output for all slots, and it takes one object after the other.
  explicit ReceiveSlots(bool in_turn) : in_turn_(in_turn) {}

  /// Who had the slot before gives it up, unless it came the same way: error usage. False: the output is not
  /// free; `by` is begun again when it is.
  Result<bool> claim(const std::string& slot, const std::shared_ptr<IncomingObject>& by);
  /// Also while nobody has the slot. Null: nothing is kept.
  [[nodiscard]] std::shared_ptr<sink::ObjectSink> kept(const std::string& slot) const;
  void keep(const std::string& slot, std::shared_ptr<sink::ObjectSink> sink);
  /// Nothing happens if somebody else has it by now. keep_sink: what is kept stays, and the output with it.
  void release(const std::string& slot, const IncomingObject& by, bool keep_sink);
  /// Begins those that wait for as long as the output is free.
  void serve_waiting();

 private:
  struct Use {
    std::weak_ptr<IncomingObject> holder;  // who receives into it now
    std::shared_ptr<sink::ObjectSink> kept;
  };
  bool in_turn_;
  std::map<std::string, Use> uses_;
  std::string output_slot_;  // in turn: which slot has the output; empty: it is free
  std::deque<std::weak_ptr<IncomingObject>> waiting_;
};

}  // namespace dcdn::session
