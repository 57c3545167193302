#include "pipeline/chunk_difference.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "digest/hasher.hpp"
#include "pipeline/context_difference.hpp"

namespace dcdn::pipeline {
namespace {

Bytes noise(std::size_t size, unsigned seed) {
  std::mt19937 engine(seed);
  Bytes bytes(size);
  for (auto& byte : bytes) byte = static_cast<std::uint8_t>(engine());
  return bytes;
}

delta::SignatureTable table_of(const Bytes& old, std::uint32_t block = 256) {
  delta::SignatureShape shape;
  shape.block_bytes = block;
  shape.strong_bytes = 8;
  Bytes signature = delta::encode_signature_header(shape);
  delta::sign_blocks(shape, old, signature);
  auto table = delta::SignatureTable::make(std::move(signature));
  EXPECT_TRUE(table);
  return *std::move(table);
}

std::vector<Buffer> cut(const Bytes& content, std::size_t chunk) {
  std::vector<Buffer> chunks;
  for (std::size_t at = 0; at < content.size(); at += chunk)
    chunks.push_back(Buffer::copy_of(ByteView(content).subspan(at, std::min(chunk, content.size() - at))));
  return chunks;
}

wire::ChunkRecord record_of(const Buffer& content) {
  const auto size = static_cast<std::uint32_t>(content.size());
  return {wire::CodecId::raw, size, size, digest::blake3(content.view()), digest::blake3(content.view())};
}

ReadBasis reader_of(const Bytes& old) {
  return [&old](std::uint64_t offset, MutableByteView into) -> Result<void> {
    if (offset > old.size() || into.size() > old.size() - offset) return Error(Errc::changed, "shorter");
    std::copy_n(old.begin() + static_cast<std::ptrdiff_t>(offset), into.size(), into.begin());
    return {};
  };
}

const delta::RunTasks kInTurn = [](std::size_t count, const auto& task) {
  for (std::size_t i = 0; i < count; ++i) task(i);
};

struct Made {
  std::vector<Buffer> chunks;
  std::vector<Bytes> commands;
  [[nodiscard]] std::size_t bytes() const {
    std::size_t sum = 0;
    for (const Bytes& each : commands) sum += each.size();
    return sum;
  }
};

Made make(const Bytes& old, const Bytes& content, std::size_t chunk, std::uint32_t block = 256) {
  Made made;
  made.chunks = cut(content, chunk);
  auto commands = difference_commands(table_of(old, block), made.chunks, kInTurn);
  EXPECT_TRUE(commands);
  made.commands = *std::move(commands);
  return made;
}

void expect_content(const Made& made, const Bytes& old, compress::CompressMode mode) {
  BufferPool pool(0);
  for (std::size_t i = 0; i < made.chunks.size(); ++i) {
    const auto difference = pack_commands(made.commands[i], {mode, 3}, pool);
    const auto content = apply_difference(difference, record_of(made.chunks[i]), reader_of(old), pool);
    ASSERT_TRUE(content) << content.error().message;
    EXPECT_TRUE(std::ranges::equal(content->view(), made.chunks[i].view()));
    const auto in_context = pack_in_context(made.commands[i], made.chunks[i].view(), {mode, 3}, pool);
    ASSERT_EQ(in_context.has_value(), mode != compress::CompressMode::none);
    if (!in_context) continue;
    const auto again = apply_difference(*in_context, record_of(made.chunks[i]), reader_of(old), pool);
    ASSERT_TRUE(again) << again.error().message;
    EXPECT_TRUE(std::ranges::equal(again->view(), made.chunks[i].view()));
  }
}

/// Lines of which each comes again, as in a text.
Bytes lines(std::size_t count, unsigned seed) {
  std::mt19937 engine(seed);
  std::string text;
  for (std::size_t i = 0; i < count; ++i)
    text +=
        "int value_" + std::to_string(engine() % 200 * 7919) + "(struct context* context, unsigned flags);\n";
  return {text.begin(), text.end()};
}

TEST(ChunkDifference, EachChunkIsMadeOnItsOwn) {
  const Bytes old = noise(100'000, 1);
  Bytes content = old;
  const Bytes inserted = noise(100, 2);
  content.insert(content.begin() + 50'000, inserted.begin(), inserted.end());
  for (const std::size_t chunk : {1000u, 4096u, 65536u, 200'000u}) {
    const Made made = make(old, content, chunk);
    expect_content(made, old, compress::CompressMode::none);
    expect_content(made, old, compress::CompressMode::automatic);
  }
}

TEST(ChunkDifference, ABlockAcrossTheBorderOfTwoChunksIsFound) {
  const Bytes old = noise(65536, 3);
  Bytes content = noise(100, 4);  // so that no block begins where a chunk does
  content.insert(content.end(), old.begin(), old.end());
  const Made made = make(old, content, 4096);
  EXPECT_LT(made.bytes(), 100 + made.chunks.size() * 40);
}

TEST(ChunkDifference, ManySeedsOfEdits) {
  for (unsigned seed = 0; seed < 200; ++seed) {
    std::mt19937 engine(seed);
    const Bytes old = noise(engine() % 20'000, seed);
    Bytes content = old;
    for (unsigned edits = engine() % 5; edits > 0; --edits) {
      const std::size_t at = engine() % (content.size() + 1);
      const Bytes part = noise(engine() % 700, engine());
      if (engine() % 2 == 0)
        content.insert(content.begin() + static_cast<std::ptrdiff_t>(at), part.begin(), part.end());
      else
        content.erase(
            content.begin() + static_cast<std::ptrdiff_t>(at),
            content.begin() + static_cast<std::ptrdiff_t>(std::min(content.size(), at + part.size())));
    }
    const Made made = make(old, content, 512 + engine() % 4096, 64);
    expect_content(made, old, compress::CompressMode::automatic);
  }
}

TEST(ChunkDifference, AnotherBasisIsNoticed) {
  const Bytes old = noise(50'000, 5);
  const Made made = make(old, old, 50'000);
  BufferPool pool(0);
  const auto difference = pack_commands(made.commands[0], {}, pool);
  Bytes other = old;
  other[30'000] ^= 1;
  const auto wrong = apply_difference(difference, record_of(made.chunks[0]), reader_of(other), pool);
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().code, Errc::corrupt);
  other.resize(10'000);
  const auto shorter = apply_difference(difference, record_of(made.chunks[0]), reader_of(other), pool);
  ASSERT_FALSE(shorter);
  EXPECT_EQ(shorter.error().code, Errc::changed);
}

TEST(ChunkDifference, NewLinesCostLessAmongOldOnes) {
  const Bytes old = lines(3000, 9);
  Bytes content = old;
  content[50'000] ^= 1;
  const Made made = make(old, content, 1u << 20, 2048);
  BufferPool pool(0);
  const auto alone = pack_commands(made.commands[0], {}, pool);
  const auto in_context = pack_in_context(made.commands[0], made.chunks[0].view(), {}, pool);
  ASSERT_TRUE(in_context);
  EXPECT_LT(in_context->bytes.size() * 4, alone.bytes.size() * 3);
  expect_content(made, old, compress::CompressMode::automatic);
  expect_content(made, old, compress::CompressMode::zstd);
  EXPECT_FALSE(
      pack_in_context(made.commands[0], made.chunks[0].view(), {compress::CompressMode::lz4, 3}, pool));
}

TEST(ChunkDifference, HostileContextsMakeNothing) {
  const Bytes old = lines(200, 10);
  Bytes content = old;
  content[4000] ^= 1;
  content[9000] ^= 1;
  const Made made = make(old, content, 1u << 20);
  const wire::ChunkRecord record = record_of(made.chunks[0]);
  BufferPool pool(0);
  const message::Difference good = *pack_in_context(made.commands[0], content, {}, pool);
  ASSERT_TRUE(apply_difference(good, record, reader_of(old), pool));
  for (std::size_t i = 0; i < good.bytes.size(); ++i) {
    for (unsigned bit = 0; bit < 8; ++bit) {
      message::Difference wrong = good;
      wrong.bytes[i] = static_cast<std::uint8_t>(wrong.bytes[i] ^ (1u << bit));
      const auto made_of_it = apply_difference(wrong, record, reader_of(old), pool);
      EXPECT_TRUE(!made_of_it || std::ranges::equal(made_of_it->view(), content));
    }
    message::Difference cut_off = good;
    cut_off.bytes.resize(i);
    EXPECT_FALSE(apply_difference(cut_off, record, reader_of(old), pool)) << i;
  }
  const auto of_steps = [](const Bytes& steps) {
    message::Difference difference;
    difference.codec = message::DifferenceCodec::in_context;
    difference.command_bytes = static_cast<std::uint32_t>(steps.size());
    difference.bytes.push_back(static_cast<std::uint8_t>(steps.size()));
    difference.bytes.insert(difference.bytes.end(), steps.begin(), steps.end());
    return difference;
  };
  // Nothing at all; a step of nothing; a copy without its place; lengths of 2^63; a place before the file.
  const Bytes large{0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01};
  Bytes longest = large;
  longest.push_back(0);
  Bytes overflow{1};
  overflow.insert(overflow.end(), large.begin(), large.end());
  overflow.push_back(0);
  for (const Bytes& steps : {Bytes{}, Bytes{0, 0}, Bytes{0, 5}, longest, overflow, Bytes{0, 5, 1}})
    EXPECT_FALSE(apply_difference(of_steps(steps), record, reader_of(old), pool));
}

TEST(ChunkDifference, HostileCommandsMakeNothing) {
  const Bytes old = noise(5000, 6);
  const Made made = make(old, old, 5000);
  const wire::ChunkRecord record = record_of(made.chunks[0]);
  BufferPool pool(0);
  for (std::size_t i = 0; i < made.commands[0].size(); ++i) {
    for (const unsigned flip : {0x01u, 0x80u, 0xFFu}) {
      Bytes commands = made.commands[0];
      commands[i] = static_cast<std::uint8_t>(commands[i] ^ flip);
      const auto difference = pack_commands(commands, {compress::CompressMode::none, 3}, pool);
      EXPECT_FALSE(apply_difference(difference, record, reader_of(old), pool));
    }
    const Bytes cut_off(made.commands[0].begin(), made.commands[0].begin() + static_cast<std::ptrdiff_t>(i));
    if (i == 0) continue;
    EXPECT_FALSE(apply_difference(pack_commands(cut_off, {}, pool), record, reader_of(old), pool));
  }
  // A copy of 2^62 bytes, and a literal that claims more than there is.
  for (const Bytes& body : {Bytes{0x72, 0x73, 0x02, 0x36, 0x54, 0, 0x40, 0, 0, 0, 0, 0, 0, 0, 0},
                            Bytes{0x72, 0x73, 0x02, 0x36, 0x44, 0xFF, 0xFF, 0xFF, 0xFF, 1, 0}})
    EXPECT_FALSE(apply_difference(pack_commands(body, {}, pool), record, reader_of(old), pool));
  message::Difference bomb = pack_commands(Bytes(100'000, 0), {compress::CompressMode::zstd, 3}, pool);
  bomb.command_bytes = 10;
  EXPECT_FALSE(apply_difference(bomb, record, reader_of(old), pool));
}

TEST(ChunkDifference, NothingInCommonIsLiteral) {
  const Bytes old = noise(5000, 7);
  const Bytes content = noise(70'000, 8);
  const Made made = make(old, content, 65536);
  EXPECT_GE(made.bytes(), content.size());
  expect_content(made, old, compress::CompressMode::none);
}

}  // namespace
}  // namespace dcdn::pipeline
