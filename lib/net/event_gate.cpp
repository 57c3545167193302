#include "net/event_gate.hpp"

namespace dcdn::net {

void EventGate::attach(ConnectionEvents* events) {
  events_ = events;
  if (events == nullptr) {
    state_ = State::silent;
    kept_.clear();
  } else if (state_ == State::waiting) {
    state_ = State::attached;
  } else if (state_ == State::silent) {
    state_ = State::open;
  }
}

void EventGate::release() {
  // Any of these calls may attach(nullptr).
  while (state_ == State::attached && !kept_.empty()) {
    const Kept next = std::move(kept_.front());
    kept_.pop_front();
    if (next.reset_code) {
      events_->on_stream_reset(next.id, *next.reset_code);
    } else {
      events_->on_stream_data(next.id, next.bytes, next.fin);
    }
  }
  if (state_ != State::attached) return;
  state_ = State::open;
  if (kept_writable_) events_->on_writable();
  if (close_ && state_ == State::open) closed(CloseInfo(*close_));
}

void EventGate::data(StreamId id, ByteView bytes, bool fin) {
  if (keeps()) {
    // Appending keeps a peer that sends byte by byte from costing a record for each.
    const bool follows = !kept_.empty() && kept_.back().id == id && !kept_.back().reset_code;
    if (!follows) kept_.push_back(Kept{id, {}, false, std::nullopt});
    Kept& last = kept_.back();
    last.bytes.insert(last.bytes.end(), bytes.begin(), bytes.end());
    last.fin = fin;
  } else if (state_ == State::open) {
    events_->on_stream_data(id, bytes, fin);
  }
}

void EventGate::reset(StreamId id, std::uint64_t code) {
  if (keeps()) {
    kept_.push_back(Kept{id, {}, false, code});
  } else if (state_ == State::open) {
    events_->on_stream_reset(id, code);
  }
}

void EventGate::acknowledged(StreamId id) {
  if (state_ == State::open) events_->on_stream_acknowledged(id);
}

void EventGate::writable() {
  if (keeps()) kept_writable_ = true;
  if (state_ == State::open) events_->on_writable();
}

void EventGate::closed(const CloseInfo& info) {
  close_ = info;
  if (state_ != State::open) return;
  ConnectionEvents* last = events_;
  attach(nullptr);
  last->on_closed(info);
}

Error EventGate::why_closed() const {
  return close_ ? close_->error : CloseInfo().error;
}

}  // namespace dcdn::net
