// console_commands.hpp - the commands that a running process takes from another terminal, and their lines:
// one JSON object asks, one answers. Both ends are here, and nothing else spells them.
//
// {"command":"pause","session":"1a2b..."}   ->   {"ok":true,...} or {"ok":false,"message":"..."}
#pragma once
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "dcdn/result.hpp"

namespace dcdn::node {

using FieldValue = std::variant<std::string, std::uint64_t, double, bool>;
/// What an answer says besides whether it went well. A name counts once; "ok" and "message" are taken.
using Fields = std::vector<std::pair<std::string, FieldValue>>;

class ConsoleCommands {
 public:
  using Handler = std::function<Result<Fields>()>;
  /// In place of one of that name.
  void add(const std::string& name, Handler handler);
  /// The answer to a line, whatever it says: neither has its newline.
  [[nodiscard]] std::string answer(const std::string& request_line) const;

 private:
  std::map<std::string, Handler> handlers_;
};

/// Tells the process that listens at `socket_path`; blocks, up to 5 s. error not_found: none does; temporary:
/// it does not answer; usage: what it answered, or that this was no answer.
Result<Fields> ask_process(const std::string& socket_path, const std::string& command,
                           const std::string& session);

}  // namespace dcdn::node
