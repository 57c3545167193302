#include "node/front_desk.hpp"

#include <asio/steady_timer.hpp>

#include "base/text.hpp"
#include "message/session_message.hpp"
#include "node/early_events.hpp"
#include "wire/frame_reader.hpp"

namespace dcdn::node {

namespace {

constexpr net::StreamId kFirstStream = 0;  // RFC 9000 section 2.1: the first bidirectional one of the client

}  // namespace

/// A connection that has not said what it wants.
class Visitor final : public net::ConnectionEvents, public std::enable_shared_from_this<Visitor> {
 public:
  Visitor(FrontDesk& desk, net::ConnectionPtr connection)
      : desk_(desk), connection_(std::move(connection)), patience_(desk.executor_) {}
  ~Visitor() override {
    if (connection_) connection_->set_events(nullptr);
  }
  Visitor(const Visitor&) = delete;
  Visitor& operator=(const Visitor&) = delete;

  void wait(std::chrono::milliseconds patience) {
    connection_->set_events(this);
    patience_.expires_after(patience);
    patience_.async_wait([weak = weak_from_this()](std::error_code stopped) {
      if (const auto self = weak.lock(); self && !stopped)
        self->turn_away(Error(Errc::temporary, "nothing was said in time"));
    });
  }
  /// Gives the connection to somebody who sets its events.
  net::ConnectionPtr hand_on() {
    patience_.cancel();
    return std::exchange(connection_, nullptr);
  }
  /// Closes it, and keeps it until that is done: letting go of it now would close it with code 0.
  void turn_away(const Error& why) {
    if (std::exchange(refused_, true)) return;
    patience_.cancel();
    early_ = {};
    desk_.note_(1, connection_->peer_address() + ": " + why.message);
    connection_->close(message::code_number(why.code), why.message);
  }
  [[nodiscard]] const NodeId& peer() const { return connection_->peer(); }
  [[nodiscard]] const EarlyEvents& early() const { return early_; }

 private:
  void on_stream_data(net::StreamId id, ByteView bytes, bool fin) override {
    const auto self = shared_from_this();
    if (refused_) return;
    if (!early_.data(id, bytes, fin)) return too_many_streams();
    if (id == kFirstStream) listen(bytes, fin);
  }
  void on_stream_reset(net::StreamId id, std::uint64_t code) override {
    if (refused_) return;
    if (!early_.reset(id, code)) return too_many_streams();
    if (id == kFirstStream) turn_away(ended());
  }
  void on_writable() override { early_.writable(); }
  void on_closed(const net::CloseInfo&) override {
    const auto self = shared_from_this();
    patience_.cancel();
    desk_.forget(*this);
  }

  void listen(ByteView bytes, bool fin) {
    reader_.push(bytes);
    for (;;) {
      const auto step = reader_.next();
      if (!step) return turn_away(step.error());
      const auto* frame = std::get_if<wire::Frame>(&*step);
      if (frame == nullptr) break;
      if (!trust::TrustLedger::is_statement(frame->type))
        return desk_.hand_over(shared_from_this(), frame->type);
      if (++statements_ > FrontDesk::kMostStatements)
        return turn_away(Error(Errc::limit, "too many statements about keys came first"));
    }
    if (fin) turn_away(ended());
  }
  static Error ended() { return Error(Errc::corrupt, "its first stream ended before it said anything"); }
  void too_many_streams() { turn_away(Error(Errc::limit, "too many streams came first")); }

  FrontDesk& desk_;
  net::ConnectionPtr connection_;
  asio::steady_timer patience_;
  EarlyEvents early_;
  BufferPool pool_{0};
  wire::FrameReader reader_{wire::OnDamage::strict, pool_};
  std::size_t statements_ = 0;
  bool refused_ = false;
};

void FrontDesk::answer(std::initializer_list<wire::FrameType> types, const Answer& who) {
  for (const wire::FrameType type : types) answers_[type] = who;
}

void FrontDesk::open(std::shared_ptr<net::Listener> listener, std::function<void(const Error&)> failed) {
  listener_ = std::move(listener);
  failed_ = std::move(failed);
  accept_next();
}

void FrontDesk::accept_next() {
  net::spawn(executor_, listener_->accept(),
             [this, alive = std::weak_ptr<bool>(alive_)](Result<net::ConnectionPtr> connection) {
               if (alive.expired() || !listener_) return;
               if (!connection) return failed_(connection.error());
               take(std::move(*connection));
               accept_next();
             });
}

void FrontDesk::take(net::ConnectionPtr connection) {
  note_(1, connection->peer_address() + ": connected, " + sign::to_text(connection->peer()));
  const auto visitor = std::make_shared<Visitor>(*this, std::move(connection));
  waiting_[visitor.get()] = visitor;
  visitor->wait(patience_);
}

// `visitor` lives until its own call that led here has returned.
void FrontDesk::hand_over(const std::shared_ptr<Visitor>& visitor, wire::FrameType type) {
  const auto who = answers_.find(type);
  if (who == answers_.end()) {
    const std::string number = std::to_string(static_cast<int>(type));
    return visitor->turn_away(
        Error(Errc::unsupported, "nobody here answers who begins with a frame of type " + number));
  }
  if (const auto judged = verdict_ ? verdict_(visitor->peer()) : Result<void>(); !judged)
    return visitor->turn_away(judged.error());
  waiting_.erase(visitor.get());
  const Answer answer = who->second;
  answer(visitor->hand_on(), [&visitor](net::ConnectionEvents& events) { visitor->early().replay(events); });
}

void FrontDesk::judge_again() {
  if (!verdict_) return;
  for (const auto& [raw, visitor] : std::map(waiting_))
    if (const auto judged = verdict_(visitor->peer()); !judged) visitor->turn_away(judged.error());
}

void FrontDesk::forget(Visitor& visitor) {
  waiting_.erase(&visitor);
}

void FrontDesk::stop() {
  if (const auto listener = std::exchange(listener_, nullptr)) listener->stop();
  for (const auto& [raw, visitor] : waiting_)
    visitor->turn_away(Error(Errc::temporary, "the program here stops"));
}

}  // namespace dcdn::node
