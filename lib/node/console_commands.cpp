#include "node/console_commands.hpp"

#include <nlohmann/json.hpp>

#include "console/control_socket.hpp"

namespace dcdn::node {

namespace {

using nlohmann::json;

// Empty: not there, or no text.
std::string text_in(const json& object, const char* name) {
  if (!object.is_object()) return "";
  const auto found = object.find(name);
  return found != object.end() && found->is_string() ? found->get<std::string>() : "";
}

// Text may come from a peer, in any encoding or none.
std::string line_of(const json& object) {
  return object.dump(-1, ' ', false, json::error_handler_t::replace);
}

Fields fields_of(const json& answer) {
  Fields fields;
  for (const auto& [name, value] : answer.items()) {
    if (name == "ok") continue;
    if (value.is_string()) fields.emplace_back(name, value.get<std::string>());
    if (value.is_boolean()) fields.emplace_back(name, value.get<bool>());
    if (value.is_number_unsigned()) fields.emplace_back(name, value.get<std::uint64_t>());
    if (value.is_number_float()) fields.emplace_back(name, value.get<double>());
  }
  return fields;
}

}  // namespace

void ConsoleCommands::add(const std::string& name, Handler handler) {
  handlers_[name] = std::move(handler);
}

std::string ConsoleCommands::answer(const std::string& request_line) const {
  const auto known = handlers_.find(text_in(json::parse(request_line, nullptr, false), "command"));
  const Result<Fields> said =
      known == handlers_.end() ? Result<Fields>(Error(Errc::usage, "unknown command")) : known->second();
  json answer{{"ok", said.has_value()}};
  if (!said) {
    answer["message"] = said.error().message;
  } else {
    for (const auto& [name, value] : *said) std::visit([&](const auto& is) { answer[name] = is; }, value);
  }
  return line_of(answer);
}

Result<Fields> ask_process(const std::string& socket_path, const std::string& command,
                           const std::string& session) {
  const json request{{"command", command}, {"session", session}};
  DCDN_TRY(const std::string line, console::ask_control(socket_path, line_of(request)));
  const json answer = json::parse(line, nullptr, false);
  if (!answer.is_object()) return Error(Errc::usage, "unreadable answer");
  if (answer.value("ok", json()) == true) return fields_of(answer);
  const std::string why = text_in(answer, "message");
  return Error(Errc::usage, why.empty() ? "no reason given" : why);
}

}  // namespace dcdn::node
