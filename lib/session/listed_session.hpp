// listed_session.hpp - what stands for an incoming session in lists: its id, the names of its objects, and
// how much of them is here.
#pragma once
#include <array>
#include <cstdint>
#include <string>

#include "dcdn/bytes.hpp"
#include "session/receive_shared.hpp"

namespace dcdn::session {

class ListedSession {
 public:
  /// Not the sender's own id, so that both can stand in one list on a machine that talks to itself; and made
  /// of the peer's key as well, so that nobody joins a session of somebody else.
  static std::string id_of(const std::array<std::uint8_t, 16>& session, const NodeId& peer);

  [[nodiscard]] const std::string& id() const { return id_; }  ///< empty before the hello
  void set_id(std::string id) { id_ = std::move(id); }
  /// `shown_name`: safe to show.
  void offered(const std::string& shown_name, std::uint64_t bytes);
  /// Of `offered` bytes: less, where its sender left something out. 0: nobody knew.
  void delivered(std::uint64_t bytes, std::uint64_t offered);
  [[nodiscard]] bool anything_delivered() const { return delivered_ > 0; }
  /// `unfinished`: bytes that are here of an object that was not delivered yet.
  void tell_progress(ReceiveWatcher& watcher, std::uint64_t unfinished) const;

 private:
  [[nodiscard]] std::string title() const;
  std::string id_;
  std::string names_;        // of the first objects
  std::size_t unnamed_ = 0;  // and how many follow
  std::uint64_t bytes_offered_ = 0;
  std::uint64_t bytes_delivered_ = 0;
  std::uint64_t delivered_ = 0;  // objects
};

}  // namespace dcdn::session
