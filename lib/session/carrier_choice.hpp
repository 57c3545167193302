// carrier_choice.hpp - which carrier takes the chunks of one connection of a sender, QUIC's streams or coded
// packets beside them, as its path turns out to be. The rule itself is pace/carrier_rule.
//
// Spec     dcdn-session(5), BEGINNING AT ONCE, CODED CARRIER
// Threads  the loop thread
#pragma once
#include <string>

#include "net/connection.hpp"
#include "session/send_shared.hpp"

namespace dcdn::session {

class CarrierChoice {
 public:
  /// Both outlive this. `path`: what notes call it, "the path" or "path wwan0".
  CarrierChoice(SendShared& shared, net::Connection& connection, std::string path)
      : shared_(shared), connection_(connection), path_(std::move(path)) {}

  /// The user did not say that streams are to be kept to.
  [[nodiscard]] bool may_be_coded() const { return shared_.settings.quic.carrier != Carrier::streams; }
  /// Both sides know the coded carrier: uses it now, or once consider() sees that it is worth it.
  void agree();
  /// A short path may turn out to lose packets.
  void consider(const net::ConnectionStats& stats);
  [[nodiscard]] bool coded() const { return connection_.coded(); }
  /// The most that coded packets may take of what is allowed, bytes a second of IP; 0: no limit. They start
  /// with all of it. What goes over streams is limited before it is given to the connection.
  void limit(double bytes_per_s);

 private:
  void start();

  SendShared& shared_;
  net::Connection& connection_;
  std::string path_;
  bool agreed_ = false;
  double limit_ = 0;
};

}  // namespace dcdn::session
