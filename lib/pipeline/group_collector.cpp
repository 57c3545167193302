#include "pipeline/group_collector.hpp"

#include <algorithm>

namespace dcdn::pipeline {

namespace {

// What a frame costs besides its bytes while it is waiting or described; an estimate.
constexpr std::size_t kFrameOverhead = 160;
// What came out of order is told from what is lost as long as there are not more of both.
constexpr std::size_t kMostLate = 64u << 10;

void settle_symbols(CollectedBlock& block) {
  std::size_t next = 0;
  for (std::size_t s = 0; s < block.symbols_here.size(); ++s) {
    bool here = true;
    const std::size_t end = next + block.source.description.symbols[s].size();
    for (; next < end; ++next) here = here && block.frames_here[next];
    block.symbols_here[s] = here;
  }
}

bool fits_symbol(std::size_t parity_bytes, const wire::BlockDescription& description) {
  if (description.code == fec::kCauchy) return parity_bytes == description.symbol_bytes;
  return parity_bytes >= description.symbol_bytes &&
         parity_bytes - description.symbol_bytes <= wire::kMaxParityExcess;
}

}  // namespace

std::size_t CollectedBlock::lost_symbols() const {
  return static_cast<std::size_t>(std::count(symbols_here.begin(), symbols_here.end(), false));
}

std::size_t CollectedBlock::lost_shards() const {
  return static_cast<std::size_t>(
      std::count_if(parity.begin(), parity.end(), [](const Buffer& shard) { return shard.empty(); }));
}

bool CollectedBlock::recoverable() const {
  // Nothing to compute: the shards may be gone, and the code may be one that this machine does not have.
  return known && (lost_symbols() == 0 || lost_symbols() + lost_shards() <= tolerance);
}

bool CollectedGroup::recoverable() const {
  return !blocks.empty() &&
         std::all_of(blocks.begin(), blocks.end(), [](const auto& block) { return block.recoverable(); });
}

bool CollectedGroup::intact() const {
  return !blocks.empty() && std::all_of(blocks.begin(), blocks.end(), [](const auto& block) {
    return block.known && block.lost_symbols() == 0 && block.lost_shards() == 0;
  });
}

std::vector<const NamedFrame*> frames_in_order(const CollectedGroup& group) {
  std::vector<const NamedFrame*> frames;
  std::vector<std::size_t> next(group.blocks.size(), 0);
  for (std::size_t symbol = 0;; ++symbol) {
    const std::size_t b = symbol % group.blocks.size();
    const std::size_t s = symbol / group.blocks.size();
    const SourceBlock& source = group.blocks[b].source;
    if (s >= source.description.symbols.size()) return frames;
    for (std::size_t f = 0; f < source.description.symbols[s].size(); ++f)
      frames.push_back(&source.frames[next[b]++]);
  }
}

// What its group lacks while it is given.
void GroupCollector::expect_late(const CollectedBlock& block) {
  std::size_t frame = 0;
  for (std::size_t s = 0; s < block.symbols_here.size(); ++s) {
    const auto& symbol = block.source.description.symbols[s];
    if (block.symbols_here[s]) {
      frame += symbol.size();
      continue;
    }
    const auto missing = std::make_shared<std::size_t>(0);
    for (std::size_t f = 0; f < symbol.size(); ++f, ++frame) {
      if (block.frames_here[frame] || late_.size() >= kMostLate) continue;
      if (late_.emplace(symbol[f].name, LateFrame{missing, false}).second) ++*missing;
    }
  }
}

void GroupCollector::note_late(const wire::FrameName& name) {
  const auto it = late_.find(name);
  if (it == late_.end() || it->second.came) return;
  it->second.came = true;
  if (--*it->second.missing == 0) ++counts_.late_symbols;
}

void GroupCollector::add_frame(NamedFrame frame) {
  ++counts_.frames;
  const auto [first, last] = missing_.equal_range(frame.name);
  bool placed = false;
  for (auto it = first; it != last;) {
    const NamedFrame& wanted = it->second.block->source.frames[it->second.frame];
    const bool fits = wanted.type == frame.type && it->second.body_bytes == frame.body.size();
    if (fits) {
      fill(*it->second.block, it->second.frame, frame.body);
      settle_symbols(*it->second.block);
    }
    placed = placed || fits;
    it = fits ? missing_.erase(it) : std::next(it);
  }
  if (placed) return;
  note_late(frame.name);
  Waiting& waiting = waiting_[frame.name];
  if (++waiting.copies > 1) return;
  waiting.type = frame.type;
  waiting.body_bytes = frame.body.size();
  if (options_.keep_bodies) waiting.body = std::move(frame.body);
  held_ += waiting.body.size() + kFrameOverhead;
  waiting_order_.push_back(frame.name);
  while (over_limit() && !waiting_order_.empty()) forget_oldest();
}

void GroupCollector::forget_oldest() {
  const auto it = waiting_.find(waiting_order_.front());
  waiting_order_.pop_front();
  if (it == waiting_.end()) return;
  held_ -= it->second.body.size() + kFrameOverhead;
  waiting_.erase(it);
  ++counts_.forgotten;
}

// Takes one copy of a waiting frame.
bool GroupCollector::claim(const wire::CodedFrame& frame, Buffer& body) {
  const auto it = waiting_.find(frame.name);
  if (it == waiting_.end()) return false;
  Waiting& waiting = it->second;
  if (waiting.type != frame.type || waiting.body_bytes != frame.body_bytes) return false;
  body = waiting.body;
  if (--waiting.copies > 0) return true;
  held_ -= waiting.body.size() + kFrameOverhead;
  waiting_.erase(it);
  tidy_order();
  return true;
}

// Names that were claimed stay in the queue until they come to its front or make most of it.
void GroupCollector::tidy_order() {
  constexpr std::size_t kSlack = 4096;
  while (!waiting_order_.empty() && !waiting_.contains(waiting_order_.front())) waiting_order_.pop_front();
  if (waiting_order_.size() > 2 * waiting_.size() + kSlack)
    std::erase_if(waiting_order_, [this](const wire::FrameName& name) { return !waiting_.contains(name); });
}

void GroupCollector::fill(CollectedBlock& block, std::size_t frame, const Buffer& body) {
  if (options_.keep_bodies) {
    block.source.frames[frame].body = body;
    held_ += body.size();
  }
  block.frames_here[frame] = true;
}

GroupCollector::Encoding& GroupCollector::encoding_of(const wire::FrameName& name) {
  for (Encoding& encoding : encodings_)
    if (encoding.name == name) return encoding;
  encodings_.emplace_back().name = name;
  return encodings_.back();
}

bool GroupCollector::finished(const wire::BlockDescription& description) {
  const auto same = [&](const Encoding& encoding) { return encoding.name == description.encoding; };
  const auto it = std::find_if(encodings_.begin(), encodings_.end(), same);
  return it != encodings_.end() && description.group < it->next;
}

void GroupCollector::add_shard(const Buffer& body) {
  ++counts_.shards;
  // Of a group that was given already: not worth a digest.
  const auto peeked = wire::peek_repair_shard(body.view());
  if (!peeked) return void(++counts_.bad_shards);
  auto description = wire::parse_block_description(peeked->description);
  if (!description) return void(++counts_.bad_shards);
  if (finished(*description)) return discard_finished(*description);
  const auto shard = wire::parse_repair_shard(body.view());
  if (!shard || shard->code != description->code || shard->repair >= description->repairs ||
      !fits_symbol(shard->parity.size(), *description))
    return void(++counts_.bad_shards);
  CollectedBlock* block = block_for(*description, shard->description);
  if (block == nullptr) return void(++counts_.bad_shards);
  Buffer& place = block->parity[shard->repair];
  if (!place.empty()) return;
  place = options_.keep_bodies ? body : Buffer::allocate(1);
  held_ += place.size();
}

// A second copy of a group that was given: its frames need not wait for anything.
void GroupCollector::discard_finished(const wire::BlockDescription& description) {
  if (waiting_.empty()) return;
  Buffer dropped;
  for (const auto& symbol : description.symbols)
    for (const wire::CodedFrame& frame : symbol) claim(frame, dropped);
}

// The place of a block; nullptr if it contradicts what others said of the same group.
CollectedBlock* GroupCollector::block_for(const wire::BlockDescription& description, ByteView encoded) {
  Encoding& encoding = encoding_of(description.encoding);
  CollectedGroup& group = encoding.groups[description.group];
  if (group.blocks.empty()) {
    group.number = description.group;
    group.last = description.last_group;
    group.raw = description.raw;
    group.blocks.resize(description.blocks);
  }
  if (group.blocks.size() != description.blocks || group.last != description.last_group ||
      group.raw != description.raw)
    return nullptr;
  encoding.last_seen = encoding.last_seen || group.last;
  CollectedBlock& block = group.blocks[description.block];
  if (!block.known) open_block(block, description, encoded);
  if (!std::equal(encoded.begin(), encoded.end(), block.source.encoded.begin(), block.source.encoded.end()))
    return nullptr;
  return &block;
}

void GroupCollector::open_block(CollectedBlock& block, const wire::BlockDescription& description,
                                ByteView encoded) {
  block.known = true;
  block.tolerance = tolerance_of(description);
  block.source.description = description;
  block.source.encoded.assign(encoded.begin(), encoded.end());
  block.parity.resize(description.repairs);
  block.symbols_here.resize(description.symbols.size());
  for (const auto& symbol : description.symbols)
    for (const wire::CodedFrame& coded : symbol)
      block.source.frames.push_back({coded.type, Buffer(), coded.name, true});
  block.frames_here.resize(block.source.frames.size());
  held_ += encoded.size() + block.source.frames.size() * kFrameOverhead;
  std::size_t frame = 0;
  for (const auto& symbol : description.symbols) {
    for (const wire::CodedFrame& coded : symbol) {
      Buffer body;
      if (coded.body_bytes == 0 || claim(coded, body))
        fill(block, frame, body);
      else
        missing_.emplace(coded.name, Place{&block, frame, coded.body_bytes});
      ++frame;
    }
  }
  settle_symbols(block);
}

unsigned GroupCollector::tolerance_of(const wire::BlockDescription& description) {
  if (description.code == fec::kCauchy) return description.repairs;
  const auto code = code_.get({description.code, true}, code_shape(description));
  return code ? (*code)->guaranteed_losses() : 0;
}

bool GroupCollector::ready(const CollectedGroup& group) const {
  return options_.give == GiveWhen::intact ? group.intact() : group.recoverable();
}

std::optional<CollectedGroup> GroupCollector::next() {
  if (current_ >= encodings_.size()) return std::nullopt;
  const Encoding& encoding = encodings_[current_];
  const auto at = encoding.groups.find(encoding.next);
  if (at == encoding.groups.end() || !ready(at->second)) return std::nullopt;
  return release(current_);
}

// The first group that an encoding holds.
CollectedGroup GroupCollector::release(std::size_t index) {
  Encoding& encoding = encodings_[index];
  const auto at = encoding.groups.begin();
  for (CollectedBlock& block : at->second.blocks) {
    if (block.known) expect_late(block);
    for (const NamedFrame& frame : block.source.frames) {
      const auto [first, last] = missing_.equal_range(frame.name);
      for (auto it = first; it != last;) it = it->second.block == &block ? missing_.erase(it) : std::next(it);
      held_ -= frame.body.size() + kFrameOverhead;
    }
    for (const Buffer& shard : block.parity) held_ -= shard.size();
    held_ -= block.source.encoded.size();
  }
  CollectedGroup group = std::move(at->second);
  group.encoding = index;
  group.absent_before = group.number - encoding.next;
  encoding.groups.erase(at);
  encoding.next = group.number + 1;
  encoding.ended = encoding.ended || group.last;
  while (current_ < encodings_.size() && encodings_[current_].ended) ++current_;
  return group;
}

GroupCollector::Rest GroupCollector::take_rest() {
  Rest rest;
  for (std::size_t e = 0; e < encodings_.size(); ++e) {
    while (!encodings_[e].groups.empty()) rest.groups.push_back(release(e));
    rest.ended = rest.ended && encodings_[e].last_seen;
  }
  for (const auto& [name, waiting] : waiting_) {
    const auto late = late_.find(name);
    rest.unclaimed_frames += waiting.copies - (late != late_.end() && late->second.came ? 1 : 0);
  }
  return rest;
}

Result<void> recover_block(CollectedBlock& block, CodeKeeper& codes, BufferPool& pool) {
  const wire::BlockDescription& description = block.source.description;
  const bool pluggable = description.code != fec::kCauchy;
  DCDN_TRY(fec::BlockCode* const code, codes.get({description.code, pluggable}, code_shape(description)));
  std::vector<Buffer> copies;
  const std::vector<ByteView> symbols = symbols_of(block.source, pool, copies);
  std::vector<Buffer> recovered;
  std::vector<MutableByteView> into;
  for (const ByteView& symbol : symbols)
    if (symbol.empty()) recovered.push_back(pool.take(description.symbol_bytes));
  if (recovered.empty()) return {};
  for (Buffer& buffer : recovered) into.push_back(buffer.writable());
  std::vector<fec::RepairSymbol> repairs;
  for (unsigned r = 0; r < block.parity.size(); ++r) {
    if (block.parity[r].empty()) continue;
    DCDN_TRY(const auto shard, wire::peek_repair_shard(block.parity[r].view()));
    // Of a wrong length: whoever made it took another code for this one.
    if (shard.parity.size() == code->repair_bytes(description.symbol_bytes))
      repairs.push_back({code->shape().sources + r, shard.parity});
  }
  DCDN_CHECK(code->recover(symbols, repairs, into));
  std::size_t frame = 0;
  std::size_t next_recovered = 0;
  for (std::size_t s = 0; s < description.symbols.size(); ++s) {
    std::size_t at = 0;
    for (const wire::CodedFrame& coded : description.symbols[s]) {
      NamedFrame& place = block.source.frames[frame++];
      if (!symbols[s].empty()) continue;
      place.body = recovered[next_recovered].part(at, coded.body_bytes);
      at += coded.body_bytes;
      if (wire::frame_name(coded.type, place.body.view()) != coded.name)
        return Error(Errc::corrupt, "a recovered frame is not the one that was encoded");
    }
    if (symbols[s].empty()) ++next_recovered;
  }
  block.symbols_here.assign(description.symbols.size(), true);
  block.frames_here.assign(block.frames_here.size(), true);
  return {};
}

}  // namespace dcdn::pipeline
