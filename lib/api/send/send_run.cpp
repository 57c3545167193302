#include "api/send/send_run.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <chrono>
#include <nlohmann/json.hpp>

#include "base/clock.hpp"
#include "base/random.hpp"
#include "base/text.hpp"
#include "base/unique_fd.hpp"
#include "dcdn/version.hpp"
#include "net/host_port.hpp"
#include "node/peer_trust.hpp"
#include "source/sealed_source.hpp"
#include "trust/key_files.hpp"
#include "trust/recipients.hpp"

namespace dcdn::api {

namespace {

constexpr std::chrono::milliseconds kTick{200};
constexpr int kTicksPerRowUpdate = 5;

std::string agent() {
  return std::string("dcdn ") + version();
}

// A session is named by 8 of its 16 random bytes.
std::array<std::uint8_t, 16> session_bytes(const std::string& id) {
  std::array<std::uint8_t, 16> bytes{};
  random_bytes(bytes);
  if (const auto known = from_hex(id, 8)) std::copy(known->begin(), known->end(), bytes.begin());
  return bytes;
}

pace::BackoffOptions backoff_of(const RetryOptions& retry) {
  return {retry.first, retry.longest, retry.total, retry.forever};
}

// An id that was given once is for all destinations.
node::PeerChoice peer_choice(const SendOptions& options, std::size_t destination) {
  node::PeerChoice choice{options.destinations[destination], "", options.ca_file, options.insecure,
                          options.trust_on_first_use};
  if (!options.peer_ids.empty())
    choice.expected = options.peer_ids[options.peer_ids.size() == 1 ? 0 : destination];
  return choice;
}

}  // namespace

Result<SendReport> SendRun::run() {
  if (options_.destinations.empty())
    return Error(Errc::usage, "no destination").with_hint("dcdn-send PATH... HOST:PORT");
  DCDN_TRY(SendPlan plan, plan_send(options_));
  DCDN_CHECK(open_row(plan));
  auto opened = open_session(std::move(plan));
  if (!opened) {
    change_state(record::SessionState::failed, opened.error().message);
    return opened.error();
  }
  DCDN_CHECK(run_loop());
  return finish();
}

Result<void> SendRun::open_row(const SendPlan& plan) {
  DCDN_TRY(db_, record::SessionDb::open(options_.home.sessions_path()));
  std::string addresses;
  for (const std::string& address : options_.destinations)
    addresses += (addresses.empty() ? "" : ", ") + address;
  if (options_.resume_session.empty()) {
    std::array<std::uint8_t, 8> raw;
    random_bytes(raw);
    record::SessionRow row;
    row.id = to_hex(raw);
    row.direction = record::Direction::send;
    row.address = addresses;
    row.name = plan.title;
    row.arguments = options_.arguments_json;
    row.bytes_total = plan.bytes;
    row.created_s = row.updated_s = now_s();
    DCDN_CHECK(db_->insert(row));
    id_ = row.id;
  } else {
    DCDN_TRY(const auto row, db_->find(options_.resume_session));
    id_ = row.id;
    state_ = row.state;
  }
  DCDN_CHECK(db_->set_pid(id_, ::getpid()));
  DCDN_CHECK(db_->change_state(id_, record::SessionState::preparing, "", now_s()));
  state_ = record::SessionState::preparing;
  report_.session = id_;
  return {};
}

Result<void> SendRun::open_session(SendPlan plan) {
  DCDN_TRY(const sign::SecretKey key, trust::load_key(options_.home, options_.key_name, options_.passphrase));
  DCDN_TRY(auto ledger,
           trust::TrustLedger::open(options_.home, [this](const std::string& text) { on_note(0, text); }));
  ledger_ = std::make_unique<trust::TrustLedger>(std::move(ledger));
  const sign::Keyring& keyring = ledger_->ring();
  DCDN_TRY(const NodeId key_now, keyring.current(key.id()));
  if (key_now != key.id())
    on_note(0, "our key has been replaced by " + sign::to_text(key_now) +
                   ": whoever knows that will refuse this one");
  DCDN_TRY(const net::Identity identity, node::transport_identity(key, options_.cert_file));
  session::SendSettings settings;
  DCDN_TRY(settings.compress, compress::parse_compress_choice(options_.compress));
  settings.chunk_bytes = options_.chunk_bytes;
  settings.symlinks = symlinks_of(options_.symlinks);
  settings.differences = !options_.whole;
  settings.backoff = backoff_of(options_.retry);
  settings.session = session_bytes(id_);
  settings.agent = agent();
  settings.statements = trust::statement_frames(keyring, key.id());
  settings.quic = options_.transport;
  settings.paths = options_.paths;
  settings.input_fd = options_.input_fd;
  settings.input_head = plan.input_head;
  if (!options_.encrypt_to.empty()) DCDN_CHECK(seal_objects(plan, key, keyring));
  std::vector<session::DestinationSettings> destinations;
  for (std::size_t i = 0; i < options_.destinations.size(); ++i) {
    DCDN_TRY(const auto where, net::parse_host_port(options_.destinations[i], 4433));
    const bool v6 = where.host.find(':') != std::string::npos;
    const std::string address = fmt::format(fmt::runtime(v6 ? "[{}]:{}" : "{}:{}"), where.host, where.port);
    DCDN_TRY(auto policy, node::peer_policy(options_.home, peer_choice(options_, i), keyring,
                                            [this](const std::string& text) { on_note(0, text); }));
    destinations.push_back({address, identity, std::move(policy)});
  }
  session_ = std::make_unique<session::SendSession>(loop_.get_executor(), std::move(settings), key, *this,
                                                    std::move(plan.objects), std::move(destinations));
  session_->set_rate(static_cast<double>(options_.rate_bytes_per_s));
  session_->set_chunk_rate(static_cast<double>(options_.chunk_rate_per_s));
  DCDN_TRY(control_, console::serve_control(loop_.get_executor(), options_.home.control_path(id_),
                                            [this](const std::string& line) { return control(line); }));
  return {};
}

// Who has our key and the number of the session can make the same secret again: --resume goes on.
Result<void> SendRun::seal_objects(SendPlan& plan, const sign::SecretKey& key,
                                   const sign::Keyring& keyring) const {
  DCDN_TRY(const auto recipients, trust::recipients_of(keyring, options_.encrypt_to));
  for (session::SendObject& object : plan.objects) {
    const std::string salt = id_ + "/" + std::to_string(object.number);
    DCDN_TRY(const sign::Secret secret, key.derive("dcdn send encryption 1\n", as_bytes(salt)));
    DCDN_CHECK(session::seal(object, recipients, secret));
  }
  return {};
}

Result<void> SendRun::run_loop() {
  DCDN_CHECK(
      watch_.on_interrupt(options_.interrupt_fd, [this] { interrupt(Errc::interrupted, "interrupted"); }));
  watch_.on_time_limit(options_.max_time, [this] { interrupt(Errc::limit, "--max-time is over"); });
  watch_.every(kTick, [this] { tick(); });
  const auto began = std::chrono::steady_clock::now();
  net::spawn(loop_.get_executor(), run_session(), [this](const Result<void>&) {
    tick();
    watch_.stop();
    control_.reset();
    watch_.end_soon(loop_);
  });
  loop_.run();
  report_.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
  return {};
}

net::Task<void> SendRun::run_session() {
  results_ = co_await session_->run();
  co_return Result<void>();
}

void SendRun::tick() {
  Progress progress = session_->progress();
  progress.session = id_;
  was_connected_ = was_connected_ || session_->connected();
  if (state_ == record::SessionState::preparing && session_->connected())
    change_state(record::SessionState::active);
  if (state_ == record::SessionState::active && !session_->connected())
    change_state(record::SessionState::preparing);
  if (state_ == record::SessionState::active && session_->paused())
    change_state(record::SessionState::paused);
  if (state_ == record::SessionState::paused && !session_->paused())
    change_state(record::SessionState::active);
  if (state_ == record::SessionState::active && progress.state == "verifying")
    change_state(record::SessionState::completing);
  if (++ticks_ % kTicksPerRowUpdate == 0)
    (void)db_->set_progress(id_, progress.bytes_done, progress.bytes_total.value_or(0), now_s());
  progress_.on_progress(progress);
}

void SendRun::change_state(record::SessionState to, const std::string& error) {
  // The row is for people and --resume; a database that went bad must not stop a transfer that works.
  if (auto changed = db_->change_state(id_, to, error, now_s()); !changed) {
    progress_.on_note(1, changed.error().message);
    return;
  }
  state_ = to;
}

void SendRun::interrupt(Errc why, const std::string& text) {
  if (ended_) return;
  ended_ = Error(why, text);
  session_->stop(session::kCloseDone, *ended_);
}

Result<void> SendRun::set_paused(bool paused) {
  const auto to = paused ? record::SessionState::paused : record::SessionState::active;
  DCDN_CHECK(db_->change_state(id_, to, "", now_s()));
  state_ = to;
  session_->set_paused(paused);
  return {};
}

std::string SendRun::control(const std::string& line) {
  nlohmann::json answer;
  const auto request = nlohmann::json::parse(line, nullptr, false);
  const std::string command = request.is_object() ? request.value("command", "") : "";
  Result<void> done;
  if (command == "pause" || command == "resume") {
    done = set_paused(command == "pause");
  } else if (command == "cancel") {
    ended_ = Error(Errc::interrupted, "cancelled");
    change_state(record::SessionState::cancelled);
    session_->stop(session::kCloseCancelled, *ended_);
  } else if (command == "status") {
    const Progress progress = session_->progress();
    answer["state"] = progress.state;
    answer["bytes_done"] = progress.bytes_done;
    answer["rate"] = progress.rate_now;
  } else {
    done = Error(Errc::usage, "unknown command");
  }
  answer["ok"] = done.has_value();
  if (!done) answer["message"] = done.error().message;
  return answer.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

Result<void> SendRun::on_statement(const wire::Frame& frame) {
  DCDN_CHECK(ledger_->take(frame));
  return {};
}

void SendRun::on_peer_pause(bool paused) {
  progress_.on_note(0, paused ? "the receiver paused" : "the receiver goes on");
}

void SendRun::on_receipt(const session::SendObject& object, const wire::Receipt& receipt, ByteView body) {
  ++report_.objects;
  report_.bytes += receipt.bytes;
  report_.object_ids.push_back(to_hex(receipt.object.view()));
  report_.receiver = sign::to_text(receipt.receiver);
  if (auto kept = keep_receipt(object, body); !kept)
    progress_.on_note(0, "receipt not stored: " + kept.error().message);
  progress_.on_object(escape_for_display(object.shown_name()), escape_for_display(object.path), receipt.bytes,
                      to_hex(receipt.object.view()), nullptr);
}

// Receipts are frames: a file of them is a chunk stream.
Result<void> SendRun::keep_receipt(const session::SendObject& object, ByteView body) {
  const Bytes frame = wire::make_frame(wire::FrameType::receipt, body);
  const std::string dir = options_.home.state_dir + "/receipts";
  DCDN_CHECK(make_directories(dir, 0700));
  DCDN_CHECK(write_file_atomically(fmt::format("{}/{}-{}.dcs", dir, id_, object.number), frame, 0600));
  if (options_.receipt_file.empty()) return {};
  Bytes all;
  if (report_.objects > 1) {
    DCDN_TRY(all, read_file(options_.receipt_file, 64u << 20));
  }
  all.insert(all.end(), frame.begin(), frame.end());
  return write_file_atomically(options_.receipt_file, all, 0644);
}

Error SendRun::final_error() const {
  const session::DestinationResult* first = nullptr;
  std::size_t failed = 0;
  for (const auto& each : results_) {
    if (each.result) continue;
    ++failed;
    if (first == nullptr) first = &each;
  }
  Error error = first->result.error();
  const bool passing = error.code == Errc::temporary || error.code == Errc::unreachable;
  if (passing && was_connected_) error = Error(Errc::incomplete, error.message).with_hint(error.hint);
  if (results_.size() > 1)
    error.message = fmt::format("{} of {} destinations failed; {}: {}", failed, results_.size(),
                                first->address, error.message);
  return error;
}

void SendRun::report_paths() {
  for (const auto& destination : session_->destinations()) {
    for (const session::PathUse& use : destination->uses()) {
      const net::ConnectionStats& stats = use.stats;
      PathReport path;
      path.destination = destination->address();
      path.interface = use.interface;
      path.sent = stats.bytes_sent;
      path.useful = stats.stream_bytes_acknowledged + stats.coded_bytes_delivered;
      // A lost packet of the coded carrier is made up by whatever its block sends next, a lost one of QUIC by
      // itself.
      const std::uint64_t mean = stats.bytes_sent / std::max<std::uint64_t>(stats.packets_sent, 1);
      path.coded = stats.coded_bytes_delivered > 0 || stats.repair_bytes_sent > 0;
      path.repaired = stats.repair_bytes_sent + (path.coded ? 0 : stats.packets_lost * mean);
      path.duplicate = stats.bytes_repeated;
      path.wasted = stats.wasted_bytes_sent;
      path.critical = use.critical;
      path.packets = stats.packets_sent;
      path.packets_lost = stats.packets_lost;
      report_.paths.push_back(std::move(path));
    }
  }
}

Result<SendReport> SendRun::finish() {
  report_paths();
  report_.wire_bytes = session_->wire_bytes();
  report_.wire_bytes_received = session_->wire_bytes_received();
  report_.bytes_skipped = session_->shared().bytes_skipped;
  report_.opened_unix_s = session_->shared().opened_unix_s;
  bool all_well = true;
  for (const auto& each : results_) {
    if (each.result) continue;
    all_well = false;
    report_.failed_destinations.push_back(each.address + ": " + each.result.error().message);
  }
  (void)db_->set_progress(id_, session_->progress().bytes_done, session_->progress().bytes_total.value_or(0),
                          now_s());
  (void)db_->set_pid(id_, 0);
  if (all_well) {
    if (state_ != record::SessionState::completing) {
      if (state_ == record::SessionState::preparing) change_state(record::SessionState::active);
      change_state(record::SessionState::completing);
    }
    change_state(record::SessionState::completed);
    return report_;
  }
  Error error = ended_.value_or(final_error());
  if (state_ == record::SessionState::cancelled) return error;
  const bool paused = ended_ && state_ == record::SessionState::active;
  change_state(paused ? record::SessionState::paused : record::SessionState::failed, error.message);
  const bool resumable = error.code == Errc::interrupted || error.code == Errc::incomplete ||
                         error.code == Errc::limit || error.code == Errc::temporary ||
                         error.code == Errc::unreachable;
  if (resumable && error.hint.empty()) error = error.with_hint("to go on: dcdn-send --resume " + id_);
  return error;
}

}  // namespace dcdn::api

namespace dcdn {

Result<SendReport> send(const SendOptions& options, ProgressSink& progress) {
  return api::SendRun(options, progress).run();
}

}  // namespace dcdn
