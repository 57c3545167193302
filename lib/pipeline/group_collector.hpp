// group_collector.hpp - frames and repair shards in any order; groups that can be decoded, in order, out.
// Pure.
//
// A frame is put in its place by its name, and the names come with the shards, which follow the frames. So a
// frame waits until a description claims it; what nobody claims is the first to go when memory is short.
#pragma once
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <unordered_map>

#include "pipeline/parity_group.hpp"

namespace dcdn::pipeline {

struct CollectedBlock {
  SourceBlock source;              ///< frames that are lost have empty bodies
  std::vector<Buffer> parity;      ///< [m] bodies of shards, empty where lost
  std::vector<bool> symbols_here;  ///< [k]
  std::vector<bool> frames_here;   ///< beside source.frames
  bool known = false;              ///< false: no shard of it came, so nothing can be said about it
  unsigned tolerance = 0;          ///< how many symbols and shards may be lost: m, less for some codes
  [[nodiscard]] std::size_t lost_symbols() const;
  [[nodiscard]] std::size_t lost_shards() const;
  [[nodiscard]] bool recoverable() const;
};

struct CollectedGroup {
  std::size_t encoding = 0;  ///< in the order of their first shards
  std::uint64_t number = 0;
  bool last = false;
  bool raw = false;
  std::uint64_t absent_before = 0;  ///< groups directly before this one of which no shard came
  std::vector<CollectedBlock> blocks;
  [[nodiscard]] bool recoverable() const;
  [[nodiscard]] bool intact() const;
};
/// The frames of a whole group in the order of the stream.
std::vector<const NamedFrame*> frames_in_order(const CollectedGroup& group);

/// recoverable: a group is given as soon as it can be decoded. intact: when all of it came.
enum class GiveWhen { recoverable, intact };

class GroupCollector {
 public:
  struct Options {
    GiveWhen give = GiveWhen::recoverable;
    bool keep_bodies = true;              ///< false: only tell what is there
    std::size_t hold_bytes = 256u << 20;  ///< what may wait
  };
  struct Counts {
    std::uint64_t frames = 0;
    std::uint64_t shards = 0;
    std::uint64_t bad_shards = 0;    ///< their digest or their form was wrong
    std::uint64_t forgotten = 0;     ///< unclaimed frames that made room
    std::uint64_t late_symbols = 0;  ///< counted as lost when their group was given, and came afterwards
  };

  explicit GroupCollector(const Options& options) : options_(options) {}
  /// A frame whose name was computed from its bytes.
  void add_frame(NamedFrame frame);
  /// Body of a repair_shard frame. A bad one is counted and is an erasure.
  void add_shard(const Buffer& body);
  /// The next group in order, if it can be given.
  std::optional<CollectedGroup> next();
  /// More waits than may. Nothing helps but to give up or to allow more.
  [[nodiscard]] bool over_limit() const { return held_ > options_.hold_bytes; }
  /// The input has ended: the groups that were not given, in order. `ended`: whether the last group of every
  /// encoding was seen.
  struct Rest {
    std::vector<CollectedGroup> groups;
    bool ended = true;
    std::size_t unclaimed_frames = 0;
  };
  Rest take_rest();
  [[nodiscard]] const Counts& counts() const { return counts_; }
  [[nodiscard]] std::size_t encodings() const { return encodings_.size(); }

 private:
  struct Place {
    CollectedBlock* block;
    std::size_t frame;
    std::uint32_t body_bytes;
  };
  struct Waiting {
    wire::FrameType type{};
    Buffer body;
    std::size_t body_bytes = 0;
    std::size_t copies = 0;
  };
  // A frame of a symbol that was not here when its group was given.
  struct LateFrame {
    std::shared_ptr<std::size_t> missing;  // frames of that symbol
    bool came = false;
  };
  struct Encoding {
    wire::FrameName name{};
    std::uint64_t next = 0;
    bool ended = false;  // its last group was given
    bool last_seen = false;
    std::map<std::uint64_t, CollectedGroup> groups;
  };

  CollectedBlock* block_for(const wire::BlockDescription& description, ByteView encoded);
  Encoding& encoding_of(const wire::FrameName& name);
  bool finished(const wire::BlockDescription& description);
  void open_block(CollectedBlock& block, const wire::BlockDescription& description, ByteView encoded);
  void fill(CollectedBlock& block, std::size_t frame, const Buffer& body);
  bool claim(const wire::CodedFrame& frame, Buffer& body);
  void expect_late(const CollectedBlock& block);
  void note_late(const wire::FrameName& name);
  void discard_finished(const wire::BlockDescription& description);
  void forget_oldest();
  void tidy_order();
  CollectedGroup release(std::size_t encoding);
  [[nodiscard]] bool ready(const CollectedGroup& group) const;
  unsigned tolerance_of(const wire::BlockDescription& description);

  Options options_;
  Counts counts_;
  std::deque<Encoding> encodings_;
  std::size_t current_ = 0;
  std::unordered_multimap<wire::FrameName, Place, wire::FrameNameHash> missing_;
  std::unordered_map<wire::FrameName, Waiting, wire::FrameNameHash> waiting_;
  std::deque<wire::FrameName> waiting_order_;
  std::unordered_map<wire::FrameName, LateFrame, wire::FrameNameHash> late_;
  std::size_t held_ = 0;
  CodeKeeper code_;  // for its tolerance
};

/// Gives a block its lost frames back. error incomplete: too few shards; corrupt: what came out is not what
/// the description names; unsupported: this machine lacks its code.
Result<void> recover_block(CollectedBlock& block, CodeKeeper& codes, BufferPool& pool);

}  // namespace dcdn::pipeline
