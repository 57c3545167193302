#include "trust/audit_writer.hpp"

#include <algorithm>

namespace dcdn::trust {

void RefusalRate::refill(Micros now) {
  if (room_ >= kBurst) {
    since_ = now;
    return;
  }
  const auto gained = static_cast<std::size_t>(std::max<std::int64_t>((now - since_) / kOneEvery, 0));
  if (gained == 0) return;
  room_ = std::min(kBurst, room_ + gained);
  since_ += kOneEvery * static_cast<std::int64_t>(gained);
}

bool RefusalRate::take(Micros now) {
  refill(now);
  if (room_ > 0 && counted_ == 0) {
    --room_;
    return true;
  }
  ++counted_;
  return false;
}

std::uint64_t RefusalRate::counted(Micros now, bool at_end) {
  refill(now);
  if (counted_ == 0 || (room_ == 0 && !at_end)) return 0;
  if (room_ > 0) --room_;
  return std::exchange(counted_, 0);
}

AuditWriter::AuditWriter(Home home, Warn warn) : home_(std::move(home)), warn_(std::move(warn)) {}

AuditWriter::~AuditWriter() {
  drain();
}

void AuditWriter::add(AuditEvent event) {
  const std::lock_guard lock(mutex_);
  if (event.event == kAuditReject && !rate_.take(now_micros())) {
    for (const auto& [name, text] : event.facts)
      if (name == "why") last_refusal_ = text;
    return;
  }
  queue(std::move(event));
}

void AuditWriter::tick() {
  const std::lock_guard lock(mutex_);
  queue_counted(false);
}

void AuditWriter::drain() {
  {
    const std::lock_guard lock(mutex_);
    queue_counted(true);
  }
  worker_.drain();
}

void AuditWriter::queue_counted(bool at_end) {
  const std::uint64_t more = rate_.counted(now_micros(), at_end);
  if (more == 0) return;
  queue({kAuditReject, {{"what", std::to_string(more) + " more"}, {"why", "the last: " + last_refusal_}}});
}

// Lines that come while others are written are written together, with one sync.
void AuditWriter::queue(AuditEvent event) {
  waiting_.push_back({std::move(event), static_cast<std::uint64_t>(now_s())});
  if (!std::exchange(posted_, true)) worker_.post([this] { write_waiting(); });
}

void AuditWriter::write_waiting() {
  std::vector<TimedAuditEvent> events;
  {
    const std::lock_guard lock(mutex_);
    events.swap(waiting_);
    posted_ = false;
  }
  const auto done = append_audit(home_, events);
  if (!done && warn_) warn_("not in the audit log: " + done.error().message);
}

}  // namespace dcdn::trust
