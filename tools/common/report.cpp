#include "common/report.hpp"

#include <fcntl.h>
#include <fmt/chrono.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <ctime>
#include <mutex>

#include "common/terminal.hpp"
#include "common/text_output.hpp"

namespace dcdn::tool {

namespace {

constexpr int kSchema = 1;

/// Names inside a message may be escaped already, so backslashes stay single; everything else unsafe is
/// escaped.
std::string safe_text(std::string_view text) {
  std::string out;
  for (std::size_t at = 0; at <= text.size();) {
    const std::size_t end = std::min(text.find('\\', at), text.size());
    out += escape(text.substr(at, end - at));
    if (end < text.size()) out += '\\';
    at = end + 1;
  }
  return out;
}

std::string time_now() {
  return fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(std::time(nullptr)));
}

}  // namespace

struct Report::State {
  std::string tool;
  CommonOptions options;
  int json_fd = STDOUT_FILENO;
  int log_fd = -1;  ///< of --log-file
  std::optional<Error> output_error;
  std::function<void(bool)> display_hook;
  mutable std::mutex mutex;

  void output(int fd, std::string_view text) {
    auto written = write_text(fd, text, fd == STDOUT_FILENO ? "standard output" : "standard error");
    // Nobody can be told that standard error is gone; a lost result must change the exit status.
    if (!written && fd == STDOUT_FILENO && !output_error) output_error = written.error();
  }
  std::string log_line(const std::string& level, const std::string& message, const std::string& hint) const {
    if (options.log_format == LogFormat::json) {
      Fields object{{"time", time_now()}, {"level", level}, {"tool", tool}, {"message", message}};
      if (!hint.empty()) object.set("hint", hint);
      return object.json() + "\n";
    }
    const std::string stamp = log_fd >= 0 ? time_now() + " " : "";
    const std::string kind = level == "warning" ? "warning: " : "";
    std::string text = fmt::format("{}{}: {}{}\n", stamp, tool, kind, safe_text(message));
    if (!hint.empty()) text += fmt::format("{}{}: hint: {}\n", stamp, tool, safe_text(hint));
    return text;
  }
  void to_log(const std::string& level, const std::string& message, const std::string& hint) {
    if (log_fd >= 0) static_cast<void>(write_text(log_fd, log_line(level, message, hint), options.log_file));
  }
  /// The same line on standard error, without the stamp that only a file needs.
  void to_person(const std::string& level, const std::string& message, const std::string& hint) {
    const int file = std::exchange(log_fd, -1);
    const std::string text = log_line(level, message, hint);
    log_fd = file;
    output(STDERR_FILENO, text);
  }
  void json_object(const std::string& message_type, Fields object) {
    object.set("message_type", message_type);
    object.set("schema", kSchema);
    output(json_fd, object.json() + "\n");
  }
};

namespace {

/// Takes the progress display away while a line is printed.
class DisplayPause {
 public:
  explicit DisplayPause(const std::function<void(bool)>& hook) : hook_(hook) {
    if (hook_) hook_(true);
  }
  ~DisplayPause() {
    if (hook_) hook_(false);
  }
  DisplayPause(const DisplayPause&) = delete;
  DisplayPause& operator=(const DisplayPause&) = delete;

 private:
  const std::function<void(bool)>& hook_;
};

}  // namespace

Report::Report(std::string tool) : state_(std::make_unique<State>()) {
  state_->tool = std::move(tool);
}

Report::~Report() {
  if (state_->log_fd >= 0) ::close(state_->log_fd);
}

Result<void> Report::configure(const CommonOptions& options) {
  const std::lock_guard lock(state_->mutex);
  state_->options = options;
  if (options.log_file.empty() || state_->log_fd >= 0) return {};
  state_->log_fd = ::open(options.log_file.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640);
  if (state_->log_fd < 0) return errno_error(errno, "--log-file: " + options.log_file);
  return {};
}

void Report::stdout_carries_data() {
  const std::lock_guard lock(state_->mutex);
  state_->json_fd = STDERR_FILENO;
}

void Report::error(const Error& error) {
  const std::lock_guard lock(state_->mutex);
  const DisplayPause pause(state_->display_hook);
  state_->to_log("error", error.message, error.hint);
  if (!state_->options.json) return state_->to_person("error", error.message, error.hint);
  Fields object{
      {"code", name_of(error.code)}, {"exit_status", exit_status(error.code)}, {"message", error.message}};
  if (!error.hint.empty()) object.set("hint", error.hint);
  state_->json_object("error", std::move(object));
}

void Report::warning(const std::string& text) {
  const std::lock_guard lock(state_->mutex);
  const DisplayPause pause(state_->display_hook);
  state_->to_log("warning", text, "");
  if (!state_->options.json) return state_->to_person("warning", text, "");
  state_->json_object("warning", {{"message", text}});
}

void Report::note(int level, const std::string& text) {
  const std::lock_guard lock(state_->mutex);
  if (level > state_->options.verbose) return;
  const DisplayPause pause(state_->display_hook);
  const std::string name = level == 0 ? "info" : level == 1 ? "verbose" : "debug";
  state_->to_log(name, text, "");
  if (state_->options.quiet || (state_->log_fd >= 0 && !state_->options.json)) return;
  if (!state_->options.json) return state_->to_person(name, text, "");
  state_->json_object("note", {{"level", name}, {"message", text}});
}

void Report::json(const std::string& message_type, Fields object) {
  const std::lock_guard lock(state_->mutex);
  if (!state_->options.json) return;
  const DisplayPause pause(state_->display_hook);
  state_->json_object(message_type, std::move(object));
}

void Report::line(const std::string& text) {
  const std::lock_guard lock(state_->mutex);
  if (state_->options.json) return;
  const DisplayPause pause(state_->display_hook);
  state_->output(STDOUT_FILENO, text + "\n");
}

void Report::print(std::string_view text) {
  const std::lock_guard lock(state_->mutex);
  const DisplayPause pause(state_->display_hook);
  state_->output(STDOUT_FILENO, text);
}

std::optional<Error> Report::output_error() const {
  const std::lock_guard lock(state_->mutex);
  return state_->output_error;
}

void Report::display_line(const std::string& text) {
  const std::lock_guard lock(state_->mutex);
  state_->to_person("info", text, "");
}

void Report::on_interrupt_display(std::function<void(bool)> hook) {
  const std::lock_guard lock(state_->mutex);
  state_->display_hook = std::move(hook);
}

const std::string& Report::tool() const {
  return state_->tool;
}

const CommonOptions& Report::options() const {
  return state_->options;
}

}  // namespace dcdn::tool
