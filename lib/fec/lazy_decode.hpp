// lazy_decode.hpp - when to decode a block of which some symbols are here: as late as is useful.
//
// Source symbols that merely come out of order cost nothing but waiting, decoding costs a pass over the
// block. So as long as sources may still come, wait for them; decode at the deadline, or as soon as no more
// can come. Holds no bytes and no clock: the caller says what arrived and what time it is.
#pragma once
#include <algorithm>
#include <bitset>
#include <optional>

#include "dcdn/units.hpp"
#include "fec/reed_solomon.hpp"

namespace dcdn::fec {

enum class LazyStep {
  wait,      ///< sources may still come
  complete,  ///< all sources are here; nothing to decode
  decode,    ///< sources are lost and there are symbols enough to make them
  starved,   ///< the time is over, or no more can come, and symbols lack: ask for lacking() more, or give up
};

/// One block. A deadline is not an end: a late symbol still counts, and step() says what it changes.
class LazyDecode {
 public:
  /// k, 1 to 254, and the time until which sources are worth waiting for. No deadline: only no_more_sources()
  /// ends the waiting (reading a file).
  explicit LazyDecode(unsigned sources, std::optional<Micros> deadline = {})
      : sources_(sources), deadline_(deadline) {}
  /// The deadline of a network: two round trips after the first symbol, time for one lost symbol to be
  /// noticed and sent again.
  static LazyDecode after_first_symbol(unsigned sources, Micros now, Micros rtt) {
    return LazyDecode(sources, now + 2 * rtt);
  }

  /// A symbol that has been checked and is here, by ESI. false: it was here before, or there is no such ESI.
  bool arrived(unsigned esi) {
    if (esi >= kMaxSymbols || here_[esi]) return false;
    here_.set(esi);
    if (esi < sources_) ++source_count_;
    return true;
  }
  /// No source will come that is not here: the stream ended, or a later block is complete and the path keeps
  /// order, or the sender said so. Repair symbols may still come.
  void no_more_sources() { sources_over_ = true; }

  [[nodiscard]] LazyStep step(Micros now) const {
    if (source_count_ == sources_) return LazyStep::complete;
    if (!sources_over_ && (!deadline_ || now < *deadline_)) return LazyStep::wait;
    return can_recover(sources_, distinct()) ? LazyStep::decode : LazyStep::starved;
  }
  /// When to ask again if nothing arrives: the deadline while it lies ahead and matters.
  [[nodiscard]] std::optional<Micros> wake_at(Micros now) const {
    return step(now) == LazyStep::wait ? deadline_ : std::nullopt;
  }
  /// How many more symbols, of whatever kind, the block needs; 0: it can be recovered.
  [[nodiscard]] unsigned lacking() const { return sources_ - std::min(sources_, distinct()); }
  [[nodiscard]] unsigned distinct() const { return static_cast<unsigned>(here_.count()); }
  [[nodiscard]] unsigned lost_sources() const { return sources_ - source_count_; }
  [[nodiscard]] bool has(unsigned esi) const { return esi < kMaxSymbols && here_[esi]; }

 private:
  unsigned sources_;
  std::optional<Micros> deadline_;
  std::bitset<kMaxSymbols> here_;
  unsigned source_count_ = 0;
  bool sources_over_ = false;
};

}  // namespace dcdn::fec
