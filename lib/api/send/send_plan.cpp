#include "api/send/send_plan.hpp"

#include <algorithm>
#include <set>

#include "base/text.hpp"
#include "net/local_interfaces.hpp"
#include "session/path_set.hpp"
#include "source/input.hpp"
#include "source/source_walk.hpp"
#include "wire/frame_reader.hpp"

namespace dcdn::api {

namespace {

constexpr std::size_t kHeadBytes = 1u << 20;  // a stream's first segment lies well within

// Appends what a read gives; false at the end of input.
Result<bool> read_more(source::Input& input, Bytes& head) {
  std::array<std::uint8_t, 65536> piece;
  DCDN_TRY(const std::size_t got, input.read(piece));
  head.insert(head.end(), piece.begin(), piece.begin() + static_cast<std::ptrdiff_t>(got));
  return got > 0;
}

// The object that a chunk stream announces: its first segment 0.
Result<std::optional<wire::ObjectHeader>> announced(const Bytes& head) {
  BufferPool pool(0);
  wire::FrameReader reader(wire::OnDamage::strict, pool);
  reader.push(head);
  for (;;) {
    DCDN_TRY(auto step, reader.next());
    const auto* frame = std::get_if<wire::Frame>(&step);
    if (frame == nullptr) return std::optional<wire::ObjectHeader>();
    if (frame->type != wire::FrameType::segment) continue;
    DCDN_TRY(const wire::Segment segment, wire::parse_segment(frame->body.view()));
    if (segment.object) return segment.object;
  }
}

Result<session::SendObject> input_object(const SendOptions& options, Bytes& head) {
  session::SendObject object;
  object.kind = wire::ObjectKind::stream;
  object.name = options.name.empty() ? "stdin" : options.name;
  source::Input input(options.input_fd, "standard input",
                      {options.interrupt_fd, {}, "interrupted while waiting for standard input"});
  while (head.size() < wire::kMagic.size()) {
    DCDN_TRY(const bool more, read_more(input, head));
    if (!more) break;
  }
  if (!wire::FrameReader::looks_like_stream(head)) return object;
  object.ready_stream = true;
  for (;;) {
    DCDN_TRY(const auto header, announced(head));
    if (header) {
      object.kind = header->kind;
      if (!header->name.empty()) object.name = header->name;
      return object;
    }
    DCDN_TRY(const bool more, read_more(input, head));
    if (!more || head.size() > kHeadBytes)
      return Error(Errc::corrupt, "standard input is a chunk stream that does not start with its manifest");
  }
}

Result<session::SendObject> path_object(const SendOptions& options, const std::string& path) {
  session::SendObject object;
  const source::Symlinks symlinks = symlinks_of(options.symlinks);
  object.path = path;
  DCDN_TRY(object.kind, source::kind_of_source(path, symlinks));
  if (options.name.empty()) {
    DCDN_TRY(object.name, source::name_of_source(path));
  } else {
    object.name = options.name;
  }
  DCDN_TRY(const source::SourceTotals totals, source::measure_source(path, object.kind, symlinks));
  object.bytes = totals.bytes;
  object.entries = totals.entries;
  return object;
}

Result<void> check_paths(const std::vector<std::string>& paths) {
  const bool automatic = std::find(paths.begin(), paths.end(), "auto") != paths.end();
  if (automatic && paths.size() > 1)
    return Error(Errc::usage, "--path auto stands alone: it finds the others");
  if (paths.size() > session::kMostPaths)
    return Error(Errc::usage, "--path: at most " + std::to_string(session::kMostPaths) + " at once");
  if (std::set<std::string>(paths.begin(), paths.end()).size() < paths.size())
    return Error(Errc::usage, "--path: an interface is named twice");
  if (paths.empty() || automatic) return {};
  DCDN_TRY(const auto here, net::local_interfaces());
  for (const std::string& path : paths) {
    const auto known =
        std::find_if(here.begin(), here.end(), [&](const auto& each) { return each.name == path; });
    if (known == here.end()) return net::no_such_interface(escape_for_display(path)).during("--path");
  }
  return {};
}

Result<void> check_together(const SendOptions& options) {
  if (options.sources.empty())
    return Error(Errc::usage, "nothing to send").with_hint("dcdn-send PATH... DEST");
  std::size_t inputs = 0;
  for (const SendSource& source : options.sources) inputs += source.path == "-" ? 1 : 0;
  if (inputs > 1) return Error(Errc::usage, "standard input (-) can be sent once only");
  if (!options.name.empty() && options.sources.size() > 1)
    return Error(Errc::usage,
                 "--name is for a single source, and there are " + std::to_string(options.sources.size()));
  if (!options.name.empty()) {
    if (!wire::check_name(options.name))
      return Error(Errc::usage,
                   "--name " + escape_for_display(options.name) + ": must be one plain file name");
  }
  const std::size_t ids = options.peer_ids.size();
  if (ids > 1 && ids != options.destinations.size())
    return Error(Errc::usage, "give --peer-id once for all destinations, or once for each");
  DCDN_CHECK(check_paths(options.paths));
  return check(options.transport);
}

}  // namespace

source::Symlinks symlinks_of(SendOptions::Symlinks choice) {
  switch (choice) {
    case SendOptions::Symlinks::follow:
      return source::Symlinks::follow;
    case SendOptions::Symlinks::skip:
      return source::Symlinks::skip;
    case SendOptions::Symlinks::keep:
      break;
  }
  return source::Symlinks::keep;
}

Result<SendPlan> plan_send(const SendOptions& options) {
  DCDN_CHECK(check_together(options));
  SendPlan plan;
  std::set<std::string> names;
  for (const SendSource& source : options.sources) {
    Bytes head;
    auto object = source.path == "-" ? input_object(options, head) : path_object(options, source.path);
    if (!object) return object.error();
    object->number = static_cast<std::uint32_t>(plan.objects.size());
    object->priority = static_cast<message::Priority>(source.priority);
    if (!names.insert(object->name).second)
      return Error(Errc::usage, "two sources would both arrive as " + escape_for_display(object->name))
          .with_hint("send them one by one, with --name");
    if (!head.empty()) plan.input_head = Buffer::copy_of(head);
    plan.bytes += object->bytes.value_or(0);
    plan.title += (plan.title.empty() ? "" : ", ") + escape_for_display(object->name);
    plan.objects.push_back(std::move(*object));
  }
  return plan;
}

}  // namespace dcdn::api
