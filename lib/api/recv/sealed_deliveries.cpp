#include "api/recv/sealed_deliveries.hpp"

#include <unistd.h>

#include <algorithm>
#include <asio/post.hpp>
#include <cerrno>

#include "base/text.hpp"
#include "sink/opened_file.hpp"
#include "store/receive_dir.hpp"
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
  void on_note(int level, const std::string& text) override {
    if (level == 0) into_.notes.push_back(text);
  }

 private:
  OpenedDelivery& into_;
};

std::uint64_t left(std::uint64_t limit, std::uint64_t used) {
  return limit > used ? limit - used : 0;
}

/// How much content the limits allow; what is encrypted lies beside what comes out of it until that is whole.
Result<std::uint64_t> room_in(const RecvOptions& options, const store::ReceiveDir& dir) {
  std::uint64_t most = options.max_object_bytes > 0 ? options.max_object_bytes : UINT64_MAX;
  if (options.quota_bytes > 0) {
    DCDN_TRY(const std::uint64_t used, dir.used_bytes());
    most = std::min(most, left(options.quota_bytes, used));
  }
  DCDN_TRY(const std::uint64_t free, dir.free_bytes());
  return std::min(most, left(free, options.reserve_bytes));
}

/// Decrypts the encrypted object that was delivered as `path`, unpacks it into options.directory and removes
/// `path`. If that fails, `path` stays. error as ContentOpener's; nothing: what was encrypted is no chunk
/// stream and has no name.
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
  const auto unpacked = unpack_with(inner, progress, tap);
  const auto whole = opened->finish();
  // The reader's going away is not the reason.
  if (!whole && whole.error().code != Errc::closed_pipe) return whole.error();
  if (!unpacked) return unpacked.error();
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

SealedDeliveries::SealedDeliveries(asio::any_io_executor loop, const RecvOptions& options,
                                   std::shared_ptr<store::ReceiveDir> dir, std::vector<sign::SecretKey> keys,
                                   Done done)
    : loop_(std::move(loop)),
      options_(options),
      dir_(std::move(dir)),
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
  tap.dir = dir_;
  const auto room = room_in(options_, *dir_);
  OpenedDelivery failed;
  if (!room) failed.result = room.error();
  if (!room) return failed;
  tap.most_bytes = *room;
  return open_delivery(options_, delivery, keys_, tap);
}

void SealedDeliveries::finish() {
  worker_.drain();
}

}  // namespace dcdn::api
