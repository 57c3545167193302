#include "api/recv/recv_run.hpp"

#include <unistd.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "api/recv/recv_sinks.hpp"
#include "base/clock.hpp"
#include "base/text.hpp"
#include "dcdn/version.hpp"
#include "net/listener.hpp"
#include "node/peer_trust.hpp"
#include "sink/opened_file.hpp"
#include "store/receive_dir.hpp"
#include "trust/audit_log.hpp"
#include "trust/key_files.hpp"
#include "trust/recipients.hpp"

namespace dcdn::api {

namespace {

constexpr std::chrono::milliseconds kTick{200};

}  // namespace

Result<RecvReport> RecvRun::run() {
  DCDN_CHECK(open());
  DCDN_CHECK(run_loop());
  report_.wire_bytes = receiver_->wire_bytes();
  report_.objects = shared_->objects_delivered;
  report_.bytes = shared_->bytes_delivered;
  report_.verified_unix_s = shared_->verified_unix_s;
  if (first_data_ && last_data_ > *first_data_)
    report_.seconds = std::chrono::duration<double>(last_data_ - *first_data_).count();
  // What was received is written; what the store thread held of connections comes back to this one and ends
  // here. That may ask for more of the store: the loop must not go while a job could still post to it.
  constexpr int kMostTurns = 100;
  shared_->worker.drain();
  if (sealed_) sealed_->finish();
  receiver_.reset();
  for (int i = 0; i < kMostTurns && (i == 0 || shared_.use_count() > 1); ++i) {
    shared_->worker.drain();
    loop_.restart();
    loop_.poll();
  }
  shared_.reset();
  if (!result_) return result_.error();
  if (not_opened_) return *not_opened_;
  return report_;
}

Result<session::ReceiveSettings> RecvRun::settings(const NodeId& own) {
  session::ReceiveSettings settings;
  settings.fsync = options_.fsync;
  settings.quota_bytes = options_.quota_bytes;
  settings.reserve_bytes = options_.reserve_bytes;
  settings.max_object_bytes = options_.max_object_bytes;
  settings.coded = options_.transport.carrier != Carrier::streams;
  settings.agent = std::string("dcdn ") + version();
  settings.max_chunk_content = static_cast<std::uint32_t>(
      std::min<std::uint64_t>(options_.transport.receive_window / 2, wire::kMaxChunkContent));
  settings.trusted = {ledger_, &ledger_->ring()};
  settings.statements = trust::statement_frames(ledger_->ring(), own);
  DCDN_CHECK(choose_sinks(options_, settings));
  return settings;
}

Result<void> RecvRun::open() {
  DCDN_CHECK(check(options_.transport));
  DCDN_TRY(const sign::SecretKey key, trust::load_key(options_.home, options_.key_name, options_.passphrase));
  DCDN_TRY(auto ledger,
           trust::TrustLedger::open(options_.home, [this](const std::string& text) { on_note(0, text); }));
  ledger_ = std::make_shared<trust::TrustLedger>(std::move(ledger));
  DCDN_TRY(net::PeerPolicy policy,
           node::sender_policy(options_.allow, options_.allow_any, ledger_, options_.ca_file));
  DCDN_TRY(const net::Identity identity, node::transport_identity(key, options_.cert_file));
  DCDN_TRY(session::ReceiveSettings receive, settings(key.id()));
  DCDN_TRY(db_, record::SessionDb::open(options_.home.sessions_path()));
  DCDN_TRY(auto listener, net::listen(loop_.get_executor(), options_.listen, options_.transport, identity,
                                      std::move(policy)));
  if (options_.sink == Sink::directory && !options_.keep_encrypted) {
    std::vector<sign::SecretKey> keys = trust::secret_keys(options_.home);
    keys.insert(keys.begin(), key);
    sealed_.emplace(
        loop_.get_executor(), options_, receive.dir, std::move(keys),
        [this](const SealedDelivery& delivery, const OpenedDelivery& what) { opened(delivery, what); });
  }
  const std::string address = listener->local_address();
  shared_ = std::make_shared<session::ReceiveShared>(loop_.get_executor(), std::move(receive), key, *this);
  receiver_ = std::make_unique<session::Receiver>(shared_, std::move(listener), options_.once);
  if (options_.allow_any) on_note(0, "anybody may send here (--allow-any)");
  on_note(0, "listening on " + address + " as " + sign::to_text(key.id()));
  if (options_.on_listening) options_.on_listening(address);
  return {};
}

Result<void> RecvRun::run_loop() {
  DCDN_CHECK(
      watch_.on_interrupt(options_.interrupt_fd, [this] { stop(Error(Errc::interrupted, "interrupted")); }));
  watch_.on_time_limit(options_.max_time, [this] { stop(Error(Errc::limit, "--max-time is over")); });
  if (options_.wait_time.count() > 0) {
    wait_limit_.expires_after(options_.wait_time);
    wait_limit_.async_wait([this](std::error_code error) {
      if (!error && !anyone_came_) stop(Error(Errc::unreachable, "nobody sent anything within --wait"));
    });
  }
  watch_.every(kTick, [this] { tick(); });
  net::spawn(loop_.get_executor(), receiver_->run(), [this](Result<void> result) {
    result_ = std::move(result);
    tick();
    watch_.stop();
    wait_limit_.cancel();
    controls_.clear();
    watch_.end_soon(loop_);
  });
  loop_.run();
  return {};
}

void RecvRun::stop(std::optional<Error> error) {
  receiver_->stop(std::move(error));
}

void RecvRun::tick() {
  progress_.on_progress(receiver_->progress());
}

void RecvRun::change_state(const std::string& id, record::SessionState to, const std::string& error) {
  if (auto changed = db_->change_state(id, to, error, now_s()); !changed)
    progress_.on_note(2, changed.error().message);
}

void RecvRun::on_session(const std::string& id, const NodeId& peer, const std::string& address) {
  anyone_came_ = true;
  if (!first_data_) first_data_ = std::chrono::steady_clock::now();
  record::SessionRow row;
  if (!db_->get(id)) {
    row.id = id;
    row.direction = record::Direction::receive;
    row.created_s = row.updated_s = now_s();
    (void)db_->insert(row);
  }
  (void)db_->set_peer(id, sign::to_text(peer), address);
  (void)db_->set_pid(id, ::getpid());
  change_state(id, record::SessionState::preparing);
  change_state(id, record::SessionState::active);
  auto serving = console::serve_control(loop_.get_executor(), options_.home.control_path(id),
                                        [this, id](const std::string& line) { return control(id, line); });
  if (serving) {
    controls_[id] = std::move(*serving);
  } else {
    on_note(1, serving.error().message);
  }
}

void RecvRun::on_session_progress(const std::string& id, const std::string& name, std::uint64_t done,
                                  std::uint64_t total) {
  (void)db_->set_name(id, name);
  (void)db_->set_progress(id, done, total, now_s());
}

void RecvRun::on_session_end(const std::string& id, const Error* error) {
  controls_.erase(id);
  (void)db_->set_pid(id, 0);
  if (error == nullptr) {
    change_state(id, record::SessionState::completing);
    change_state(id, record::SessionState::completed);
  } else if (error->code == Errc::interrupted) {
    change_state(id, record::SessionState::cancelled, error->message);
  } else {
    change_state(id, record::SessionState::failed, error->message);
    on_note(1, "session " + id + ": " + error->message);
  }
}

void RecvRun::on_delivered(const std::string& name, const std::string& path, std::uint64_t bytes,
                           const Digest& object) {
  last_data_ = std::chrono::steady_clock::now();
  trust::audit(options_.home,
               {trust::kAuditAccept, {{"what", escape_for_display(name)}, {"object", to_hex(object.view())}}},
               ledger_->warn());
  if (!path.empty()) report_.paths.push_back(path);
  if (sealed_ && sink::is_sealed_file(path)) return sealed_->add({name, path, bytes, object});
  progress_.on_object(name, escape_for_display(path), bytes, to_hex(object.view()), nullptr);
}

// The receipt has gone out: what the sender owed is here, whether it can be read or not.
void RecvRun::opened(const SealedDelivery& delivery, const OpenedDelivery& what) {
  if (!report_opened(options_, delivery, what, progress_, report_.paths, ledger_->warn()))
    not_opened_ = what.result.error();
}

Result<void> RecvRun::on_statement(const wire::Frame& frame) {
  DCDN_CHECK(ledger_->take(frame));
  return {};
}

void RecvRun::on_object_failed(const std::string& name, const Error& error) {
  trust::audit(options_.home, {trust::kAuditReject, {{"what", name}, {"why", error.message}}},
               ledger_->warn());
  progress_.on_object(name, "", 0, "", &error);
}

Result<void> RecvRun::command(const std::string& id, const std::string& what) {
  if (what == "pause") DCDN_CHECK(db_->change_state(id, record::SessionState::paused, "", now_s()));
  if (what == "resume") DCDN_CHECK(db_->change_state(id, record::SessionState::active, "", now_s()));
  if (what != "pause" && what != "resume" && what != "cancel") return Error(Errc::usage, "unknown command");
  if (!receiver_->command(id, what)) return Error(Errc::not_found, "session " + id + " is not connected");
  return {};
}

std::string RecvRun::control(const std::string& id, const std::string& line) {
  nlohmann::json answer;
  const auto request = nlohmann::json::parse(line, nullptr, false);
  const Result<void> done = command(id, request.is_object() ? request.value("command", "") : "");
  answer["ok"] = done.has_value();
  if (!done) answer["message"] = done.error().message;
  return answer.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace dcdn::api

namespace dcdn {

Result<RecvReport> recv(const RecvOptions& options, ProgressSink& progress) {
  return api::RecvRun(options, progress).run();
}

Result<int> clean_staging(const std::string& directory, std::chrono::milliseconds older_than) {
  DCDN_TRY(const auto dir, store::ReceiveDir::open(directory));
  const auto age = std::chrono::duration_cast<std::chrono::seconds>(older_than).count();
  // What was touched in this very second is as old as that, too.
  return dir->clean(now_s() - age + 1);
}

}  // namespace dcdn
