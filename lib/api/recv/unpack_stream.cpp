// dcdn-recv --stdin: a chunk stream, in any order and with damage, to files, raw bytes or a clean chunk
// stream.
#include "api/recv/unpack_stream.hpp"

#include <chrono>

#include "api/recv/recv_sinks.hpp"
#include "base/text.hpp"
#include "sink/directory_sink.hpp"
#include "sink/opened_file.hpp"
#include "sink/raw_sink.hpp"
#include "sink/small_object_sink.hpp"
#include "sink/stream_sink.hpp"
#include "sink/unpacker.hpp"
#include "source/input.hpp"
#include "source/recovering_input.hpp"
#include "trust/chosen_keys.hpp"
#include "trust/trust_ledger.hpp"

namespace dcdn {

namespace {

constexpr std::size_t kIdleBytes = 16u << 20;
constexpr const char* kAllInOne = "all parts as one stream: cat PART... | dcdn-recv --stdin";

/// What the options say, the keys that are trusted meanwhile, and the report.
class StreamUnpacking {
 public:
  StreamUnpacking(const RecvOptions& options, ProgressSink& progress, const api::UnpackTap& tap)
      : options_(options), progress_(progress), tap_(tap), unpacker_(rules(), pool_) {}

  Result<RecvReport> run() {
    const auto began = std::chrono::steady_clock::now();
    DCDN_CHECK(open());
    source::RecoveringInput input(options_.input_fd, options_.interrupt_fd, "standard input", pool_);
    const auto read = input.read(
        {}, [this](const wire::Frame& frame) { return take(frame); },
        [this] { return unpacker_.finish_waiting(); });
    if (!read) {
      (void)unpacker_.finish_waiting().has_value();  // what is whole is delivered all the same
      return explained(read.error(), input.bytes());
    }
    report_.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
    if (const auto ended = unpacker_.finish(input.damaged_bytes()); !ended) {
      if (parity_frames_ > 0)
        return Error(ended.error())
            .with_hint("there are repair shards in it: dcdn-fec decode FILE... | dcdn-recv --stdin");
      return explained(ended.error(), input.bytes());
    }
    report_.wire_bytes = input.bytes();
    report_.objects = unpacker_.counts().objects;
    report_.bytes = unpacker_.counts().bytes;
    report_.kept = unpacker_.counts().kept;
    report_.damaged_bytes = input.damaged_bytes() + unpacker_.counts().damaged;
    return report_;
  }

 private:
  [[nodiscard]] Error explained(const Error& ended, std::uint64_t bytes) const {
    if (ended.code == Errc::interrupted && options_.sink == Sink::directory)
      return ended.with_hint("the same stream, given to the same command, brings the rest");
    if (ended.code != Errc::corrupt && ended.code != Errc::incomplete && ended.code != Errc::untrusted)
      return ended;
    if (bytes == 0) return {ended.code, "standard input is empty: did the command before fail?"};
    if (ended.code == Errc::untrusted && ended.hint.empty())
      return ended.with_hint("who signed it: dcdn-recv --stdin --list-content");
    // A chunk says nothing of where it belongs.
    if (ended.code == Errc::corrupt && unpacker_.counts().objects + unpacker_.counts().kept == 0 &&
        chunk_frames_ > 0)
      return Error(Errc::incomplete,
                   "standard input has chunks, and not the manifest that says where they belong")
          .with_hint(kAllInOne);
    if (ended.code != Errc::incomplete || options_.sink != Sink::directory) return ended;
    return ended.with_hint(std::string("what is here is kept: give another copy to the same command, or ") +
                           kAllInOne);
  }

  [[nodiscard]] bool must_be_signed() const {
    return options_.require_signature || !options_.signers.empty();
  }

  sink::UnpackRules rules() {
    sink::UnpackRules rules;
    rules.make_sink = [this](const std::string& name, wire::ObjectKind kind) { return sink_for(name, kind); };
    rules.delivered = [this](const sink::UnpackedObject& object) { delivered(object); };
    rules.kept = [this](const Error& error) { progress_.on_note(0, error.message); };
    rules.must_be_signed = must_be_signed();
    return rules;
  }

  Result<void> open() {
    if (!options_.home.is_none()) {
      const auto warn = [this](const std::string& text) { progress_.on_note(0, text); };
      DCDN_TRY(auto ledger, trust::TrustLedger::open(options_.home, warn));
      ledger_.emplace(std::move(ledger));
    }
    DCDN_CHECK(choose_signers());
    DCDN_CHECK(api::check_kept(options_));
    place_ = tap_.place;
    if (options_.sink == Sink::directory && !place_.dir) {
      DCDN_TRY(place_.dir, store::ReceiveDir::open(options_.directory));
    }
    if (!place_.ledger)
      place_.ledger = std::make_shared<store::PromiseLedger>(api::limits_of(options_), place_.dir);
    if (tap_.together) together_ = std::make_shared<store::BytesTogether>();
    return {};
  }

  Result<void> choose_signers() {
    if (!must_be_signed()) return {};
    if (!ledger_) return Error(Errc::config, "no place for keys: nobody is known who could have signed");
    auto accepted = trust::accepted_keys(ledger_->ring(), options_.signers, "");
    if (!accepted && options_.signers.empty()) return accepted.error().during("--require-signature");
    DCDN_CHECK(accepted);
    unpacker_.set_accepted(*std::move(accepted));
    return {};
  }

  Result<void> take(const wire::Frame& frame) {
    if (frame.type == wire::FrameType::repair_shard) ++parity_frames_;
    if (frame.type == wire::FrameType::chunk) ++chunk_frames_;
    if (!ledger_ && trust::TrustLedger::is_statement(frame.type)) return {};  // about keys that nobody trusts
    if (ledger_ && ledger_->look_sometimes()) DCDN_CHECK(choose_signers());
    if (!trust::TrustLedger::is_statement(frame.type)) return unpacker_.take(frame);
    // A key that is revoked or replaced signs nothing from here on; what it signed before and was handed over
    // stays.
    DCDN_TRY(const bool changed, ledger_->take(frame));
    return changed || !options_.signers.empty() ? choose_signers() : Result<void>();
  }

  std::unique_ptr<sink::ObjectSink> sink_for(const std::string& name, wire::ObjectKind kind) {
    auto promise = place_.ledger->open(together_);
    const auto stopped = [fd = options_.interrupt_fd] { return source::readable(fd); };
    if (options_.sink == Sink::raw_stdout)
      return sink::make_raw_sink(options_.output_fd, kind, {std::move(promise), stopped});
    if (options_.sink == Sink::chunk_stream)
      return sink::make_stream_sink(options_.output_fd, std::move(promise));
    store::PartObject::Options part;
    part.name = name;
    part.kind = kind;
    part.collision = api::collision_of(options_.on_collision);
    part.fsync = options_.fsync;
    part.deletes = static_cast<store::DeleteWhat>(options_.allow_delete);
    part.max_delete = options_.max_delete;
    part.trust_index = !options_.checksum;
    part.allow_unsafe_links = options_.links == Links::any;
    part.kept = api::kept_of(options_);
    part.promise = std::move(promise);
    part.stopped = stopped;
    // Without a home nothing is noted, and the same stream again meets its names as taken.
    const Home& home = options_.home;
    const std::string delivered = home.is_none() ? "" : home.state_dir + "/delivered";
    auto usual = sink::make_directory_sink(place_.dir, part, delivered);
    if (kind == wire::ObjectKind::tree) return usual;
    return sink::make_small_object_sink(place_.dir, part, delivered, std::move(usual));
  }

  void delivered(const sink::UnpackedObject& object) {
    report_.left_out += object.left_out.count;
    api::tell_left_out(progress_, object.name, object.left_out);
    if (object.not_noted && !std::exchange(told_not_noted_, true))
      progress_.on_note(0, escape_for_display(object.name) +
                               ": that it was delivered is not noted: " + object.not_noted->message);
    for (const std::string& note : object.notes)
      progress_.on_note(0, escape_for_display(object.name) + ": " + note);
    if (!object.path.empty()) report_.paths.push_back(object.path);
    ObjectEnd end{object.name, object.path, object.bytes, to_hex(object.id.view()), "", "", nullptr};
    if (tap_.sealed != nullptr && !object.path.empty() && sink::is_sealed_file(object.path))
      tap_.sealed->push_back(std::move(end));
    else
      progress_.on_object(end);
  }

  const RecvOptions& options_;
  ProgressSink& progress_;
  const api::UnpackTap& tap_;
  BufferPool pool_{kIdleBytes};
  std::optional<trust::TrustLedger> ledger_;
  std::uint64_t parity_frames_ = 0;
  std::uint64_t chunk_frames_ = 0;
  bool told_not_noted_ = false;
  api::ReceivePlace place_;
  std::shared_ptr<store::BytesTogether> together_;
  sink::Unpacker unpacker_;
  RecvReport report_;
};

}  // namespace

namespace api {

Result<RecvReport> unpack_with(const RecvOptions& options, ProgressSink& progress, const UnpackTap& tap) {
  return StreamUnpacking(options, progress, tap).run();
}

}  // namespace api
}  // namespace dcdn
