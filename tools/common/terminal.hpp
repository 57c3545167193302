// terminal.hpp - what is known about the terminal, and the few things done with it.
#pragma once
#include <string>
#include <string_view>

#include "dcdn/result.hpp"

namespace dcdn::tool {

bool is_terminal(int fd);
/// Columns of the terminal behind fd, else $COLUMNS, else 80; at least 20.
int terminal_width(int fd);
/// May the cursor be moved: a terminal, and TERM neither unset nor "dumb".
bool can_redraw(int fd);
/// May colours be used: NO_COLOR unset and can_redraw, or CLICOLOR_FORCE set to something but 0.
bool use_color(int fd);
/// error usage: fd is a terminal and `force` is false. `what`: "a chunk stream".
Result<void> refuse_binary_on_terminal(int fd, const std::string& what, bool force);
/// Asks on /dev/tty without echo. error usage: no terminal to ask on, with a hint; limit: over 1024 bytes;
/// interrupted: end of input or a signal.
Result<std::string> prompt_secret(const std::string& question);
/// Names from elsewhere made safe to show: control characters and the like become \xNN (dcdn/escape.hpp).
std::string escape(std::string_view text);

}  // namespace dcdn::tool
