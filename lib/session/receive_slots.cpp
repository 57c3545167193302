#include "session/receive_slots.hpp"

#include "session/incoming_object.hpp"

namespace dcdn::session {

Result<bool> ReceiveSlots::claim(const std::string& slot, const std::shared_ptr<IncomingObject>& by) {
  if (in_turn_) {
    if (!output_slot_.empty() && output_slot_ != slot) {
      waiting_.push_back(by);
      return false;
    }
    output_slot_ = slot;
  }
  Use& use = uses_[slot];
  const auto before = use.holder.lock();
  if (before && before->comes_with(*by)) return Error(Errc::usage, "the same name is offered twice");
  use.holder = by;
  if (before) before->give_up_slot();
  return true;
}

std::shared_ptr<sink::ObjectSink> ReceiveSlots::kept(const std::string& slot) const {
  const auto use = uses_.find(slot);
  return use == uses_.end() ? nullptr : use->second.kept;
}

void ReceiveSlots::keep(const std::string& slot, std::shared_ptr<sink::ObjectSink> sink) {
  uses_[slot].kept = std::move(sink);
}

void ReceiveSlots::release(const std::string& slot, const IncomingObject& by, bool keep_sink) {
  const auto use = uses_.find(slot);
  if (use == uses_.end() || use->second.holder.lock().get() != &by) return;
  use->second.holder.reset();
  if (keep_sink && use->second.kept) return;
  if (output_slot_ == slot) output_slot_.clear();
  uses_.erase(use);
}

void ReceiveSlots::serve_waiting() {
  while (output_slot_.empty() && !waiting_.empty()) {
    const auto next = waiting_.front().lock();
    waiting_.pop_front();
    if (next) next->begin();
  }
}

}  // namespace dcdn::session
