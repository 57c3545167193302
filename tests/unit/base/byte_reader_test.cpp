#include "base/byte_reader.hpp"

#include <gtest/gtest.h>

#include "base/byte_writer.hpp"

namespace dcdn {
namespace {

TEST(ByteReader, ReadsLittleEndian) {
  const Bytes bytes{0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x88, 0xff, 0xfe, 0xab, 1, 2, 3, 0x84};
  ByteReader reader(bytes);
  EXPECT_EQ(reader.fixed<std::uint64_t>(), 0x8807060504030201u);
  EXPECT_EQ(reader.fixed<std::uint16_t>(), 0xfeffu);
  EXPECT_EQ(reader.fixed<std::uint8_t>(), 0xabu);
  EXPECT_EQ(reader.fixed<std::uint32_t>(), 0x84030201u);
  EXPECT_TRUE(reader.finished());
}

TEST(ByteReader, AFailedReadIsFinal) {
  const Bytes bytes{1, 2, 3};
  ByteReader reader(bytes);
  EXPECT_EQ(reader.fixed<std::uint32_t>(), 0u);
  EXPECT_FALSE(reader.ok());
  EXPECT_EQ(reader.fixed<std::uint8_t>(), 0u) << "though there is a byte";
  EXPECT_EQ(reader.varint(), 0u);
  EXPECT_TRUE(reader.raw(1).empty());
  EXPECT_TRUE(reader.text(10).empty());
  EXPECT_TRUE(reader.name32<Digest>().is_zero());
  EXPECT_FALSE(reader.finished());
}

TEST(ByteReader, EmptyInputFailsEveryReadButNone) {
  ByteReader reader({});
  EXPECT_TRUE(reader.finished());
  EXPECT_TRUE(reader.raw(0).empty());
  EXPECT_TRUE(reader.ok());
  EXPECT_EQ(reader.varint(), 0u);
  EXPECT_FALSE(reader.ok());
}

TEST(ByteReader, FinishedMeansAllWasUsed) {
  const Bytes bytes{1, 2};
  ByteReader reader(bytes);
  reader.fixed<std::uint8_t>();
  EXPECT_TRUE(reader.ok());
  EXPECT_FALSE(reader.finished());
  EXPECT_EQ(reader.left(), 1u);
  EXPECT_EQ(reader.position(), 1u);
  reader.fail();
  EXPECT_FALSE(reader.ok());
}

struct VarintRow {
  std::uint64_t value;
  Bytes bytes;
};

const VarintRow kVarints[] = {
    {0, {0}},
    {1, {1}},
    {127, {0x7f}},
    {128, {0x80, 0x01}},
    {300, {0xac, 0x02}},
    {16383, {0xff, 0x7f}},
    {16384, {0x80, 0x80, 0x01}},
    {UINT64_C(1) << 63, {0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01}},
    {UINT64_MAX, {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01}},
};

TEST(ByteReader, ReadsVarintsAndTheWriterWritesThem) {
  for (const VarintRow& row : kVarints) {
    ByteReader reader(row.bytes);
    EXPECT_EQ(reader.varint(), row.value);
    EXPECT_TRUE(reader.finished()) << row.value;
    Bytes written;
    ByteWriter(written).varint(row.value);
    EXPECT_EQ(written, row.bytes) << row.value;
  }
}

TEST(ByteReader, RefusesVarintsThatAreCutOff) {
  for (const VarintRow& row : kVarints) {
    for (std::size_t size = 0; size < row.bytes.size(); ++size) {
      ByteReader reader(ByteView(row.bytes).first(size));
      EXPECT_EQ(reader.varint(), 0u);
      EXPECT_FALSE(reader.ok()) << row.value << " cut to " << size;
    }
  }
}

TEST(ByteReader, RefusesVarintsNotInShortestFormOrTooLong) {
  const Bytes rows[] = {
      {0x80, 0x00},
      {0xff, 0x00},
      {0x80, 0x80, 0x00},
      {0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x00},
      {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02},
      {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f},
      {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x81, 0x00},
      {0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01},
  };
  for (const Bytes& row : rows) {
    ByteReader reader(row);
    EXPECT_EQ(reader.varint(), 0u);
    EXPECT_FALSE(reader.ok());
  }
}

TEST(ByteReader, ReadsPrefixedBytesUpToTheLimit) {
  Bytes bytes;
  ByteWriter writer(bytes);
  writer.text("hello");
  writer.prefixed({});
  ByteReader reader(bytes);
  EXPECT_EQ(reader.text(5), "hello");
  EXPECT_TRUE(reader.prefixed(0).empty());
  EXPECT_TRUE(reader.finished());
  ByteReader strict(bytes);
  EXPECT_TRUE(strict.text(4).empty());
  EXPECT_FALSE(strict.ok());
}

TEST(ByteReader, ALengthBeyondTheInputIsRefused) {
  const Bytes beyond{3, 'a', 'b'};
  ByteReader reader(beyond);
  EXPECT_TRUE(reader.prefixed(100).empty());
  EXPECT_FALSE(reader.ok());
  Bytes huge;
  ByteWriter(huge).varint(UINT64_MAX);
  ByteReader wrapping(huge);
  EXPECT_TRUE(wrapping.prefixed(SIZE_MAX).empty());
  EXPECT_FALSE(wrapping.ok());
  ByteReader whole(beyond);
  EXPECT_TRUE(whole.raw(SIZE_MAX).empty());
  EXPECT_FALSE(whole.ok());
}

TEST(ByteReader, ViewsAreInPlace) {
  const Bytes bytes{2, 'a', 'b', 'c'};
  ByteReader reader(bytes);
  EXPECT_EQ(reader.prefixed(2).data(), bytes.data() + 1);
  EXPECT_EQ(reader.raw(1).data(), bytes.data() + 3);
}

TEST(ByteReader, ReadsNames) {
  Bytes bytes(63, 9);
  ByteReader reader(bytes);
  EXPECT_EQ(reader.name32<Digest>().bytes[31], 9);
  EXPECT_TRUE(reader.name32<Digest>().is_zero()) << "31 bytes are no name";
  EXPECT_FALSE(reader.ok());
}

TEST(ByteWriter, AppendsToWhatIsThere) {
  Bytes bytes{0xaa};
  ByteWriter writer(bytes);
  writer.fixed<std::uint16_t>(0x0102);
  writer.fixed<std::uint64_t>(1);
  writer.raw(Bytes{7, 8});
  writer.text("x");
  EXPECT_EQ(bytes, (Bytes{0xaa, 2, 1, 1, 0, 0, 0, 0, 0, 0, 0, 7, 8, 1, 'x'}));
  EXPECT_EQ(writer.size(), 15u);
}

}  // namespace
}  // namespace dcdn
