#include "pipeline/parity_group.hpp"

#include <algorithm>

#include "base/byte_writer.hpp"
#include "digest/hasher.hpp"

namespace dcdn::pipeline {

namespace {

// Frames below this share a symbol, so that a stream of many small frames does not use up its symbols.
constexpr std::size_t kLeastSymbol = 4096;

void describe(ByteWriter& out, const NamedFrame& frame) {
  out.fixed(static_cast<std::uint8_t>(frame.type));
  out.varint(frame.body.size());
  out.raw(frame.name);
}

// Equal input and equal options give equal names, and nothing else gives the same.
wire::FrameName name_encoding(const std::vector<NamedFrame>& frames, const Geometry& geometry,
                              const GroupPlace& place) {
  Bytes bytes;
  ByteWriter out(bytes);
  out.raw(as_bytes("dcdn parity 1\n"));
  out.fixed(static_cast<std::uint8_t>((place.last ? 1 : 0) | (place.raw ? 2 : 0)));
  out.varint(geometry.sources);
  out.varint(geometry.repairs);
  out.varint(geometry.interleave);
  if (geometry.code != fec::kCauchy) out.fixed(geometry.code);
  for (const NamedFrame& frame : frames) describe(out, frame);
  return wire::block_name(bytes);
}

std::size_t most_of(const std::vector<NamedFrame>& frames) {
  std::size_t most = kLeastSymbol;
  for (const NamedFrame& frame : frames) most = std::max(most, frame.body.size());
  return most;
}

// Index of the first frame of every symbol.
std::vector<std::size_t> symbol_starts(const std::vector<NamedFrame>& frames) {
  const std::size_t target = most_of(frames);
  std::vector<std::size_t> starts;
  std::size_t open = target + 1;
  for (std::size_t i = 0; i < frames.size(); ++i) {
    if (open + frames[i].body.size() > target) {
      starts.push_back(i);
      open = 0;
    }
    open += frames[i].body.size();
  }
  return starts;
}

std::size_t divide_up(std::size_t a, std::size_t b) {
  return (a + b - 1) / b;
}

}  // namespace

bool fill_name(NamedFrame& frame) {
  if (frame.named) return true;
  const auto name = wire::frame_name(frame.type, frame.body.view());
  frame.named = name.has_value();
  frame.name = name.value_or(frame.name);
  return frame.named;
}

void GroupCutter::Packing::add(std::size_t body_bytes) {
  if (symbols == 0 || open_bytes + body_bytes > target) {
    ++symbols;
    open_bytes = 0;
  }
  open_bytes += body_bytes;
}

GroupCutter::Packing GroupCutter::with(std::size_t body_bytes) const {
  Packing packing = packing_;
  if (body_bytes > packing.target || packing.target == 0) {
    packing = {std::max(body_bytes, kLeastSymbol), 0, 0};
    for (const NamedFrame& frame : frames_) packing.add(frame.body.size());
  }
  packing.add(body_bytes);
  return packing;
}

bool GroupCutter::fits(std::size_t body_bytes) const {
  if (frames_.empty()) return true;
  const std::size_t symbols = with(body_bytes).symbols;
  // However they are dealt, no block then has more than kMaxBlockFrames.
  if (frames_.size() >= wire::kMaxBlockFrames && symbols <= frames_.size()) return false;
  return symbols <= std::size_t{geometry_.sources} * geometry_.interleave;
}

void GroupCutter::add(NamedFrame frame) {
  packing_ = with(frame.body.size());
  frames_.push_back(std::move(frame));
}

std::vector<NamedFrame> GroupCutter::take() {
  packing_ = {};
  return std::exchange(frames_, {});
}

std::vector<SourceBlock> lay_out(std::vector<NamedFrame> frames, const Geometry& geometry,
                                 GroupPlace& place) {
  if (place.number == 0) place.encoding = name_encoding(frames, geometry, place);
  const std::vector<std::size_t> starts = symbol_starts(frames);
  const std::size_t count = divide_up(starts.size(), geometry.sources);
  std::vector<SourceBlock> blocks(count);
  for (std::size_t b = 0; b < count; ++b) {
    wire::BlockDescription& block = blocks[b].description;
    block.last_group = place.last;
    block.raw = place.raw;
    block.encoding = place.encoding;
    block.group = place.number;
    block.blocks = static_cast<std::uint32_t>(count);
    block.block = static_cast<std::uint32_t>(b);
    block.repairs = geometry.repairs;
    block.code = geometry.code;
    block.code_sources = geometry.code == fec::kCauchy ? 0 : geometry.sources;
    for (std::size_t s = b; s < starts.size(); s += count) {
      const std::size_t end = s + 1 < starts.size() ? starts[s + 1] : frames.size();
      std::vector<wire::CodedFrame>& symbol = block.symbols.emplace_back();
      std::uint32_t bytes = 0;
      for (std::size_t f = starts[s]; f < end; ++f) {
        const auto size = static_cast<std::uint32_t>(frames[f].body.size());
        symbol.push_back({frames[f].type, size, frames[f].name});
        bytes += size;
        blocks[b].frames.push_back(std::move(frames[f]));
      }
      block.symbol_bytes = std::max(block.symbol_bytes, bytes);
    }
    blocks[b].encoded = wire::encode(block);
  }
  return blocks;
}

std::vector<ByteView> symbols_of(const SourceBlock& block, BufferPool& pool, std::vector<Buffer>& copies) {
  const std::size_t size = block.description.symbol_bytes;
  std::vector<ByteView> symbols;
  std::size_t next = 0;
  for (const auto& symbol : block.description.symbols) {
    const std::size_t first = next;
    next += symbol.size();
    bool here = true;
    for (std::size_t f = 0; f < symbol.size(); ++f)
      here = here && block.frames[first + f].body.size() == symbol[f].body_bytes;
    if (!here) {
      symbols.emplace_back();
      continue;
    }
    if (symbol.size() == 1 && symbol[0].body_bytes == size) {
      symbols.push_back(block.frames[first].body.view());
      continue;
    }
    Buffer copy = pool.take(size);
    std::size_t at = 0;
    for (std::size_t f = first; f < next; ++f) {
      const ByteView body = block.frames[f].body.view();
      if (!body.empty()) std::memcpy(copy.writable().data() + at, body.data(), body.size());
      at += body.size();
    }
    std::memset(copy.writable().data() + at, 0, size - at);
    symbols.push_back(copy.view());
    copies.push_back(std::move(copy));
  }
  if (symbols.size() >= block.description.code_sources) return symbols;
  Buffer zeros = pool.take(size);
  std::memset(zeros.writable().data(), 0, size);
  symbols.resize(block.description.code_sources, zeros.view());
  copies.push_back(std::move(zeros));
  return symbols;
}

fec::BlockShape code_shape(const wire::BlockDescription& description) {
  const auto sources = static_cast<unsigned>(description.symbols.size());
  return {std::max(sources, description.code_sources), description.repairs};
}

Result<fec::BlockCode*> CodeKeeper::get(fec::CodeChoice choice, fec::BlockShape shape) {
  if (!code_ || code_->choice() != choice || code_->shape() != shape) {
    code_.reset();
    DCDN_TRY(code_, fec::BlockCode::make(choice, shape));
  }
  return &*code_;
}

Result<std::vector<Buffer>> ShardMint::mint(const SourceBlock& block, BufferPool& pool) {
  const fec::CodeNumber number = block.description.code;
  DCDN_TRY(fec::BlockCode* const code, code_.get({number, pluggable_}, code_shape(block.description)));
  const std::size_t parity_bytes = code->repair_bytes(block.description.symbol_bytes);
  std::vector<Buffer> copies;
  const std::vector<ByteView> symbols = symbols_of(block, pool, copies);
  std::vector<wire::ShardDraft> drafts;
  std::vector<MutableByteView> parity;
  for (unsigned r = 0; r < block.description.repairs; ++r) {
    DCDN_TRY(auto draft, wire::draft_shard(number, r, block.encoded, parity_bytes, pool));
    drafts.push_back(std::move(draft));
  }
  for (wire::ShardDraft& draft : drafts) parity.push_back(draft.parity());
  DCDN_CHECK(code->encode(symbols, parity));
  std::vector<Buffer> bodies;
  for (wire::ShardDraft& draft : drafts) {
    wire::seal_shard(draft);
    bodies.push_back(std::move(draft.body));
  }
  return bodies;
}

}  // namespace dcdn::pipeline
