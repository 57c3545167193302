#include "pace/standstill.hpp"

namespace dcdn::pace {

void Standstill::look(const Reading& reading, Micros now) {
  constexpr Micros kEvery{100'000};
  look_at_ = now + kEvery;
  const bool moved = reading.arrived > arrived_;
  arrived_ = std::max(arrived_, reading.arrived);
  if (moved || !reading.under_way) path_since_ = now;
  if (moved || !reading.waiting) peer_since_ = now;
}

Standstill::Reason Standstill::reason(Micros now) const {
  if (now - path_since_ >= path_patience_) return Reason::path;
  return now - peer_since_ >= peer_patience_ ? Reason::peer : Reason::none;
}

}  // namespace dcdn::pace
