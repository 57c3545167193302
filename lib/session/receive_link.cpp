// Loop thread: streams to frames, frames to what they mean. What the store thread does is in
// receive_jobs.cpp.
#include "session/receive_link.hpp"

#include <asio/post.hpp>

#include "base/clock.hpp"
#include "base/text.hpp"
#include "digest/hasher.hpp"

namespace dcdn::session {

namespace {

constexpr std::size_t kMaxObjects = 64;           // offered and not finished, a connection
constexpr std::size_t kMaxListedObjects = 65536;  // offered in all, a connection
// Flow control bounds their bytes, this what a small one costs beside them.
constexpr std::size_t kMostEarlyFrames = 1024;
constexpr std::size_t kMostTitleBytes = 200;  // what stands for a session in lists

}  // namespace

// The session's name here: not the sender's own, so that both can stand in one list on a machine that talks
// to itself.
std::string ReceiveConnection::listed_id(const std::array<std::uint8_t, 16>& session, const NodeId& peer) {
  digest::Hasher hasher;
  hasher.update(as_bytes("dcdn received session\n"));
  hasher.update(session);
  hasher.update(peer.view());
  return to_hex(hasher.digest().view().first(8));
}

ReceiveConnection::ReceiveConnection(std::shared_ptr<ReceiveShared> shared, net::ConnectionPtr connection)
    : shared_(std::move(shared)), connection_(std::move(connection)) {}

ReceiveConnection::~ReceiveConnection() {
  connection_->set_events(nullptr);
  // Sinks are closed where they were used.
  shared_->worker.post([desk = desk_] { desk->clear(); });
}

void ReceiveConnection::start() {
  connection_->set_events(this);
}

void ReceiveConnection::add_to_title(const std::string& name) {
  if (unnamed_ > 0 || (!names_.empty() && names_.size() + name.size() > kMostTitleBytes)) {
    ++unnamed_;
  } else {
    names_ += (names_.empty() ? "" : ", ") + name;
  }
}

std::string ReceiveConnection::title() const {
  return unnamed_ == 0 ? names_ : names_ + " and " + std::to_string(unnamed_) + " more";
}

ReceiveConnection::Object* ReceiveConnection::find(std::uint32_t number) {
  const auto it = objects_.find(number);
  return it == objects_.end() ? nullptr : &it->second;
}

void ReceiveConnection::post(std::function<void(ReceiveConnection&)> on_loop) {
  asio::post(shared_->executor, [weak = weak_from_this(), on_loop = std::move(on_loop)] {
    if (auto self = weak.lock(); self && !self->over_) on_loop(*self);
  });
}

// A job keeps this alive while it runs, and gives it back to the loop: nothing of the network ends on another
// thread.
void ReceiveConnection::on_store(std::function<void(ReceiveConnection&)> job) {
  shared_->worker.post([self = shared_from_this(), job = std::move(job)]() mutable {
    job(*self);
    job = nullptr;
    const asio::any_io_executor executor = self->shared_->executor;
    asio::post(executor, [self = std::move(self)] {});
  });
}

std::function<void()> ReceiveConnection::credit_for(net::StreamId id, std::size_t bytes) {
  return [weak = weak_from_this(), executor = shared_->executor, id, bytes] {
    asio::post(executor, [weak, id, bytes] {
      if (auto self = weak.lock(); self && !self->over_) self->connection_->consume(id, bytes);
    });
  };
}

void ReceiveConnection::on_stream_data(net::StreamId id, ByteView bytes, bool fin) {
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

Result<void> ReceiveConnection::take_frame(net::StreamId id, StreamState& stream, wire::Frame& frame) {
  if (net::is_unidirectional(id)) {
    if (frame.type == wire::FrameType::chunk) return take_chunk(id, stream, frame);
    if (frame.type == wire::FrameType::difference) return take_difference(id, stream, frame);
  } else if (frame.type == wire::FrameType::key_rotation || frame.type == wire::FrameType::key_revocation) {
    DCDN_CHECK(take_statement(frame));
  } else if (const auto object = object_streams_.find(id); object != object_streams_.end()) {
    if (Object* known = find(object->second)) return take_object_frame(*known, id, stream, frame);
  } else if (id == session_stream_) {
    DCDN_CHECK(path_ > 0 ? take_join(frame) : take_session_frame(frame));
  } else if (session_stream_ < 0 && frame.type == wire::FrameType::join) {
    session_stream_ = id;
    DCDN_CHECK(take_join(frame));
  } else if (session_stream_ < 0 && frame.type == wire::FrameType::hello) {
    session_stream_ = id;
    DCDN_CHECK(take_hello(frame));
  } else if (frame.type == wire::FrameType::offer) {
    if (std::exchange(stream.offered, true)) return Error(Errc::corrupt, "a second offer on one stream");
    DCDN_CHECK(take_offer(id, frame));
  }
  const std::size_t size = std::min(stream.held, wire::kHeaderBytes + frame.body.size());
  stream.held -= size;
  connection_->consume(id, size);
  return {};
}

// It counts from here on, also against the one who brings it.
Result<void> ReceiveConnection::take_statement(const wire::Frame& frame) {
  DCDN_CHECK(shared_->watcher.on_statement(frame));
  const NodeId& peer = connection_->peer();
  DCDN_TRY(const NodeId now, shared_->settings.trusted->current(peer));
  if (now == peer) return {};
  return Error(Errc::untrusted,
               "the key " + sign::to_text(peer) + " has been replaced by " + sign::to_text(now));
}

Result<void> ReceiveConnection::take_hello(const wire::Frame& frame) {
  DCDN_TRY(const auto hello, message::parse<message::Hello>(frame.body.view()));
  if (hello.protocol != 1) return Error(Errc::unsupported, "this receiver speaks session protocol 1 only");
  said_hello_ = true;
  session_id_ = listed_id(hello.session, connection_->peer());
  shared_->sessions[session_id_] = weak_from_this();
  message::Welcome welcome;
  welcome.agent = shared_->settings.agent;
  welcome.max_chunk_content = shared_->settings.max_chunk_content;
  if (!shared_->settings.statements.empty())
    connection_->send(session_stream_, Buffer::copy_of(shared_->settings.statements), false);
  connection_->send(session_stream_, frame_buffer(wire::FrameType::welcome, message::encode(welcome)), false);
  if (shared_->paused) set_paused(true);
  shared_->watcher.on_session(session_id_, connection_->peer(), connection_->peer_address());
  return {};
}

Result<void> ReceiveConnection::take_session_frame(const wire::Frame& frame) {
  if (frame.type == wire::FrameType::pause) peer_paused_ = true;
  if (frame.type == wire::FrameType::resume) peer_paused_ = false;
  if (frame.type == wire::FrameType::carrier) return take_carrier(frame);
  if (frame.type != wire::FrameType::failure) return {};
  DCDN_TRY(const auto failure, message::parse<message::Failure>(frame.body.view()));
  return Error(message::code_of_number(failure.code), "sender: " + escape_for_display(failure.message));
}

// The answer goes out after our side is ready for what it allows.
Result<void> ReceiveConnection::take_carrier(const wire::Frame& frame) {
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

Result<void> ReceiveConnection::take_offer(net::StreamId id, const wire::Frame& frame) {
  DCDN_TRY(auto offer, message::parse<message::Offer>(frame.body.view()));
  const std::uint32_t number = offer.object;
  if (path_ > 0) return Error(Errc::corrupt, "an offer on a further path of a session");
  if (seen_objects_.size() >= kMaxListedObjects || objects_.size() >= kMaxObjects)
    return Error(Errc::limit, "too many objects are offered at once");
  if (!seen_objects_.insert(number).second) return Error(Errc::corrupt, "an object number is used twice");
  if (offer.name.empty()) offer.name = "stdin";
  add_to_title(escape_for_display(offer.name));
  total_ += offer.bytes.value_or(0);
  object_streams_[id] = number;
  Object object{
      std::move(offer), id, {}, pipeline::SegmentGate(connection_->peer(), *shared_->settings.trusted)};
  auto [it, inserted] = objects_.emplace(number, std::move(object));
  shared_->watcher.on_session_progress(session_id_, title(), done_before_, total_);
  auto sink = sink_for(it->second);
  if (!sink) {
    fail(number, sink.error());
  } else if (*sink) {
    open_sink(it->second, std::move(*sink));
  }
  return {};
}

Result<void> ReceiveConnection::take_object_frame(Object& object, net::StreamId id, StreamState& stream,
                                                  const wire::Frame& frame) {
  const std::size_t size = std::min(stream.held, wire::kHeaderBytes + frame.body.size());
  const std::uint32_t number = object.offer.object;
  if (frame.type == wire::FrameType::segment || frame.type == wire::FrameType::signature) {
    stream.held -= size;
    if (object.opened) {
      take_manifest_frame(object, frame);
    } else if (connection_->begins_early()) {
      if (object.early.size() >= kMostEarlyFrames)
        return Error(Errc::limit, "too many manifest segments came before the answer to their offer");
      object.early.push_back(frame);
    } else {
      return Error(Errc::corrupt, "a manifest segment came before the answer to its offer");
    }
    return {};
  }
  if (frame.type == wire::FrameType::again) {
    DCDN_CHECK(parse_about<message::Again>(number, frame.body.view()));
    if (!object.opened) return Error(Errc::corrupt, "an object is begun again before its answer");
    object.void_until_again = false;
  } else if (frame.type == wire::FrameType::differences) {
    DCDN_TRY(const auto differences, message::parse<message::Differences>(frame.body.view()));
    object.differences = differences.version;
  } else if (frame.type == wire::FrameType::cancel) {
    DCDN_TRY(const auto cancel, parse_about<message::Cancel>(number, frame.body.view()));
    given_up(object, Error(Errc::incomplete, "sender: " + escape_for_display(cancel.reason)));
  } else if (frame.type == wire::FrameType::failure) {
    DCDN_TRY(const auto failure, parse_about<message::Failure>(number, frame.body.view()));
    given_up(object,
             Error(message::code_of_number(failure.code), "sender: " + escape_for_display(failure.message)));
  } else if (frame.type == wire::FrameType::offer) {
    return Error(Errc::corrupt, "a second offer on one stream");
  }
  stream.held -= size;
  connection_->consume(id, size);
  return {};
}

// Our side of the stream ends too, or it would count against the streams that the sender may have open.
void ReceiveConnection::given_up(const Object& object, const Error& error) {
  if (!first_error_) first_error_ = error;
  shared_->watcher.on_object_failed(escape_for_display(object.offer.name), error);
  connection_->send(object.stream, Buffer(), true);
  remove(object.offer.object, true);
}

// The stream's credit goes back when the segment is on its way to the store, or is dropped.
void ReceiveConnection::take_manifest_frame(Object& object, const wire::Frame& frame) {
  auto credit = credit_for(object.stream, wire::kHeaderBytes + frame.body.size());
  if (object.void_until_again) return credit();
  auto passed = object.gate.take(frame, now_micros());
  if (!passed) {
    credit();
    fail(object.offer.object, passed.error());
  } else if (*passed) {
    add_segment(object, std::move(**passed), std::move(credit));
  } else {
    credit();
  }
}

// What a sender sent without waiting for the answer.
void ReceiveConnection::take_early(Object& object, bool plain) {
  object.void_until_again = connection_->begins_early() && !plain;
  const std::uint32_t number = object.offer.object;
  const net::StreamId stream = object.stream;
  for (const wire::Frame& frame : std::exchange(object.early, {})) {
    if (Object* still = find(number)) {
      take_manifest_frame(*still, frame);
    } else {  // the one before has failed it
      connection_->consume(stream, wire::kHeaderBytes + frame.body.size());
    }
  }
}

Result<void> ReceiveConnection::take_chunk(net::StreamId id, StreamState& stream, const wire::Frame& frame) {
  DCDN_TRY(const auto chunk, pipeline::parse_chunk_frame(frame.body));
  const std::size_t size = std::min(stream.held, wire::kHeaderBytes + frame.body.size());
  stream.held -= size;
  auto credit = credit_for(id, size);
  const auto first = path_ > 0 ? first_.lock() : shared_from_this();
  if (!first || first->over_) {  // nobody waits for it any more
    credit();
    return {};
  }
  first->on_store([chunk, credit = std::move(credit)](ReceiveConnection& self) {
    self.post_outcome(self.desk_->take(chunk, self.shared_->pool, credit));
  });
  return {};
}

// Like a chunk; but it belongs to one object, and its want came first, so that it never has to be held.
Result<void> ReceiveConnection::take_difference(net::StreamId id, StreamState& stream,
                                                const wire::Frame& frame) {
  DCDN_TRY(auto difference, message::parse<message::Difference>(frame.body.view()));
  const std::size_t size = std::min(stream.held, wire::kHeaderBytes + frame.body.size());
  stream.held -= size;
  auto credit = credit_for(id, size);
  const auto first = path_ > 0 ? first_.lock() : shared_from_this();
  if (!first || first->over_) {
    credit();
    return {};
  }
  first->on_store([difference = std::move(difference), credit = std::move(credit)](ReceiveConnection& self) {
    self.post_outcome(self.desk_->take_difference(difference, self.shared_->pool));
    credit();
  });
  return {};
}

void ReceiveConnection::on_stream_reset(net::StreamId id, std::uint64_t) {
  if (over_) return;
  const auto it = object_streams_.find(id);
  if (it != object_streams_.end()) remove(it->second, true);
  const auto stream = streams_.find(id);
  if (stream == streams_.end()) return;
  connection_->consume(id, stream->second.held);
  streams_.erase(stream);
}

void ReceiveConnection::on_closed(const net::CloseInfo& info) {
  if (over_) return;
  over_ = true;
  close_paths();
  const bool cancelled = info.by_peer && info.clean && info.code == kCloseCancelled;
  if (cancelled) {
    shared_->worker.post([desk = desk_, numbers = seen_objects_] {
      for (const std::uint32_t number : numbers) {
        if (sink::ObjectSink* sink = desk->find(number)) (void)sink->discard();
      }
    });
  }
  if (!objects_.empty() && !first_error_) first_error_ = info.error;
  if (cancelled) first_error_ = Error(Errc::interrupted, "cancelled by the sender");
  while (!objects_.empty()) remove(objects_.begin()->first, !cancelled);
  if (said_hello_) shared_->watcher.on_session_end(session_id_, first_error_ ? &*first_error_ : nullptr);
}

void ReceiveConnection::drop(const Error& error) {
  if (over_) return;
  shared_->watcher.on_note(0, connection_->peer_address() + ": " + error.message);
  first_error_ = error;
  connection_->close(message::code_number(error.code), error.message);
}

void ReceiveConnection::look(Micros now) {
  if (peer_paused_) return;
  std::vector<std::pair<std::uint32_t, Error>> late;
  for (const auto& [number, object] : objects_)
    if (const auto timely = object.gate.check(now); !timely) late.emplace_back(number, timely.error());
  for (const auto& [number, error] : late) fail(number, error);
}

void ReceiveConnection::close(std::uint64_t code, const std::string& reason) {
  connection_->close(code, reason);
}

void ReceiveConnection::set_paused(bool paused) {
  if (session_stream_ < 0 || over_) return;
  const auto type = paused ? wire::FrameType::pause : wire::FrameType::resume;
  connection_->send(session_stream_,
                    frame_buffer(type, message::encode(message::PauseResume{"by the receiver"})), false);
}

void ReceiveConnection::describe(Progress& progress) const {
  for (const auto& [number, object] : objects_) {
    if (progress.objects.size() >= 16) break;
    ObjectProgress shown;
    shown.name = escape_for_display(object.offer.name);
    shown.peer = sign::short_text(connection_->peer());
    shown.bytes_total = object.offer.bytes;
    shown.bytes_done = object.now.bytes_done;
    progress.objects.push_back(std::move(shown));
  }
  const net::ConnectionStats stats = connection_->stats();
  progress.wire_bytes += stats.bytes_received;
  progress.rtt = std::max(progress.rtt, stats.smoothed_rtt);
}

}  // namespace dcdn::session
