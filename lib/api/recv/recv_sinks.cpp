#include "api/recv/recv_sinks.hpp"

#include <unistd.h>

#include <cerrno>

#include "base/text.hpp"
#include "sink/directory_sink.hpp"
#include "sink/raw_sink.hpp"
#include "sink/stream_sink.hpp"

namespace dcdn::api {

namespace {

using MadeSink = Result<std::shared_ptr<sink::ObjectSink>>;

session::MakeSink into_directory(const RecvOptions& options, std::shared_ptr<store::ReceiveDir> dir) {
  store::PartObject::Options part;
  part.collision = collision_of(options.on_collision);
  part.fsync = options.fsync;
  return [dir = std::move(dir), part, delivered = options.home.state_dir + "/delivered", use = !options.whole,
          basis = options.basis](const message::Offer& offer, const NodeId& sender,
                                 std::chrono::microseconds round_trip) -> MadeSink {
    store::PartObject::Options object = part;
    object.sender = sender;
    object.name = offer.name;
    object.kind = offer.kind;
    sink::OlderFiles older{use, basis, offer.object, offer.bytes, {}};
    older.link.rtt = round_trip;
    return MadeSink(sink::make_directory_sink(dir, std::move(object), delivered, std::move(older)));
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
    case OnCollision::refuse:
      break;
  }
  return store::Collision::refuse;
}

Result<void> choose_sinks(const RecvOptions& options, session::ReceiveSettings& settings) {
  for (const std::string& path : options.basis)
    if (::access(path.c_str(), R_OK) != 0) return errno_error(errno, "--basis: " + escape_for_display(path));
  if (options.sink == Sink::directory) {
    DCDN_TRY(settings.dir, store::ReceiveDir::open(options.directory));
    settings.make_sink = into_directory(options, settings.dir);
    return {};
  }
  settings.one_output = true;
  settings.in_turn = options.sink == Sink::raw_stdout;
  settings.make_sink = [raw = settings.in_turn, fd = options.output_fd](
                           const message::Offer& offer, const NodeId&,
                           std::chrono::microseconds) -> MadeSink {
    return MadeSink(raw ? sink::make_raw_sink(fd, offer.kind) : sink::make_stream_sink(fd));
  };
  return {};
}

}  // namespace dcdn::api
