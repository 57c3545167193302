#include "session/receive_link.hpp"

#include <algorithm>

#include "base/text.hpp"

namespace dcdn::session {

namespace {

constexpr std::size_t kMaxObjects = 64;           // offered and not finished, a connection
constexpr std::size_t kMaxListedObjects = 65536;  // offered in all, a connection
// A probe is not answered to a sender that does not read its answers: they would pile up here.
constexpr std::size_t kMostUnsentAnswers = 64u << 10;
constexpr std::size_t kMostFailureText = 1000;
constexpr std::size_t kMostStatements = 128;  // of each side; each may cost two verifications

}  // namespace

// What an object says goes out on the stream that it was offered on.
class ReceiveLink::StreamPeer : public ObjectPeer {
 public:
  StreamPeer(ReceiveLink& link, net::StreamId stream, std::uint32_t number)
      : link_(link), stream_(stream), number_(number) {}

  void answer(const message::Answer& answer) override {
    send(wire::FrameType::answer, message::encode(answer));
  }
  void want(const message::Want& want, ByteView ahead) override {
    if (!ahead.empty()) link_.connection_->send(stream_, Buffer::copy_of(ahead), false);
    send(wire::FrameType::want, message::encode(want));
  }
  void stored(const message::Stored& stored) override {
    send(wire::FrameType::stored, message::encode(stored));
  }
  void progressed(std::uint64_t bytes_done) override {
    for (const auto& [stream, object] : link_.objects_)
      if (stream != stream_) bytes_done += object->bytes_done();
    link_.listed_.tell_progress(link_.shared_->watcher, bytes_done);
  }
  void receipt(const wire::Receipt& receipt) override {
    send(wire::FrameType::receipt, wire::encode(receipt), true);
    link_.listed_.delivered(receipt.bytes, link_.objects_.at(stream_)->offer().bytes.value_or(0));
    progressed(0);
  }
  void failed(const Error& error) override {
    link_.note_error(error);
    const std::string hint = error.hint.empty() ? "" : " (" + error.hint + ")";
    const message::Failure failure{number_, message::code_number(error.code),
                                   (error.message + hint).substr(0, kMostFailureText)};
    send(wire::FrameType::failure, message::encode(failure), true);
  }
  void lost(const Error& error) override { link_.drop(error); }
  void ended() override { link_.objects_.erase(stream_); }
  [[nodiscard]] bool begins_early() const override { return link_.connection_->begins_early(); }
  [[nodiscard]] std::chrono::microseconds round_trip() const override {
    return link_.connection_->stats().smoothed_rtt;
  }

 private:
  void send(wire::FrameType type, const Bytes& body, bool last = false) {
    link_.connection_->send(stream_, frame_buffer(type, body), last);
  }
  ReceiveLink& link_;  // outlives what it is told: its end abandons its objects
  net::StreamId stream_;
  std::uint32_t number_;
};

ReceiveLink::ReceiveLink(std::shared_ptr<ReceiveShared> shared, net::ConnectionPtr connection)
    : shared_(std::move(shared)), connection_(std::move(connection)) {}

ReceiveLink::~ReceiveLink() {
  connection_->set_events(nullptr);
  for (const auto& [stream, object] : objects_) object->abandon();
  // Sinks are closed where they were used.
  shared_->worker.post([desk = desk_] { desk->clear(); });
}

void ReceiveLink::start(const std::function<void(net::ConnectionEvents&)>& early) {
  connection_->set_events(this);
  if (early) early(*this);
}

// ---- streams and their credit

std::size_t ReceiveLink::let_go(StreamState& stream, const wire::Frame& frame) {
  const std::size_t size = std::min(stream.held, wire::kHeaderBytes + frame.body.size());
  stream.held -= size;
  return size;
}

ReceiveLink::Credit ReceiveLink::credit_for(net::StreamId id, std::size_t bytes) {
  return [weak = weak_from_this(), executor = shared_->executor, id, bytes] {
    asio::post(executor, [weak, id, bytes] {
      if (auto self = weak.lock(); self && !self->over_) self->connection_->consume(id, bytes);
    });
  };
}

void ReceiveLink::on_stream_data(net::StreamId id, ByteView bytes, bool fin) {
  if (over_) return;
  auto [it, is_new] = streams_.try_emplace(id);
  StreamState& stream = it->second;
  if (is_new)
    stream.frames = std::make_unique<FrameStream>(net::is_unidirectional(id) ? shared_->pool : control_pool_);
  stream.held += bytes.size();
  auto taken =
      stream.frames->feed(bytes, fin, [&](wire::Frame& frame) { return take_frame(id, stream, frame); });
  if (!taken) return drop(taken.error());
  if (fin && !over_) {
    if (stream.held > 0) connection_->consume(id, stream.held);
    streams_.erase(id);
  }
}

// Credit of what is kept goes back when it is kept no longer, of everything else at once.
Result<void> ReceiveLink::take_frame(net::StreamId id, StreamState& stream, wire::Frame& frame) {
  using wire::FrameType;
  const bool carries = net::is_unidirectional(id);
  if (carries && frame.type == FrameType::chunk)
    return take_chunk(frame, credit_for(id, let_go(stream, frame)));
  if (carries && frame.type == FrameType::difference)
    return take_difference(frame, credit_for(id, let_go(stream, frame)));
  if (!carries) {
    const auto object = objects_.find(id);
    const bool statement = frame.type == FrameType::key_rotation || frame.type == FrameType::key_revocation;
    if (statement || object == objects_.end()) {
      DCDN_CHECK(take_link_frame(id, stream, frame));
    } else if (frame.type == FrameType::segment || frame.type == FrameType::signature) {
      return object->second->take_manifest(frame, credit_for(id, let_go(stream, frame)));
    } else {
      DCDN_CHECK(take_object_message(id, *object->second, frame));
    }
  }
  connection_->consume(id, let_go(stream, frame));
  return {};
}

void ReceiveLink::on_stream_reset(net::StreamId id, std::uint64_t) {
  if (over_) return;
  if (const auto object = objects_.find(id); object != objects_.end()) object->second->end(true);
  const auto stream = streams_.find(id);
  if (stream == streams_.end()) return;
  connection_->consume(id, stream->second.held);
  streams_.erase(stream);
}

void ReceiveLink::on_closed(const net::CloseInfo& info) {
  if (over_) return;
  over_ = true;
  close_paths();
  const bool cancelled = info.by_peer && info.clean && info.code == kCloseCancelled;
  if (cancelled) forget_all();
  const Error why = error_of_close(info);
  if (!objects_.empty()) note_error(why);
  if (cancelled) first_error_ = why;
  // That we are not trusted there is for a person to see, not for whoever reads everything.
  if (info.by_peer && info.clean && info.code == message::code_number(Errc::untrusted)) {
    first_error_ = Error(Errc::untrusted, "sender: " + escape_for_display(info.reason));
    shared_->watcher.on_note(0, connection_->peer_address() + ": " + first_error_->message);
  }
  const bool is_told = info.by_peer && info.clean && info.code != message::code_number(Errc::temporary);
  while (!objects_.empty())  // one whose connection was lost comes back
    is_told ? objects_.begin()->second->given_up(why, !cancelled) : objects_.begin()->second->end(true);
  if (!session_id().empty())
    shared_->watcher.on_session_end(session_id(), first_error_ ? &*first_error_ : nullptr);
}

void ReceiveLink::drop(const Error& error) {
  if (over_) return;
  shared_->watcher.on_note(0, connection_->peer_address() + ": " + error.message);
  first_error_ = error;
  connection_->close(message::code_number(error.code), error.message);
}

// ---- the session and its paths

Result<void> ReceiveLink::take_link_frame(net::StreamId id, StreamState& stream, const wire::Frame& frame) {
  using wire::FrameType;
  if (frame.type == FrameType::key_rotation || frame.type == FrameType::key_revocation)
    return take_statement(frame);
  if (id == session_stream_) return path_ > 0 ? take_join(frame) : take_session_frame(frame);
  if (session_stream_ < 0 && (frame.type == FrameType::join || frame.type == FrameType::hello)) {
    session_stream_ = id;
    return frame.type == FrameType::join ? take_join(frame) : take_hello(frame);
  }
  if (frame.type != FrameType::offer) return {};
  if (std::exchange(stream.offered, true)) return Error(Errc::corrupt, "a second offer on one stream");
  return take_offer(id, frame);
}

// It counts from here on, also against the one who brings it.
Result<void> ReceiveLink::take_statement(const wire::Frame& frame) {
  if (++statements_ > kMostStatements) return Error(Errc::limit, "too many statements about keys");
  DCDN_CHECK(shared_->watcher.on_statement(frame));
  const NodeId& peer = connection_->peer();
  DCDN_TRY(const NodeId now, shared_->settings.trusted->current(peer));
  if (now == peer) return {};
  return Error(Errc::untrusted,
               "the key " + sign::to_text(peer) + " has been replaced by " + sign::to_text(now));
}

Result<void> ReceiveLink::take_hello(const wire::Frame& frame) {
  DCDN_TRY(const auto hello, message::parse<message::Hello>(frame.body.view()));
  if (hello.protocol != 1) return Error(Errc::unsupported, "this receiver speaks session protocol 1 only");
  listed_.set_id(ListedSession::id_of(hello.session, connection_->peer()));
  shared_->sessions[session_id()] = weak_from_this();
  message::Welcome welcome;
  welcome.agent = shared_->settings.agent;
  welcome.max_chunk_content = shared_->settings.max_chunk_content;
  const Bytes statements = shared_->settings.statements ? shared_->settings.statements() : Bytes();
  if (!statements.empty()) connection_->send(session_stream_, Buffer::copy_of(statements), false);
  connection_->send(session_stream_, frame_buffer(wire::FrameType::welcome, message::encode(welcome)), false);
  if (shared_->paused) set_paused(true);
  shared_->watcher.on_session(session_id(), connection_->peer(), connection_->peer_address());
  return {};
}

Result<void> ReceiveLink::take_session_frame(const wire::Frame& frame) {
  if (frame.type == wire::FrameType::pause) peer_paused_ = true;
  if (frame.type == wire::FrameType::resume) peer_paused_ = false;
  if (frame.type == wire::FrameType::carrier) return take_carrier(frame);
  if (frame.type != wire::FrameType::failure) return {};
  DCDN_TRY(const auto failure, message::parse<message::Failure>(frame.body.view()));
  return message::told_by_peer("sender", failure.code, failure.message);
}

// The answer goes out after our side is ready for what it allows.
Result<void> ReceiveLink::take_carrier(const wire::Frame& frame) {
  DCDN_TRY(const auto offer, message::parse<message::CarrierOffer>(frame.body.view()));
  (void)offer;  // there is one version
  if (!shared_->settings.coded || std::exchange(told_carrier_, true)) return {};
  if (const auto started = connection_->start_coded(0); !started) {
    shared_->watcher.on_note(1, "coded carrier: " + started.error().message);
    return {};
  }
  connection_->send(session_stream_,
                    frame_buffer(wire::FrameType::carrier, message::encode(message::CarrierOffer{})), false);
  return {};
}

void ReceiveLink::set_paused(bool paused) {
  if (session_stream_ < 0 || over_) return;
  const auto type = paused ? wire::FrameType::pause : wire::FrameType::resume;
  connection_->send(session_stream_,
                    frame_buffer(type, message::encode(message::PauseResume{"by the receiver"})), false);
}

Result<void> ReceiveLink::take_join(const wire::Frame& frame) {
  if (frame.type != wire::FrameType::join) return {};
  DCDN_TRY(const auto join, message::parse<message::Join>(frame.body.view()));
  if (join.protocol != 1) return Error(Errc::unsupported, "this receiver speaks session protocol 1 only");
  if (path_ == 0) {
    if (!seen_objects_.empty()) return Error(Errc::corrupt, "a session's first connection joins another");
    const auto known = shared_->sessions.find(ListedSession::id_of(join.session, connection_->peer()));
    const auto first = known == shared_->sessions.end() ? nullptr : known->second.lock();
    if (!first || first->over_) {
      shared_->watcher.on_note(1,
                               connection_->peer_address() + ": a path of a session that does not run here");
      connection_->close(message::code_number(Errc::temporary), "that session does not run here");
      return {};
    }
    path_ = join.path;
    first_ = first;
    first->add_path(path_, shared_from_this());
  }
  if (join.path != path_) return Error(Errc::corrupt, "a path changed its number");
  if (connection_->queued_bytes() > kMostUnsentAnswers) return {};
  connection_->send(session_stream_,
                    frame_buffer(wire::FrameType::joined, message::encode(message::Joined{path_})), false);
  return {};
}

void ReceiveLink::add_path(std::uint32_t number, const std::shared_ptr<ReceiveLink>& link) {
  // The sender dialled again: the connection before it is dead and would last until its idle timeout.
  if (const auto before = paths_[number].lock()) before->close(0, "another connection took this path over");
  paths_[number] = link;
  shared_->watcher.on_note(1, link->connection_->peer_address() + ": path " + std::to_string(number) +
                                  " of session " + session_id());
}

void ReceiveLink::close_paths() {
  for (const auto& [number, path] : std::exchange(paths_, {}))
    if (const auto open = path.lock()) open->close(0, "the session's first connection ended");
  const auto known = shared_->sessions.find(session_id());
  if (known == shared_->sessions.end()) return;
  const auto current = known->second.lock();
  if (!current || current.get() == this) shared_->sessions.erase(known);
}

// ---- objects and their chunks

Result<void> ReceiveLink::take_offer(net::StreamId id, const wire::Frame& frame) {
  DCDN_TRY(auto offer, message::parse<message::Offer>(frame.body.view()));
  if (path_ > 0) return Error(Errc::corrupt, "an offer on a further path of a session");
  if (seen_objects_.size() >= kMaxListedObjects || objects_.size() >= kMaxObjects)
    return Error(Errc::limit, "too many objects are offered at once");
  if (!seen_objects_.insert(offer.object).second)
    return Error(Errc::corrupt, "an object number is used twice");
  if (offer.name.empty()) offer.name = "stdin";
  listed_.offered(escape_for_display(offer.name), offer.bytes.value_or(0));
  auto peer = std::make_unique<StreamPeer>(*this, id, offer.object);
  peer->progressed(0);
  const auto object = std::make_shared<IncomingObject>(shared_, desk_, connection_->peer(), std::move(offer),
                                                       std::move(peer));
  objects_[id] = object;
  object->begin();
  return {};
}

Result<void> ReceiveLink::take_object_message(net::StreamId id, IncomingObject& object,
                                              const wire::Frame& frame) {
  const std::uint32_t number = object.offer().object;
  const ByteView body = frame.body.view();
  if (frame.type == wire::FrameType::again) {
    DCDN_CHECK(parse_about<message::Again>(number, body));
    return object.take_again();
  }
  if (frame.type == wire::FrameType::differences) {
    DCDN_TRY(const auto differences, message::parse<message::Differences>(body));
    object.take_differences(differences.version);
  } else if (frame.type == wire::FrameType::cancel) {
    DCDN_TRY(const auto cancel, parse_about<message::Cancel>(number, body));
    given_up(id, object, Error(Errc::incomplete, "sender: " + escape_for_display(cancel.reason)));
  } else if (frame.type == wire::FrameType::failure) {
    DCDN_TRY(const auto failure, parse_about<message::Failure>(number, body));
    given_up(id, object, message::told_by_peer("sender", failure.code, failure.message));
  } else if (frame.type == wire::FrameType::offer) {
    return Error(Errc::corrupt, "a second offer on one stream");
  }
  return {};
}

// Our side of the stream ends too, or it would count against the streams that the sender may have open.
void ReceiveLink::given_up(net::StreamId id, IncomingObject& object, const Error& error) {
  note_error(error);
  connection_->send(id, Buffer(), true);
  object.given_up(error);
}

Result<void> ReceiveLink::take_chunk(const wire::Frame& frame, Credit credit) {
  DCDN_TRY(auto chunk, pipeline::parse_chunk_frame(frame.body));
  to_desk(std::move(credit), [chunk = std::move(chunk)](ReceiveLink& self, const Credit& held) {
    IncomingObject::tell(*self.shared_, *self.desk_, self.desk_->take(chunk, self.shared_->pool, held));
  });
  return {};
}

// Like a chunk; but it belongs to one object, and its want came first, so that it never has to be held.
Result<void> ReceiveLink::take_difference(const wire::Frame& frame, Credit credit) {
  DCDN_TRY(auto difference, message::parse<message::Difference>(frame.body.view()));
  to_desk(std::move(credit), [difference = std::move(difference)](ReceiveLink& self, const Credit& held) {
    IncomingObject::tell(*self.shared_, *self.desk_,
                         self.desk_->take_difference(difference, self.shared_->pool));
    held();
  });
  return {};
}

// What a further path brings counts as if the first one had brought it.
void ReceiveLink::to_desk(Credit credit, std::function<void(ReceiveLink&, const Credit&)> job) {
  const auto first = path_ > 0 ? first_.lock() : shared_from_this();
  if (!first || first->over_) return credit();  // nobody waits for it any more
  on_store(*shared_, first,
           [credit = std::move(credit), job = std::move(job)](ReceiveLink& self) { job(self, credit); });
}

void ReceiveLink::look(Micros now) {
  if (peer_paused_) return;
  const auto objects = objects_;  // one that fails leaves
  for (const auto& [stream, object] : objects) object->look(now);
}

void ReceiveLink::forget_all() {
  shared_->worker.post([desk = desk_] { desk->discard_all(); });
}

void ReceiveLink::cancel() {
  forget_all();
  while (!objects_.empty()) objects_.begin()->second->fail(Error(Errc::refused, "cancelled by the receiver"));
}

void ReceiveLink::describe(Progress& progress) const {
  constexpr std::size_t kMostShown = 16;
  for (const auto& [stream, object] : objects_) {
    if (progress.objects.size() >= kMostShown) break;
    ObjectProgress shown;
    shown.name = object->shown_name();
    shown.peer = sign::short_text(connection_->peer());
    shown.bytes_total = object->offer().bytes;
    shown.bytes_done = object->bytes_done();
    progress.objects.push_back(std::move(shown));
  }
  const net::ConnectionStats stats = connection_->stats();
  progress.wire_bytes += stats.bytes_received;
  progress.rtt = std::max(progress.rtt, stats.smoothed_rtt);
}

}  // namespace dcdn::session
