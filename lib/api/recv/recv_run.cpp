#include "api/recv/recv_run.hpp"

#include <algorithm>

#include "base/clock.hpp"
#include "base/text.hpp"
#include "sink/opened_file.hpp"
#include "store/receive_dir.hpp"
#include "trust/recipients.hpp"

namespace dcdn::api {

using record::SessionState;

RecvRun::RecvRun(const RecvOptions& options, ProgressSink& progress)
    : options_(options),
      progress_(progress),
      node_({options.home, options.key_name, options.passphrase, options.cert_file, options.interrupt_fd,
             options.max_time},
            [&progress](int level, const std::string& text) { progress.on_note(level, text); }) {}

Result<RecvReport> RecvRun::receive() {
  DCDN_CHECK(open());
  node_.add(*this);
  const auto result = node_.run();
  report_.objects = shared_->objects_delivered;
  report_.bytes = shared_->bytes_delivered;
  report_.verified_unix_s = shared_->verified_unix_s;
  if (first_data_ && last_data_ > *first_data_)
    report_.seconds = std::chrono::duration<double>(last_data_ - *first_data_).count();
  if (!result) return explained(result.error());
  if (not_opened_) return *not_opened_;
  return report_;
}

void RecvRun::stop(const Error& why) {
  was_unfinished_ = was_unfinished_ || !receiver_->progress().objects.empty();
  receiver_->stop(why);
}

// An output that was written to in part cannot be gone on with.
Error RecvRun::explained(const Error& ended) const {
  const bool is_stopped = ended.code == Errc::interrupted || ended.code == Errc::limit;
  if (!is_stopped || !was_unfinished_ || options_.sink != Sink::directory || !ended.hint.empty())
    return ended;
  return ended.with_hint(
      "what is unfinished is kept: start the same command again, and have its sender send again if it gave "
      "up");
}

// What was received is written; what the store thread held of connections comes back to the loop and ends
// there.
bool RecvRun::drain() {
  shared_->worker.drain();
  if (sealed_) sealed_->finish();
  if (receiver_) report_.wire_bytes = receiver_->wire_bytes();
  receiver_.reset();
  return shared_.use_count() == 1;
}

session::ReceiveSettings RecvRun::settings() {
  session::ReceiveSettings settings;
  settings.fsync = options_.fsync;
  settings.coded = options_.transport.carrier != Carrier::streams;
  settings.agent = node::Node::agent();
  settings.max_chunk_content = static_cast<std::uint32_t>(
      std::min<std::uint64_t>(options_.transport.receive_window / 2, wire::kMaxChunkContent));
  settings.trusted = {node_.ledger(), &node_.keyring()};
  settings.statements = [this] { return node_.trust().statements(); };
  return settings;
}

Result<void> RecvRun::open() {
  DCDN_CHECK(check(options_.transport));
  DCDN_CHECK(node_.identify());
  DCDN_TRY(const node::PeerRules rules,
           node::sender_rules(options_.allow, options_.allow_any, node_.ledger(), options_.ca_file));
  verdict_ = rules.verdict;
  session::ReceiveSettings receive = settings();
  DCDN_TRY(const ReceivePlace place, choose_sinks(options_, receive));
  DCDN_CHECK(node_.open_sessions());
  DCDN_TRY(const std::string address, node_.listen(options_.listen, options_.transport, rules));
  if (place.dir && !options_.keep_encrypted) decrypt_deliveries(place);
  shared_ =
      std::make_shared<session::ReceiveShared>(node_.executor(), std::move(receive), node_.key(), *this);
  receiver_ = std::make_unique<session::Receiver>(shared_, options_.once);
  node_.front_desk().answer({wire::FrameType::hello, wire::FrameType::join},
                            [this](net::ConnectionPtr connection, const node::FrontDesk::Early& early) {
                              receiver_->take(std::move(connection), early);
                            });
  if (options_.wait_time.count() > 0) wait_until_ = Clock::now() + options_.wait_time;
  if (options_.allow_any) on_note(0, "anybody may send here (--allow-any)");
  on_note(0, "listening on " + address + " as " + sign::to_text(node_.key().id()));
  if (options_.on_listening) options_.on_listening(address);
  return {};
}

void RecvRun::decrypt_deliveries(const ReceivePlace& place) {
  std::vector<sign::SecretKey> keys = trust::secret_keys(options_.home);
  keys.insert(keys.begin(), node_.key());
  sealed_.emplace(node_.executor(), options_, place, std::move(keys),
                  [this](const ObjectEnd& delivery, const OpenedDelivery& what) { opened(delivery, what); });
}

void RecvRun::tick() {
  progress_.on_progress(receiver_->progress());
  if (!wait_until_ || Clock::now() < *wait_until_) return;
  wait_until_.reset();
  stop(Error(Errc::nothing, "nobody sent anything within --wait"));
}

void RecvRun::on_session(const std::string& id, const NodeId& peer, const std::string& address) {
  wait_until_.reset();
  if (!first_data_) first_data_ = Clock::now();
  node_.sessions().begin_received(id, sign::to_text(peer), address);
  if (const auto serving = node_.consoles().open(id, control(id)); !serving)
    on_note(1, serving.error().message);
}

void RecvRun::on_session_progress(const std::string& id, const std::string& name, std::uint64_t done,
                                  std::uint64_t total) {
  node_.sessions().set_progress(id, done, total, name);
}

void RecvRun::on_session_end(const std::string& id, const Error* error) {
  node::SessionTable& table = node_.sessions();
  const bool over =
      error == nullptr
          ? table.complete(id)
          : table.end(id, error->code == Errc::interrupted ? SessionState::cancelled : SessionState::failed,
                      error->message);
  if (over) node_.consoles().close(id);
  if (error != nullptr && error->code != Errc::interrupted)
    on_note(1, "session " + id + ": " + error->message);
}

void RecvRun::on_delivered(const session::ReceivedObject& object) {
  last_data_ = std::chrono::steady_clock::now();
  const std::string id = to_hex(object.id.view());
  node_.trust().audit(
      {trust::kAuditAccept,
       {{"what", escape_for_display(object.name)}, {"object", id}, {"from", sign::to_text(object.sender)}}});
  if (!object.path.empty()) report_.paths.push_back(object.path);
  ObjectEnd end{object.name, object.path, object.bytes, id, "", "", nullptr};
  name_peer(object.sender, end);
  if (sealed_ && sink::is_sealed_file(object.path)) return sealed_->add(std::move(end));
  progress_.on_object(end);
}

void RecvRun::name_peer(const NodeId& peer, ObjectEnd& object) const {
  object.peer = sign::to_text(peer);
  object.peer_name = node_.keyring().name_of(peer).value_or("");
}

// The receipt has gone out: what the sender owed is here, whether it can be read or not.
void RecvRun::opened(const ObjectEnd& delivery, const OpenedDelivery& what) {
  if (!report_opened(options_, delivery, what, progress_, report_.paths, node_.ledger()->warn()))
    not_opened_ = what.result.error();
  if (what.result) report_.left_out += what.result->left_out;
}

Result<void> RecvRun::on_statement(const wire::Frame& frame) {
  DCDN_CHECK(node_.ledger()->take(frame));
  return {};
}

void RecvRun::trust_changed() {
  receiver_->judge_again([this](const NodeId& peer) {
    auto judged = verdict_(peer);
    if (!judged)
      node_.trust().audit(
          {trust::kAuditReject,
           {{"what", "session"}, {"key", sign::to_text(peer)}, {"why", judged.error().message}}});
    return judged;
  });
}

void RecvRun::on_left_out(const std::string& name, const wire::LeftOutList& left_out) {
  report_.left_out += left_out.count;
  tell_left_out(progress_, name, left_out);
}

void RecvRun::on_object_failed(const std::string& name, const NodeId& sender, const Error& error) {
  node_.trust().audit(
      {trust::kAuditReject,
       {{"what", escape_for_display(name)}, {"from", sign::to_text(sender)}, {"why", error.message}}});
  ObjectEnd end{name, "", 0, "", "", "", &error};
  name_peer(sender, end);
  progress_.on_object(end);
}

node::SessionControl RecvRun::control(const std::string& id) {
  const auto tell = [this, id](const std::string& what) -> Result<void> {
    if (receiver_->command(id, what)) return {};
    return Error(Errc::not_found, "session " + id + " is not connected");
  };
  node::SessionControl control;
  control.set_paused = [tell](bool paused) { return tell(paused ? "pause" : "resume"); };
  control.cancel = [tell] { return tell("cancel"); };
  control.status = [this, id] {
    const Progress all = receiver_->progress();
    return node::SessionControl::Status{all.state, node_.sessions().bytes_done(id), all.rate_now};
  };
  return control;
}

}  // namespace dcdn::api

namespace dcdn {

Result<RecvReport> recv(const RecvOptions& options, ProgressSink& progress) {
  return api::RecvRun(options, progress).receive();
}

Result<int> clean_staging(const std::string& directory, std::chrono::milliseconds older_than) {
  DCDN_TRY(const auto dir, store::ReceiveDir::open(directory));
  const auto age = std::chrono::duration_cast<std::chrono::seconds>(older_than).count();
  // What was touched in this very second is as old as that, too.
  return dir->clean(now_s() - age + 1);
}

}  // namespace dcdn
