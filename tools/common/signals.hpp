// signals.hpp - INT, TERM and HUP become a readable file descriptor; SIGPIPE becomes EPIPE, SIGXFSZ EFBIG.
#pragma once
#include "dcdn/result.hpp"

namespace dcdn::tool {

/// Once per process, before threads are started. The first INT, TERM or HUP makes interrupt_fd() readable for
/// good; a second INT or TERM ends the process at once with 128 + its number.
Result<void> install_signals();
/// A pipe without a reader and a file beyond RLIMIT_FSIZE are errors from here on, which a tool reports, and
/// not the silent end of it.
void ignore_write_signals();
/// For the `interrupt_fd` of options structs; -1 before install_signals().
int interrupt_fd();
/// The signal that came first, 0 if none.
int caught_signal();

}  // namespace dcdn::tool
