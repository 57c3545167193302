#include "common/progress_view.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <chrono>
#include <mutex>

#include "common/progress_text.hpp"
#include "common/terminal.hpp"
#include "common/text_output.hpp"
#include "dcdn/escape.hpp"
#include "dcdn/units.hpp"

namespace dcdn::tool {

namespace {

using Clock = std::chrono::steady_clock;
constexpr auto kRedrawInterval = std::chrono::milliseconds(100);
constexpr auto kLineInterval = std::chrono::seconds(5);
constexpr auto kJsonInterval = std::chrono::seconds(1);

ProgressMode resolve(const CommonOptions& options) {
  if (options.progress != ProgressMode::automatic) return options.progress;
  if (options.quiet || options.json) return ProgressMode::none;
  return can_redraw(STDERR_FILENO) ? ProgressMode::bar : ProgressMode::lines;
}

bool needs_attention(const std::string& state) {
  return state.starts_with("stalled") || state.starts_with("waiting") || state.starts_with("paused");
}

/// The message without the path that it begins with, or has behind "sender: ", if that is one of `name`: who
/// shows it has said that.
std::string without_name(const std::string& message, const std::string& name) {
  const std::size_t at = message.find(name + ": ");
  if (at == std::string::npos || (at > 0 && message[at - 1] != '/' && message[at - 1] != ' ')) return message;
  const std::size_t before = at == 0 ? std::string::npos : message.rfind(": ", at - 1);
  const std::size_t begin = before == std::string::npos ? 0 : before + 2;
  return message.substr(0, begin) + message.substr(at + name.size() + 2);
}

void to_screen(const std::string& text) {
  // A terminal that went away must not end a transfer.
  static_cast<void>(write_text(STDERR_FILENO, text, "standard error"));
}

}  // namespace

struct ProgressView::State {
  Report& report;
  std::string verb;
  ProgressMode mode;
  bool json;
  bool color;
  std::mutex mutex;
  std::string last_state;
  std::uint64_t last_done = 0;
  std::optional<Clock::time_point> last_shown;
  std::vector<std::string> drawn;  ///< what the screen shows now
  bool attention = false;

  /// Cursor up over what was drawn, and all of it erased.
  [[nodiscard]] std::string erasing() const {
    return drawn.empty() ? "" : fmt::format("\r\x1b[{}A\x1b[J", drawn.size());
  }
  [[nodiscard]] std::string drawing() const {
    std::string text;
    for (const std::string& line : drawn) text += line + "\n";
    if (!color || !attention) return text;
    const std::size_t last = text.size() - drawn.back().size() - 1;
    return text.substr(0, last) + "\x1b[33m" + drawn.back() + "\x1b[0m\n";
  }
  void draw_bar(const Progress& progress) {
    std::string text = erasing();
    drawn = progress_bar(progress, terminal_width(STDERR_FILENO));
    attention = needs_attention(progress.state);
    to_screen(text + drawing());
  }
  [[nodiscard]] std::string said_of_peer(const ObjectEnd& object) const {
    const std::string peer = object.peer_name.empty() ? object.peer : object.peer_name;
    return peer.empty() ? "" : (verb == "sent" ? " to " : " from ") + peer;
  }
  /// "received photos from truck (1.4 MB)", and where it lies if that has another name.
  [[nodiscard]] std::string said_of(const ObjectEnd& object) const {
    const std::string whom = said_of_peer(object);
    const bool renamed = verb == "received" && !object.path.empty() &&
                         object.path.substr(object.path.rfind('/') + 1) != object.name;
    return fmt::format("{} {}{}{} ({})", verb, escape_for_display(object.name), whom,
                       renamed ? " as " + escape_for_display(object.path) : "", format_size(object.bytes));
  }
  /// Is it time to show something, by the interval of the display? A new state never waits.
  bool is_due(const Progress& progress, Clock::duration interval) {
    const auto now = Clock::now();
    const bool changed = progress.state != last_state;
    if (!changed && last_shown && now - *last_shown < interval) return false;
    // Whoever waits for a peer for a month says so once.
    const bool idle = !changed && progress.objects.empty() && progress.bytes_done == last_done;
    if (idle && mode != ProgressMode::bar) return false;
    last_state = progress.state;
    last_done = progress.bytes_done;
    last_shown = now;
    return true;
  }
};

ProgressView::ProgressView(Report& report, std::string verb)
    : state_(new State{report,
                       std::move(verb),
                       resolve(report.options()),
                       report.options().json && report.options().progress != ProgressMode::none,
                       use_color(STDERR_FILENO),
                       {},
                       {},
                       0,
                       {},
                       {},
                       false}) {
  if (state_->mode != ProgressMode::bar) return;
  report.on_interrupt_display([state = state_.get()](bool before) {
    const std::lock_guard lock(state->mutex);
    if (!state->drawn.empty()) to_screen(before ? state->erasing() : state->drawing());
  });
}

ProgressView::~ProgressView() {
  state_->report.on_interrupt_display(nullptr);
  to_screen(state_->erasing());
}

void ProgressView::on_progress(const Progress& progress) {
  const auto interval = state_->mode == ProgressMode::bar     ? Clock::duration(kRedrawInterval)
                        : state_->mode == ProgressMode::lines ? Clock::duration(kLineInterval)
                                                              : Clock::duration(kJsonInterval);
  {
    const std::lock_guard lock(state_->mutex);
    if (!state_->is_due(progress, interval)) return;
    if (state_->mode == ProgressMode::bar) state_->draw_bar(progress);
  }
  // Outside the lock: Report calls back to take the display away.
  if (state_->mode == ProgressMode::lines) state_->report.display_line(progress_line(progress));
  if (state_->json) state_->report.json("status", progress_json(progress));
}

void ProgressView::on_object(const ObjectEnd& object) {
  Report& report = state_->report;
  if (report.json_wanted()) {
    Fields fields{{"name", object.name},
                  {"path", object.path},
                  {"bytes", object.bytes},
                  {"object_id", object.object_id},
                  {"ok", object.error == nullptr}};
    if (!object.peer.empty()) fields.set("peer", object.peer);
    if (!object.peer_name.empty()) fields.set("peer_name", object.peer_name);
    if (object.error != nullptr) {
      fields.set("code", name_of(object.error->code));
      fields.set("message", object.error->message);
    }
    report.json("object", std::move(fields));
  } else if (object.error != nullptr) {
    const std::string name = escape_for_display(object.name);
    Error error = *object.error;
    error.message = without_name(error.message, name);
    report.error(error.during(name + state_->said_of_peer(object)));
  } else {
    report.note(0, state_->said_of(object));
  }
}

void ProgressView::on_left_out(const EntryLeftOut& entry) {
  Report& report = state_->report;
  if (!report.json_wanted()) {
    const std::string shown =
        escape_for_display(entry.path.empty() ? entry.object : entry.object + "/" + entry.path);
    return report.warning("left out: " + shown + ": " + without_name(entry.why.message, shown));
  }
  report.json("left_out", {{"object", entry.object},
                           {"path", entry.path},
                           {"code", name_of(entry.why.code)},
                           {"message", entry.why.message}});
}

void ProgressView::on_note(int level, const std::string& text) {
  state_->report.note(level, text);
}

}  // namespace dcdn::tool
