// signals.hpp - INT, TERM and HUP become a readable file descriptor; SIGPIPE becomes EPIPE.
#pragma once
#include "dcdn/result.hpp"

namespace dcdn::tool {

/// Once per process, before threads are started. The first INT, TERM or HUP makes interrupt_fd() readable for
/// good; a second INT or TERM ends the process at once with 128 + its number. SIGPIPE is ignored: writes fail
/// with EPIPE.
Result<void> install_signals();
/// SIGPIPE is ignored from here on: writes fail with EPIPE.
void ignore_sigpipe();
/// For the `interrupt_fd` of options structs; -1 before install_signals().
int interrupt_fd();
/// The signal that came first, 0 if none.
int caught_signal();

}  // namespace dcdn::tool
