#include "source/command_input.hpp"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>

#include <cerrno>
#include <csignal>

#include "base/text.hpp"

namespace dcdn::source {

namespace {

constexpr int kAskAgainMs = 20;
constexpr int kPatienceMs = 2000;

struct SpawnSetup {
  SpawnSetup() {
    ::posix_spawn_file_actions_init(&files);
    ::posix_spawnattr_init(&attributes);
  }
  ~SpawnSetup() {
    ::posix_spawn_file_actions_destroy(&files);
    ::posix_spawnattr_destroy(&attributes);
  }
  SpawnSetup(const SpawnSetup&) = delete;
  SpawnSetup& operator=(const SpawnSetup&) = delete;
  posix_spawn_file_actions_t files{};
  posix_spawnattr_t attributes{};
};

// 0 or errno. What this process did with signals is not for others.
int spawn(const std::string& command, int output, pid_t& child) {
  SpawnSetup setup;
  sigset_t none;
  sigset_t all;
  sigemptyset(&none);
  sigfillset(&all);
  ::posix_spawnattr_setsigmask(&setup.attributes, &none);
  ::posix_spawnattr_setsigdefault(&setup.attributes, &all);
  ::posix_spawnattr_setflags(&setup.attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  ::posix_spawn_file_actions_addopen(&setup.files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  ::posix_spawn_file_actions_adddup2(&setup.files, output, STDOUT_FILENO);
  std::string shell = "sh";
  std::string option = "-c";
  std::string text = command;
  char* const arguments[] = {shell.data(), option.data(), text.data(), nullptr};
  return ::posix_spawn(&child, "/bin/sh", &setup.files, &setup.attributes, arguments, environ);
}

}  // namespace

Result<std::shared_ptr<CommandInput>> CommandInput::start(const std::string& command) {
  std::shared_ptr<CommandInput> made(new CommandInput);
  made->shown_ = "command '" + escape_for_display(command) + "'";
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return errno_error(errno, made->shown_ + ": pipe");
  made->read_.reset(ends[0]);
  const UniqueFd write(ends[1]);
  const int failed = spawn(command, write.get(), made->child_);
  if (failed == 0) return made;
  made->child_ = -1;
  return errno_error(failed, made->shown_ + ": start");
}

CommandInput::~CommandInput() {
  read_.reset();
  if (child_ < 0) return;
  const std::lock_guard lock(mutex_);
  if (ended()) return;
  ::kill(child_, SIGTERM);
  for (int waited = 0; waited < kPatienceMs; waited += kAskAgainMs) {
    if (ended()) return;
    ::poll(nullptr, 0, kAskAgainMs);
  }
  ::kill(child_, SIGKILL);
  (void)::waitpid(child_, nullptr, 0);
}

bool CommandInput::ended() {
  if (!reaped_) reaped_ = ::waitpid(child_, &status_, WNOHANG) != 0;
  return reaped_;
}

Result<void> CommandInput::finish(const std::function<bool()>& stopped) {
  const std::lock_guard lock(mutex_);
  while (!ended()) {
    if (stopped && stopped()) return Error(Errc::interrupted, "packing was stopped");
    ::poll(nullptr, 0, kAskAgainMs);
  }
  if (WIFEXITED(status_) && WEXITSTATUS(status_) == 0) return {};
  const std::string how = WIFSIGNALED(status_) ? "was ended by signal " + std::to_string(WTERMSIG(status_))
                                               : "ended with status " + std::to_string(WEXITSTATUS(status_));
  return Error(Errc::io, shown_ + " " + how + ": what it wrote is not taken for all of it")
      .with_hint("mend it, then run the same again: what the receiver has is not sent twice");
}

}  // namespace dcdn::source
