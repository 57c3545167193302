// packet_writer.hpp - from queued streams to datagrams: packets of one size are laid side by side and handed
// over in one call, as fast as the congestion controller says.
#pragma once
#include "net/coded_side.hpp"
#include "net/outbox.hpp"
#include "net/pacer.hpp"
#include "net/path_size.hpp"
#include "net/stream_book.hpp"

namespace dcdn::net {

class PacketWriter {
 public:
  enum class Wrote { nothing_left, more, stopped };

  PacketWriter(const QuicSetup& setup, QuicEngine& engine, StreamBook& streams, Outbox& outbox,
               const CodedSide& coded);

  /// Writes what there is to write, at most what one turn of the loop may. `failure`: ngtcp2's error, or 0.
  Wrote write(int& failure);
  /// Longest UDP payload now.
  [[nodiscard]] std::size_t max_payload() const { return size_.payload(); }
  [[nodiscard]] PathSize& size() { return size_; }

 private:
  Wrote write_batch(int& failure);
  ngtcp2_ssize write_packet(std::uint8_t* into, ngtcp2_path* path, ngtcp2_tstamp now);
  void look(ngtcp2_tstamp now);
  void write_probe(int& failure);
  void pace(std::uint64_t in_flight_before, ngtcp2_tstamp now);
  [[nodiscard]] Outbox::Copies copies_of(ByteView bytes, std::size_t segment, bool asks) const;
  void hand_over(ByteView bytes, std::size_t segment, const ngtcp2_path& path, bool asks);

  QuicEngine& engine_;
  StreamBook& streams_;
  Outbox& outbox_;
  const CodedSide& coded_;
  Pacer pacer_;
  PathSize size_;
  ngtcp2_tstamp look_at_ = 0;
};

}  // namespace dcdn::net
