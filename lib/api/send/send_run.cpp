#include "api/send/send_run.hpp"

#include <fmt/format.h>

#include <asio/post.hpp>
#include <chrono>
#include <utility>

#include "api/send/send_outcome.hpp"
#include "api/send/send_settings.hpp"
#include "base/new_file.hpp"
#include "base/text.hpp"
#include "base/unique_fd.hpp"
#include "wire/left_out.hpp"

namespace dcdn::api {

using record::SessionState;

SendRun::SendRun(const SendOptions& options, ProgressSink& progress)
    : options_(options),
      progress_(progress),
      node_({options.home, options.key_name, options.passphrase, options.cert_file, options.interrupt_fd,
             options.max_time},
            [&progress](int level, const std::string& text) { progress.on_note(level, text); }) {}

Result<SendReport> SendRun::send() {
  if (options_.destinations.empty())
    return Error(Errc::usage, "no destination").with_hint("dcdn-send PATH... HOST:PORT");
  DCDN_TRY(SendPlan plan, plan_send(options_));
  DCDN_CHECK(node_.open_sessions());
  DCDN_CHECK(node_.identify());
  // What is wrong with the command itself leaves no session: there is nothing to resume.
  DCDN_TRY(auto destinations, destinations_of(options_, node_));
  DCDN_CHECK(begin_row(plan));
  if (auto opened = open(std::move(plan), std::move(destinations)); !opened) {
    node_.sessions().end(id(), SessionState::failed, opened.error().message);
    return opened.error();
  }
  node_.add(*this);
  const auto began = std::chrono::steady_clock::now();
  DCDN_CHECK(node_.run());
  report_.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
  return finish();
}

Result<void> SendRun::begin_row(const SendPlan& plan) {
  std::string known = options_.resume_session;
  if (known.empty()) {
    record::SessionRow row;
    row.direction = record::Direction::send;
    for (const std::string& address : options_.destinations)
      row.address += (row.address.empty() ? "" : ", ") + address;
    row.name = plan.title;
    row.arguments = options_.arguments_json;
    row.work = work_of(options_);
    row.bytes_total = plan.bytes;
    DCDN_TRY(known, node_.sessions().add(std::move(row)));
  }
  DCDN_TRY(report_.session, node_.sessions().begin(known));
  return {};
}

Result<void> SendRun::open(SendPlan plan, std::vector<session::DestinationSettings> destinations) {
  DCDN_TRY(auto settings, send_settings(options_, plan, node_, id()));
  DCDN_CHECK(seal_objects(options_, node_, id(), plan.objects));
  session_ = std::make_unique<session::SendSession>(node_.executor(), std::move(settings), node_.key(), *this,
                                                    std::move(plan.objects), std::move(destinations));
  session_->set_rate(static_cast<double>(options_.rate_bytes_per_s));
  session_->set_chunk_rate(static_cast<double>(options_.chunk_rate_per_s));
  return node_.consoles().open(id(), control());
}

net::Task<void> SendRun::run() {
  results_ = co_await session_->run();
  co_return Result<void>();
}

void SendRun::tick() {
  Progress progress = session_->progress();
  progress.session = id();
  was_connected_ = was_connected_ || session_->connected();
  follow(progress);
  node_.sessions().set_progress(id(), progress.bytes_done, progress.bytes_total.value_or(0));
  progress_.on_progress(progress);
}

// The row's state after the session's, by allowed steps.
void SendRun::follow(const Progress& progress) {
  node::SessionTable& table = node_.sessions();
  const auto step = [&](SessionState from, bool when, SessionState to) {
    if (when && table.state(id()) == from) table.change_state(id(), to);
  };
  step(SessionState::preparing, session_->connected(), SessionState::active);
  step(SessionState::active, !session_->connected(), SessionState::preparing);
  step(SessionState::active, session_->paused(), SessionState::paused);
  step(SessionState::paused, !session_->paused(), SessionState::active);
  step(SessionState::active, progress.state == "verifying", SessionState::completing);
}

void SendRun::stop(const Error& why) {
  // Our key is the receiver's matter as well.
  const bool key = why.code == Errc::untrusted;
  if (!ended_) end(key ? message::code_number(why.code) : session::kCloseDone, why);
}

void SendRun::end(std::uint64_t close_code, const Error& why) {
  ended_ = why;
  session_->stop(close_code, why);
}

node::SessionControl SendRun::control() {
  node::SessionControl control;
  control.set_paused = [this](bool paused) -> Result<void> {
    session_->set_paused(paused);
    return {};
  };
  control.cancel = [this]() -> Result<void> {
    node_.sessions().change_state(id(), SessionState::cancelled);
    end(session::kCloseCancelled, Error(Errc::interrupted, "cancelled"));
    return {};
  };
  control.status = [this] {
    const Progress now = session_->progress();
    return node::SessionControl::Status{now.state, now.bytes_done, now.rate_now};
  };
  return control;
}

Result<void> SendRun::on_statement(const wire::Frame& frame) {
  DCDN_CHECK(node_.ledger()->take(frame));
  return {};
}

// A tree that is read again, for another destination or after a break, says the same again.
void SendRun::on_left_out(const session::SendObject& object, const std::string& path, const Error& why) {
  if (left_out_.size() >= wire::LeftOutList::kMostNamed) {
    ++report_.left_out;
    return;
  }
  if (!left_out_.emplace(object.number, path).second) return;
  ++report_.left_out;
  progress_.on_left_out({object.shown_name(), path, why});
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
  delivered_.push_back({object.shown_name(), object.path, receipt.bytes, to_hex(receipt.object.view()),
                        report_.receiver, node_.keyring().name_of(receipt.receiver).value_or(""), nullptr});
  if (delivered_.size() == 1) asio::post(node_.executor(), [this] { tell_delivered(); });
}

// Receipts are frames: a file of them is a chunk stream.
Result<void> SendRun::keep_receipt(const session::SendObject& object, ByteView body) {
  const Bytes frame = wire::make_frame(wire::FrameType::receipt, body);
  const std::string dir = options_.home.state_dir + "/receipts";
  DCDN_CHECK(make_directories(dir, 0700));
  if (!options_.receipt_file.empty())
    receipt_frames_.insert(receipt_frames_.end(), frame.begin(), frame.end());
  return store::replace_file(fmt::format("{}/{}-{}.dcs", dir, id(), object.number), frame, receipts_);
}

Result<void> SendRun::keep_beside(ByteView frames) {
  Bytes all;
  if (receipt_file_begun_) {
    DCDN_TRY(all, read_file(options_.receipt_file, 64u << 20));
  }
  all.insert(all.end(), frames.begin(), frames.end());
  receipt_file_begun_ = true;
  return write_file_atomically(options_.receipt_file, all, 0644);
}

// Not one by one: a disk syncs many in the time that one takes, and the connections wait for it.
void SendRun::tell_delivered() {
  const std::vector<ObjectEnd> delivered = std::exchange(delivered_, {});
  auto kept = receipts_.sync("receipts");
  if (const Bytes frames = std::exchange(receipt_frames_, {}); kept && !frames.empty())
    kept = keep_beside(frames);
  if (!kept) progress_.on_note(0, "receipt not stored: " + kept.error().message);
  for (const ObjectEnd& object : delivered) progress_.on_object(object);
}

Result<SendReport> SendRun::finish() {
  tell_delivered();
  report_.paths = path_reports(*session_);
  report_.wire_bytes = session_->wire_bytes();
  report_.wire_bytes_received = session_->wire_bytes_received();
  report_.bytes_skipped = session_->shared().bytes_skipped;
  report_.opened_unix_s = session_->shared().opened_unix_s;
  for (const auto& each : results_)
    if (!each.result)
      report_.failed_destinations.push_back(each.address + ": " + each.result.error().message);
  node::SessionTable& table = node_.sessions();
  if (report_.failed_destinations.empty()) {
    table.complete(id());
    return report_;
  }
  Error error = ended_ ? *ended_ : failure_of(results_, was_connected_);
  const SessionState state = table.state(id());
  if (state == SessionState::cancelled) {
    table.end(id(), state);
    return error;
  }
  const bool paused = ended_ && state == SessionState::active;
  table.end(id(), paused ? SessionState::paused : SessionState::failed, error.message);
  if (!is_resumable(error) || !error.hint.empty()) return error;
  // What a receiver does not allow it allows no more when it is asked again.
  const bool is_for_receiver = error.code == Errc::limit && !ended_;
  return error.with_hint((is_for_receiver ? "when the receiver allows more: dcdn-send --resume "
                                          : "to go on: dcdn-send --resume ") +
                         id());
}

}  // namespace dcdn::api

namespace dcdn {

Result<SendReport> send(const SendOptions& options, ProgressSink& progress) {
  return api::SendRun(options, progress).send();
}

}  // namespace dcdn
