#include "delta/delta_commands.hpp"

#include "base/text.hpp"
#include "delta_fixture.hpp"

namespace dcdn::delta {
namespace {

struct Made {
  Bytes bytes;
  DeltaWriter writer{[this](ByteView more) -> Result<void> {
    bytes.insert(bytes.end(), more.begin(), more.end());
    return {};
  }};
};

Errc code_of(ByteView delta) {
  const Bytes old(1000, 1);
  const auto made = patched(old, delta, 7);
  return made ? Errc::other : made.error().code;
}

TEST(DeltaCommands, AreTheBytesOfTheFormat) {
  Made made;
  EXPECT_TRUE(made.writer.copy(5, 3));
  EXPECT_TRUE(made.writer.copy(8, 1));  // goes on where the other ended
  EXPECT_TRUE(made.writer.literal(as_bytes("a")));
  EXPECT_TRUE(made.writer.literal(as_bytes("b")));
  EXPECT_TRUE(made.writer.copy(0x12345, 0x100));
  EXPECT_TRUE(made.writer.literal(Bytes(65, 'x')));
  EXPECT_TRUE(made.writer.end(std::nullopt));
  EXPECT_EQ(to_hex(made.bytes),
            "72730236"
            "450504"
            "026162"
            "4e000123450100"
            "4141" +
                to_hex(Bytes(65, 'x')) + "00");
  EXPECT_EQ(made.writer.counts().copies, 2u);
  EXPECT_EQ(made.writer.counts().copied_bytes, 260u);
  EXPECT_EQ(made.writer.counts().literal_bytes, 67u);
  EXPECT_EQ(made.writer.bytes(), made.bytes.size());
}

TEST(DeltaCommands, TheTrailerComesBackFromAnyPieces) {
  DeltaTrailer trailer{77, {}};
  trailer.target.bytes.fill(3);
  Made made;
  EXPECT_TRUE(made.writer.literal(as_bytes("abc")));
  EXPECT_TRUE(made.writer.end(trailer));
  for (std::size_t piece = 1; piece <= made.bytes.size(); ++piece) {
    DeltaReader reader;
    Bytes read;
    for (std::size_t at = 0;;) {
      auto step = reader.next();
      ASSERT_TRUE(step) << step.error().message;
      if (std::holds_alternative<MoreStep>(*step)) {
        const std::size_t size = std::min(piece, made.bytes.size() - at);
        reader.push(ByteView(made.bytes).subspan(at, size));
        at += size;
        if (at == made.bytes.size()) reader.finish();
      } else if (const auto* literal = std::get_if<LiteralStep>(&*step)) {
        read.insert(read.end(), literal->bytes.begin(), literal->bytes.end());
      } else {
        EXPECT_EQ(std::get<EndStep>(*step).trailer, trailer);
        break;
      }
    }
    EXPECT_EQ(as_text(read), "abc");
  }
}

TEST(DeltaCommands, RefusesWhatIsNoDelta) {
  EXPECT_EQ(code_of({}), Errc::corrupt);
  EXPECT_EQ(code_of(as_bytes("hello, world")), Errc::corrupt);
  const auto delta = [](const char* hex) {
    return *from_hex(std::string("72730236") + hex, std::strlen(hex) / 2 + 4);
  };
  EXPECT_EQ(code_of(delta("00")), Errc::other);
  EXPECT_EQ(code_of(delta("0000")), Errc::corrupt) << "no trailer";
  EXPECT_EQ(code_of(delta("")), Errc::incomplete);
  EXPECT_EQ(code_of(delta("0361")), Errc::incomplete);
  EXPECT_EQ(code_of(delta("4500")), Errc::incomplete);
  EXPECT_EQ(code_of(delta("5500")), Errc::corrupt) << "unknown";
  EXPECT_EQ(code_of(delta("410000")), Errc::corrupt) << "an empty literal";
  EXPECT_EQ(code_of(delta("450000")), Errc::corrupt) << "an empty copy";
  EXPECT_EQ(code_of(delta("54ffffffffffffffffffffffffffffffff00")), Errc::corrupt) << "past all ends";
  EXPECT_EQ(code_of(delta("47010003e800")), Errc::corrupt) << "past the end of the old file";
  EXPECT_EQ(code_of(delta("44ffffffffffffffff00")), Errc::corrupt);
}

TEST(DeltaCommands, AFailedOutputStopsTheWriter) {
  DeltaWriter writer([](ByteView) -> Result<void> { return Error(Errc::no_space, "full"); });
  Result<void> done;
  for (int i = 0; i < 100 && done; ++i) done = writer.literal(Bytes(32 << 10, 1));
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code, Errc::no_space);
}

}  // namespace
}  // namespace dcdn::delta
