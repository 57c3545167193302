// parity_group.hpp - frames to source blocks, and source blocks to repair shards. Pure.
//
// A group is a run of frames that is cut into symbols, which are dealt to its blocks in turn: a run of lost
// frames then takes a few symbols out of every block instead of many out of one.
#pragma once
#include <optional>
#include <vector>

#include "base/buffer.hpp"
#include "fec/block_code.hpp"
#include "wire/repair_shard.hpp"

namespace dcdn::pipeline {

/// Shape of an encoding: k + m at most 255.
struct Geometry {
  unsigned sources = 50;    ///< k: most source symbols of a block
  unsigned repairs = 10;    ///< m
  unsigned interleave = 4;  ///< most blocks of a group
  fec::CodeNumber code = fec::kCauchy;
};

struct NamedFrame {
  wire::FrameType type{};
  Buffer body;
  wire::FrameName name{};
  bool named = false;  ///< name is filled in
};
/// Fills in the name. False: a chunk frame whose bytes are not what it says.
bool fill_name(NamedFrame& frame);

/// Decides where a group ends and a symbol begins. It depends on the lengths of the frames alone, so equal
/// streams give equal groups.
class GroupCutter {
 public:
  explicit GroupCutter(const Geometry& geometry) : geometry_(geometry) {}
  /// Whether the group stays within k x interleave symbols with one more frame. The first frame always fits.
  [[nodiscard]] bool fits(std::size_t body_bytes) const;
  void add(NamedFrame frame);
  [[nodiscard]] bool empty() const { return frames_.empty(); }
  /// The frames so far; the next group begins.
  std::vector<NamedFrame> take();

 private:
  struct Packing {  // of frames into symbols of `target` bytes
    std::size_t target = 0;
    std::size_t symbols = 0;
    std::size_t open_bytes = 0;  // in the last symbol
    void add(std::size_t body_bytes);
  };
  [[nodiscard]] Packing with(std::size_t body_bytes) const;

  Geometry geometry_;
  std::vector<NamedFrame> frames_;
  Packing packing_;
};

struct SourceBlock {
  wire::BlockDescription description;
  Bytes encoded;                   ///< the description
  std::vector<NamedFrame> frames;  ///< in the order of the description
};

/// Where a group stands in its encoding.
struct GroupPlace {
  std::uint64_t number = 0;
  bool last = false;
  bool raw = false;
  wire::FrameName encoding{};  ///< of group 0: filled in by lay_out
};

/// Cuts the frames of one group (names filled in) into blocks.
std::vector<SourceBlock> lay_out(std::vector<NamedFrame> frames, const Geometry& geometry, GroupPlace& place);

/// Symbols of a block: views of the bodies where those are whole symbols, padded copies in `copies`
/// elsewhere, and of zeros up to the k of the code. A symbol with a missing frame (empty body where the
/// description has bytes) is an empty view.
std::vector<ByteView> symbols_of(const SourceBlock& block, BufferPool& pool, std::vector<Buffer>& copies);

/// The shape of the code of a block: that of the block, or of a code that is not 1 a larger one.
fec::BlockShape code_shape(const wire::BlockDescription& description);

/// Keeps the code of the last block: the next one mostly has the same. Threads  one at a time
class CodeKeeper {
 public:
  /// error as BlockCode::make.
  Result<fec::BlockCode*> get(fec::CodeChoice choice, fec::BlockShape shape);

 private:
  std::optional<fec::BlockCode> code_;
};

/// Keeps the tables of the last shape of block. Threads  one at a time
class ShardMint {
 public:
  /// pluggable: let liberasurecode compute code 1, too.
  explicit ShardMint(bool pluggable = false) : pluggable_(pluggable) {}
  /// All m repair shards of a block whose frames are all there. error limit: longer than a frame may be.
  Result<std::vector<Buffer>> mint(const SourceBlock& block, BufferPool& pool);

 private:
  bool pluggable_;
  CodeKeeper code_;
};

}  // namespace dcdn::pipeline
