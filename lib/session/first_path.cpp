#include "session/first_path.hpp"

#include "net/local_interfaces.hpp"

namespace dcdn::session {

namespace {
constexpr Micros kMoveAgainAfter{200'000};
}  // namespace

void FirstPath::on_acknowledged(net::StreamId stream) {
  load_.sent.erase(stream);
  load_.blocked = false;
}

std::optional<std::string> FirstPath::find_out() {
  const std::string address = connection_->local_address();
  if (address == address_ && !interface_.empty()) return std::nullopt;
  const auto all = net::local_interfaces();
  if (!all) return std::nullopt;
  std::optional<std::string> found;
  for (const net::LocalInterface& each : *all)
    for (const net::SocketAddress& held : each.addresses)
      if (held.host_text() == address && each.name != interface_) found = each.name;
  if (found && !address_.empty()) load_.meter = pace::PathMeter();
  address_ = address;
  return found;
}

bool FirstPath::is_due_to_move(Micros now) {
  if (load_.meter.state() != pace::PathState::failed || now < move_at_) return false;
  move_at_ = now + kMoveAgainAfter;
  return true;
}

Result<void> FirstPath::move_to(const std::string& interface) {
  DCDN_CHECK(connection_->use_interface(interface));
  interface_ = interface;
  address_ = connection_->local_address();
  load_.meter = pace::PathMeter();
  return {};
}

std::uint64_t FirstPath::leave() {
  const std::uint64_t here = bytes_here();
  bytes_before_ += here;
  return here;
}

}  // namespace dcdn::session
