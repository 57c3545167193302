#include "api/recv/sealed_deliveries.hpp"

#include <unistd.h>

#include <algorithm>
#include <asio/post.hpp>
#include <cerrno>

#include "base/text.hpp"
#include "sink/opened_file.hpp"
#include "trust/audit_log.hpp"

namespace dcdn::api {

namespace {

class Recorder final : public ProgressSink {
 public:
  explicit Recorder(OpenedDelivery& into) : into_(into) {}
  void on_progress(const Progress&) override {}
  void on_object(const ObjectEnd& object) override {
    if (object.error == nullptr) into_.objects.push_back(object);
  }
  void on_left_out(const EntryLeftOut& entry) override { into_.left_out.push_back(entry); }
  void on_note(int level, const std::string& text) override {
    if (level == 0) into_.notes.push_back(text);
  }

 private:
  OpenedDelivery& into_;
};

/// Decrypts the encrypted object that was delivered as `path`, unpacks it into options.directory and removes
/// `path`. If that fails, `path` stays. error as ContentOpener's; nothing: what was encrypted is no chunk
/// stream and has no name, or something else is at its place.
Result<RecvReport> unpack_sealed_file(const RecvOptions& options, ProgressSink& progress,
                                      const std::string& path, std::vector<sign::SecretKey> keys,
                                      const UnpackTap& tap) {
  DCDN_TRY(const bool stream, sink::holds_stream(path, keys));
  if (!stream)
    return Error(Errc::nothing, "what is encrypted in it is no chunk stream")
        .with_hint("dcdn-sign decrypt < " + escape_for_display(path));
  DCDN_TRY(const auto opened, sink::OpenedPipe::start(path, std::move(keys)));
  RecvOptions inner = options;
  inner.sink = Sink::directory;
  inner.input_fd = opened->fd();
  inner.signers.clear();
  inner.require_signature = false;
  auto unpacked = unpack_with(inner, progress, tap);
  const auto whole = opened->finish();
  // The reader's going away is not the reason.
  if (!whole && whole.error().code != Errc::closed_pipe) return whole.error();
  if (!unpacked) return unpacked.error();
  if (unpacked->kept > 0) return Error(Errc::nothing, "something else is there and was kept");
  if (::unlink(path.c_str()) != 0) return errno_error(errno, escape_for_display(path) + ": remove");
  return unpacked;
}

}  // namespace

bool OpenedDelivery::kept() const {
  return !result && (result.error().code == Errc::untrusted || result.error().code == Errc::nothing);
}

OpenedDelivery open_delivery(const RecvOptions& options, const ObjectEnd& delivery,
                             const std::vector<sign::SecretKey>& keys, const UnpackTap& tap) {
  OpenedDelivery opened;
  Recorder recorder(opened);
  opened.result = unpack_sealed_file(options, recorder, delivery.path, keys, tap);
  return opened;
}

bool report_opened(const RecvOptions& options, const ObjectEnd& delivery, const OpenedDelivery& opened,
                   ProgressSink& progress, std::vector<std::string>& paths,
                   const trust::TrustLedger::Warn& warn) {
  const std::string shown = escape_for_display(delivery.name);
  for (const std::string& note : opened.notes) progress.on_note(0, note);
  for (const EntryLeftOut& entry : opened.left_out) progress.on_left_out(entry);
  for (ObjectEnd inner : opened.objects) {
    inner.peer = delivery.peer;
    inner.peer_name = delivery.peer_name;
    progress.on_object(inner);
  }
  if (opened.result) {
    std::erase(paths, delivery.path);
    paths.insert(paths.end(), opened.result->paths.begin(), opened.result->paths.end());
    trust::audit(options.home, {trust::kAuditAccept, {{"what", shown + ", decrypted"}}}, warn);
    return true;
  }
  const Error& error = opened.result.error();
  progress.on_object(delivery);
  progress.on_note(0, shown + ": " + error.message + "; kept as " + escape_for_display(delivery.path));
  if (opened.kept()) return true;
  trust::audit(options.home,
               {trust::kAuditReject, {{"what", shown + ", to be decrypted"}, {"why", error.message}}}, warn);
  return false;
}

SealedDeliveries::SealedDeliveries(asio::any_io_executor loop, const RecvOptions& options, ReceivePlace place,
                                   std::vector<sign::SecretKey> keys, Done done)
    : loop_(std::move(loop)),
      options_(options),
      place_(std::move(place)),
      keys_(std::move(keys)),
      done_(std::move(done)) {}

void SealedDeliveries::add(ObjectEnd delivery) {
  worker_.post([this, delivery = std::move(delivery)] {
    OpenedDelivery opened = open(delivery);
    asio::post(loop_, [this, delivery, opened = std::move(opened)] { done_(delivery, opened); });
  });
}

OpenedDelivery SealedDeliveries::open(const ObjectEnd& delivery) const {
  UnpackTap tap;
  tap.place = place_;
  tap.together = true;
  return open_delivery(options_, delivery, keys_, tap);
}

void SealedDeliveries::finish() {
  worker_.drain();
}

}  // namespace dcdn::api
