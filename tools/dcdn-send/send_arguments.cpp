#include "dcdn-send/send_arguments.hpp"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <nlohmann/json.hpp>

#include "common/terminal.hpp"

namespace dcdn::tool {

std::string remember_arguments(int argc, const char* const* argv) {
  nlohmann::json remembered;
  char directory[PATH_MAX];
  remembered["directory"] = ::getcwd(directory, sizeof directory) != nullptr ? directory : "";
  remembered["arguments"] = std::vector<std::string>(argv + 1, argv + argc);
  return remembered.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

Result<std::vector<std::string>> recall_arguments(const SessionInfo& session) {
  const auto remembered = nlohmann::json::parse(session.arguments, nullptr, false);
  const Error unusable(Errc::usage, "session " + session.id + " does not say how it was started");
  if (!remembered.is_object() || !remembered.contains("arguments") || !remembered["arguments"].is_array())
    return unusable;
  std::vector<std::string> arguments;
  for (const auto& argument : remembered["arguments"]) {
    if (!argument.is_string()) return unusable;
    arguments.push_back(argument.get<std::string>());
  }
  const bool reads_input = std::find(arguments.begin(), arguments.end(), "-") != arguments.end() ||
                           std::find(arguments.begin(), arguments.end(), "--files-from=-") != arguments.end();
  if (reads_input && isatty(STDIN_FILENO) != 0)
    return Error(Errc::usage, "session " + session.id + " sent standard input, which is gone")
        .with_hint("run the command again with the same input: what the receiver has is not sent twice");
  const std::string directory = remembered.value("directory", "");
  if (::chdir(directory.c_str()) != 0) return errno_error(errno, escape(directory));
  return arguments;
}

}  // namespace dcdn::tool
