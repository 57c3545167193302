#include "node/session_consoles.hpp"

namespace dcdn::node {

ConsoleCommands session_commands(SessionTable& table, const std::string& id, SessionControl control) {
  const auto set_paused = [&table, id, set = std::move(control.set_paused)](bool paused) -> Result<Fields> {
    DCDN_CHECK(table.command(id, paused ? record::SessionState::paused : record::SessionState::active));
    DCDN_CHECK(set(paused));
    return Fields();
  };
  ConsoleCommands commands;
  commands.add("pause", [set_paused] { return set_paused(true); });
  commands.add("resume", [set_paused] { return set_paused(false); });
  commands.add("cancel", [cancel = std::move(control.cancel)]() -> Result<Fields> {
    DCDN_CHECK(cancel());
    return Fields();
  });
  commands.add("status", [status = std::move(control.status)]() -> Result<Fields> {
    const SessionControl::Status now = status();
    return Fields{{"state", now.state}, {"bytes_done", now.bytes_done}, {"rate", now.rate}};
  });
  return commands;
}

Result<void> SessionConsoles::open(const std::string& id, SessionControl control) {
  close(id);
  const ConsoleCommands commands = session_commands(table_, id, std::move(control));
  DCDN_TRY(servers_[id],
           console::serve_control(executor_, home_.control_path(id),
                                  [commands](const std::string& line) { return commands.answer(line); }));
  return {};
}

}  // namespace dcdn::node
