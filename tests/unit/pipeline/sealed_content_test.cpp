#include "pipeline/sealed_content.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>

#include "unit/wire/vector_file.hpp"

namespace dcdn::pipeline {
namespace {

sign::SecretKey key_of(std::uint8_t byte) {
  return *sign::SecretKey::from_seed(Bytes(32, byte));
}
sign::Secret secret_of(std::uint8_t byte) {
  return sign::Secret(Bytes(32, byte));
}

struct Opened {
  Bytes plain;
  std::optional<Error> error;
};

Opened open_all(const std::vector<sign::SecretKey>& keys, ByteView sealed, std::size_t step) {
  Opened opened;
  ContentOpener opener(keys);
  const auto put = [&](ByteView plain) -> Result<void> {
    opened.plain.insert(opened.plain.end(), plain.begin(), plain.end());
    return {};
  };
  while (!sealed.empty()) {
    const std::size_t size = std::min(step, sealed.size());
    if (auto pushed = opener.push(sealed.first(size), put); !pushed) {
      opened.error = pushed.error();
      return opened;
    }
    sealed = sealed.subspan(size);
  }
  if (auto whole = opener.finish(); !whole) opened.error = whole.error();
  return opened;
}

Bytes seal_all(ContentSealer& sealer, ByteView plain, std::size_t piece) {
  Bytes out = sealer.header();
  do {
    const std::size_t size = std::min(piece, plain.size());
    EXPECT_TRUE(sealer.seal(plain.first(size), size == plain.size(), out));
    plain = plain.subspan(size);
  } while (!plain.empty());
  return out;
}

Bytes sealed_with(std::uint8_t secret, ByteView plain, std::size_t piece = 100) {
  auto sealer = ContentSealer::make({key_of(1).id(), key_of(2).id()}, secret_of(secret));
  return seal_all(*sealer, plain, piece);
}

Bytes some_bytes(std::size_t size) {
  Bytes bytes(size);
  for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<std::uint8_t>(i * 7 + i / 251);
  return bytes;
}

std::string outcome(const std::optional<Error>& error) {
  if (!error) return "accept";
  if (error->code == Errc::incomplete) return "truncated";
  return name_of(error->code);
}

// Made from the manual page alone by another implementation (other X25519, HKDF, AES-GCM).
TEST(SealedContent, Vectors) {
  std::size_t count = 0;
  for (const auto& entry : std::filesystem::directory_iterator(std::string(DCDN_VECTORS) + "/encrypted")) {
    if (entry.path().extension() != ".vec") continue;
    SCOPED_TRACE(entry.path().filename());
    const auto vector = wire::parse_vector(wire::file_text(entry.path()));
    ASSERT_TRUE(vector && vector->reads.starts_with("encrypted "));
    const auto key = sign::SecretKey::from_seed(*from_hex(vector->reads.substr(10), 32));
    for (const std::size_t step : {std::size_t{1}, std::size_t{17}, vector->body.size()}) {
      const Opened opened = open_all({*key}, vector->body, step);
      EXPECT_EQ(outcome(opened.error), vector->expect) << (opened.error ? opened.error->message : "");
      if (!opened.error) {
        EXPECT_EQ("plain " + to_hex(opened.plain), vector->result);
      }
    }
    ++count;
  }
  EXPECT_GE(count, 26u);
}

TEST(SealedContent, WritesTheVectors) {
  // hello.vec and two-keys-first.vec: the secret is 00 01 02 ...
  Bytes secret(32);
  for (std::size_t i = 0; i < secret.size(); ++i) secret[i] = static_cast<std::uint8_t>(i);
  auto one = ContentSealer::make({key_of(1).id()}, sign::Secret(secret));
  const auto hello = wire::parse_vector(wire::file_text(std::string(DCDN_VECTORS) + "/encrypted/hello.vec"));
  EXPECT_EQ(to_hex(seal_all(*one, as_bytes("hello"), 100)), to_hex(hello->body));
  auto two = ContentSealer::make({key_of(2).id(), key_of(1).id(), key_of(2).id()}, sign::Secret(secret));
  Bytes out = two->header();
  ASSERT_TRUE(two->seal(as_bytes("first "), false, out));
  ASSERT_TRUE(two->seal(as_bytes("second "), false, out));
  ASSERT_TRUE(two->seal(as_bytes("last"), true, out));
  const auto three =
      wire::parse_vector(wire::file_text(std::string(DCDN_VECTORS) + "/encrypted/two-keys-first.vec"));
  EXPECT_EQ(to_hex(out), to_hex(three->body));
}

TEST(SealedContent, LengthsAndSteps) {
  for (const std::size_t size : {0, 1, 99, 100, 101, 200, 4096}) {
    const Bytes plain = some_bytes(size);
    const Bytes sealed = sealed_with(9, plain);
    for (const std::size_t step : {1, 3, 16, 100, 137, 5000}) {
      const Opened opened = open_all({key_of(2)}, sealed, step);
      EXPECT_FALSE(opened.error) << size << " " << step;
      EXPECT_EQ(opened.plain, plain);
    }
  }
}

TEST(SealedContent, LargestPiece) {
  const Bytes plain = some_bytes(kMaxSealedPiece);
  const Opened opened = open_all({key_of(1)}, sealed_with(9, plain, plain.size()), 1u << 16);
  EXPECT_FALSE(opened.error);
  EXPECT_EQ(opened.plain, plain);
}

TEST(SealedContent, EverySingleBitIsSeen) {
  const Bytes plain = some_bytes(250);
  const Bytes sealed = sealed_with(9, plain);
  for (std::size_t bit = 0; bit < sealed.size() * 8; ++bit) {
    Bytes bad = sealed;
    bad[bit / 8] ^= static_cast<std::uint8_t>(1u << (bit % 8));
    const Opened opened = open_all({key_of(1)}, bad, bad.size());
    EXPECT_TRUE(opened.error) << bit;
    // What was given out before is right.
    ASSERT_LE(opened.plain.size(), 200u) << bit;
    EXPECT_TRUE(std::equal(opened.plain.begin(), opened.plain.end(), plain.begin())) << bit;
  }
}

TEST(SealedContent, EveryCutIsSeen) {
  const Bytes sealed = sealed_with(9, some_bytes(250));
  for (std::size_t size = 0; size < sealed.size(); ++size) {
    const Opened opened = open_all({key_of(1)}, ByteView(sealed).first(size), sealed.size());
    ASSERT_TRUE(opened.error) << size;
    EXPECT_EQ(opened.error->code, Errc::incomplete) << size;
  }
}

TEST(SealedContent, NothingShowsBeforeItIsAuthentic) {
  const Bytes sealed = sealed_with(9, some_bytes(100));
  const Opened opened = open_all({key_of(1)}, ByteView(sealed).first(sealed.size() - 1), sealed.size());
  EXPECT_TRUE(opened.plain.empty());
}

TEST(SealedContent, TheSameSecretGoesOnWhereItWas) {
  const Bytes plain = some_bytes(250);
  EXPECT_EQ(sealed_with(9, plain), sealed_with(9, plain));
  EXPECT_NE(sealed_with(9, plain), sealed_with(8, plain));
}

// What makes it safe to begin again with the same secret although the source has changed.
TEST(SealedContent, OtherBytesUnderTheSameSecretGetAnotherSalt) {
  Bytes plain = some_bytes(250);
  const Bytes before = sealed_with(9, plain);
  plain[120] ^= 1;
  const Bytes after = sealed_with(9, plain);
  const std::size_t header = kSealedFixedBytes + 2 * 48;
  const std::size_t piece = 4 + 16 + 100 + 16;
  EXPECT_TRUE(std::equal(before.begin(), before.begin() + header + piece, after.begin()));
  const auto salt = [&](const Bytes& sealed, std::size_t number) {
    return to_hex(ByteView(sealed).subspan(header + number * piece + 4, 16));
  };
  EXPECT_NE(salt(before, 1), salt(after, 1));
  EXPECT_EQ(salt(before, 2), salt(after, 2));
  // The same bytes as the end and not as the end are other pieces, too.
  const Bytes shorter = sealed_with(9, ByteView(some_bytes(250)).first(100));
  EXPECT_NE(salt(before, 0), salt(shorter, 0));
}

TEST(SealedContent, RecipientsThatCannotBe) {
  EXPECT_EQ(ContentSealer::make({}, secret_of(9)).error().code, Errc::usage);
  EXPECT_EQ(ContentSealer::make({NodeId{}}, secret_of(9)).error().code, Errc::usage);
  std::vector<NodeId> many;
  for (std::size_t i = 0; i <= kMaxRecipients; ++i) many.push_back(sign::SecretKey::generate()->id());
  EXPECT_EQ(ContentSealer::make(many, secret_of(9)).error().code, Errc::usage);
  many.pop_back();
  auto most = ContentSealer::make(many, secret_of(9));
  ASSERT_TRUE(most);
}

TEST(SealedContent, AnyOfTheReadersKeysWillDo) {
  const Bytes sealed = sealed_with(9, some_bytes(10));
  EXPECT_FALSE(open_all({key_of(7), key_of(8), key_of(2)}, sealed, 64).error);
  EXPECT_EQ(open_all({key_of(7), key_of(8)}, sealed, 64).error->code, Errc::untrusted);
  EXPECT_EQ(open_all({}, sealed, 64).error->code, Errc::untrusted);
}

TEST(SealedContent, WhoWantsNoMoreSaysWhy) {
  ContentOpener opener({key_of(1)});
  const auto refuse = [](ByteView) -> Result<void> { return Error(Errc::closed_pipe, "gone"); };
  EXPECT_EQ(opener.push(sealed_with(9, some_bytes(10)), refuse).error().code, Errc::closed_pipe);
}

}  // namespace
}  // namespace dcdn::pipeline
