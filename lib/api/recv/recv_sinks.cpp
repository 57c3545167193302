#include "api/recv/recv_sinks.hpp"

#include <unistd.h>

#include <cerrno>

#include "base/text.hpp"
#include "sink/directory_sink.hpp"
#include "sink/raw_sink.hpp"
#include "sink/small_object_sink.hpp"
#include "sink/stream_sink.hpp"

namespace dcdn::api {

namespace {

using MadeSink = Result<std::shared_ptr<sink::ObjectSink>>;

std::function<bool()> asks(const std::shared_ptr<std::atomic<bool>>& flag) {
  return [flag] { return flag->load(); };
}

session::MakeSink into_directory(const RecvOptions& options, const ReceivePlace& place,
                                 const session::ReceiveSettings& settings) {
  store::PartObject::Options part;
  part.collision = collision_of(options.on_collision);
  part.fsync = options.fsync;
  part.allow_unsafe_links = options.links == Links::any;
  part.kept = kept_of(options);
  part.deletes = static_cast<store::DeleteWhat>(options.allow_delete);
  part.max_delete = options.max_delete;
  part.trust_index = !options.whole && !options.checksum;
  part.stopped = asks(settings.stopping);
  return [place, part, delivered = options.home.state_dir + "/delivered", use = !options.whole,
          basis = options.basis](const message::Offer& offer, const NodeId& sender,
                                 std::chrono::microseconds round_trip) -> MadeSink {
    store::PartObject::Options object = part;
    object.sender = sender;
    object.name = offer.name;
    object.kind = offer.kind;
    object.promise = place.ledger->open();
    sink::OlderFiles older{use, basis, offer.object, offer.bytes, {}};
    older.link.rtt = round_trip;
    const bool may_be_small = offer.kind != wire::ObjectKind::tree && basis.empty();
    auto usual = sink::make_directory_sink(place.dir, object, delivered, std::move(older));
    if (!may_be_small) return MadeSink(std::move(usual));
    return MadeSink(sink::make_small_object_sink(place.dir, std::move(object), delivered, std::move(usual)));
  };
}

}  // namespace

store::Collision collision_of(OnCollision choice) {
  switch (choice) {
    case OnCollision::overwrite:
      return store::Collision::overwrite;
    case OnCollision::rename:
      return store::Collision::rename;
    case OnCollision::skip:
      return store::Collision::skip;
    case OnCollision::update:
      return store::Collision::update;
    case OnCollision::refuse:
      break;
  }
  return store::Collision::refuse;
}

store::KeptExtras kept_of(const RecvOptions& options) {
  return {options.owner, options.numeric_ids, static_cast<wire::KeptAttributes>(options.attributes)};
}

Result<void> check_kept(const RecvOptions& options) {
  if (options.owner && ::geteuid() != 0)
    return Error(Errc::permission, "--owner: only root can give files to others")
        .with_hint("run it as root, or leave it out: everything is then yours");
  if (options.numeric_ids && !options.owner)
    return Error(Errc::usage, "--numeric-ids says how --owner finds owners, and that is not given");
  return {};
}

void tell_left_out(ProgressSink& progress, const std::string& name, const wire::LeftOutList& left_out) {
  for (const wire::LeftOut& left : left_out.first)
    progress.on_left_out({name, left.path, wire::error_of(left.reason)});
  const std::uint64_t unnamed = left_out.count - left_out.first.size();
  if (unnamed > 0)
    progress.on_note(0, escape_for_display(name) + ": " + std::to_string(unnamed) +
                            (left_out.first.empty() ? "" : " more") +
                            " entries are not in it: its sender could not read them");
}

store::ReceiveLimits limits_of(const RecvOptions& options) {
  return {options.max_object_bytes, options.quota_bytes, options.reserve_bytes};
}

Result<ReceivePlace> choose_sinks(const RecvOptions& options, session::ReceiveSettings& settings) {
  for (const std::string& path : options.basis)
    if (::access(path.c_str(), R_OK) != 0) return errno_error(errno, "--basis: " + escape_for_display(path));
  DCDN_CHECK(check_kept(options));
  ReceivePlace place;
  if (options.sink == Sink::directory) {
    DCDN_TRY(place.dir, store::ReceiveDir::open(options.directory));
  }
  place.ledger = std::make_shared<store::PromiseLedger>(limits_of(options), place.dir);
  if (place.dir) {
    settings.make_sink = into_directory(options, place, settings);
    return place;
  }
  settings.one_output = true;
  settings.in_turn = options.sink == Sink::raw_stdout;
  settings.make_sink = [raw = settings.in_turn, fd = options.output_fd, ledger = place.ledger,
                        stopped = asks(settings.stopping)](const message::Offer& offer, const NodeId&,
                                                           std::chrono::microseconds) -> MadeSink {
    auto promise = ledger->open();
    return MadeSink(raw ? sink::make_raw_sink(fd, offer.kind, {std::move(promise), stopped})
                        : sink::make_stream_sink(fd, std::move(promise)));
  };
  return place;
}

}  // namespace dcdn::api
