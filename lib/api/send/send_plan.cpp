#include "api/send/send_plan.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <set>

#include "base/text.hpp"
#include "net/local_interfaces.hpp"
#include "session/path_set.hpp"
#include "source/command_input.hpp"
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

Result<void> check_empty(const SendPlan& plan, const std::function<bool()>& stopped) {
  if (plan.input_end) return plan.input_end(stopped);
  if (const auto checked = source::check_empty(plan.input_fd, "standard input"); !checked)
    return checked.error().with_hint("to send nothing on purpose: dcdn-send - < /dev/null");
  return {};
}

Result<session::SendObject> input_object(const SendOptions& options, const SendPlan& plan, Bytes& head) {
  session::SendObject object;
  object.kind = wire::ObjectKind::stream;
  object.name = options.name.empty() ? "stdin" : options.name;
  source::Input input(plan.input_fd, "standard input",
                      {options.interrupt_fd, {}, "interrupted while waiting for standard input"});
  while (head.size() < wire::kMagic.size()) {
    DCDN_TRY(const bool more, read_more(input, head));
    if (!more) break;
  }
  if (head.empty()) DCDN_CHECK(check_empty(plan, [&] { return source::readable(options.interrupt_fd); }));
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

Result<session::SendObject> path_object(const SendOptions& options, const source::WalkRules& walk,
                                        const std::string& path) {
  session::SendObject object;
  object.path = path;
  DCDN_TRY(object.kind, source::kind_of_source(path));
  if (options.only && object.kind != wire::ObjectKind::tree)
    return Error(Errc::usage, escape_for_display(path) + ": is no directory that a list could choose from")
        .with_hint("--files-from names what of one directory is sent");
  if (options.name.empty()) {
    DCDN_TRY(object.name, source::name_of_source(path));
  } else {
    object.name = options.name;
  }
  DCDN_TRY(const source::SourceTotals totals, source::measure_source(path, object.kind, walk));
  object.bytes = totals.bytes;
  object.entries = totals.entries;
  object.holes = totals.holes;
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
  if (!options.command.empty() && inputs == 0)
    return Error(Errc::usage, "a command stands for standard input (-), and that is not sent");
  if (options.only && options.sources.size() > 1)
    return Error(Errc::usage, "--files-from chooses from one directory, and there are " +
                                  std::to_string(options.sources.size()) + " sources");
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

source::Symlinks symlinks_of(SendOptions::Symlinks choice) {
  switch (choice) {
    case SendOptions::Symlinks::keep:
      return source::Symlinks::keep;
    case SendOptions::Symlinks::follow:
      return source::Symlinks::follow;
    case SendOptions::Symlinks::skip:
      return source::Symlinks::skip;
    case SendOptions::Symlinks::inside:
      break;
  }
  return source::Symlinks::inside;
}

Result<source::WalkRules> rules_of(const SendOptions& options) {
  source::WalkRules rules;
  rules.symlinks = symlinks_of(options.symlinks);
  rules.strict = options.strict;
  rules.mirror = options.mirror;
  rules.hard_links = options.hard_links;
  rules.owner = options.owner;
  rules.attributes = static_cast<wire::KeptAttributes>(options.attributes);
  if (!options.only && options.exclude.empty()) return rules;
  DCDN_TRY(auto selection, source::Selection::make(options.only, options.exclude));
  rules.selection = std::make_shared<const source::Selection>(std::move(selection));
  return rules;
}

Result<void> open_input(const SendOptions& options, SendPlan& plan) {
  plan.input_fd = options.input_fd;
  if (options.command.empty()) return {};
  DCDN_TRY(const auto command, source::CommandInput::start(options.command));
  plan.input_fd = command->fd();
  plan.input_end = [command](const std::function<bool()>& stopped) { return command->finish(stopped); };
  return {};
}

}  // namespace

Result<SendPlan> plan_send(const SendOptions& options) {
  DCDN_CHECK(check_together(options));
  SendPlan plan;
  DCDN_TRY(plan.walk, rules_of(options));
  DCDN_CHECK(open_input(options, plan));
  std::set<std::string> names;
  for (const SendSource& source : options.sources) {
    Bytes head;
    auto object =
        source.path == "-" ? input_object(options, plan, head) : path_object(options, plan.walk, source.path);
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
