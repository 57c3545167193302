#include "api/sign/file_signature.hpp"

#include <gtest/gtest.h>

#include "digest/hasher.hpp"

namespace dcdn::api {
namespace {

sign::SecretKey test_key() {
  Bytes seed(32, 7);
  return *sign::SecretKey::from_seed(seed);
}

FileStatement statement_of(std::string_view content) {
  FileStatement statement;
  statement.size = content.size();
  statement.digest = digest::blake3(as_bytes(content));
  statement.time_s = 1700000000;
  return statement;
}

std::string replaced(std::string text, std::string_view from, std::string_view to) {
  const std::size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return text.replace(at, from.size(), to);
}

Errc code_of(const std::string& text) {
  const auto statement = open_statement(text);
  return statement ? Errc::other : statement.error().code;
}

TEST(FileSignature, HasTheDocumentedLines) {
  const auto text = sign_statement(test_key(), statement_of("abc"));
  ASSERT_TRUE(text);
  const std::string start =
      "dcdn file signature 1\n"
      "size: 3\n"
      "blake3: 6437b3ac38465133ffb63b75273a8db548c558465d79db03fd359c6cd5bd9d85\n"
      "signer: " +
      sign::to_text(test_key().id()) +
      "\n"
      "time: 1700000000\n"
      "signature: ";
  EXPECT_EQ(text->substr(0, start.size()), start);
  EXPECT_EQ(text->size(), start.size() + 128 + 1);
}

TEST(FileSignature, OpensWhatItSigned) {
  const auto text = sign_statement(test_key(), statement_of("abc"));
  const auto statement = open_statement(*text);
  ASSERT_TRUE(statement) << statement.error().message;
  EXPECT_EQ(statement->size, 3u);
  EXPECT_EQ(statement->digest, digest::blake3(as_bytes("abc")));
  EXPECT_EQ(statement->signer, test_key().id());
  EXPECT_EQ(statement->time_s, 1700000000u);
}

TEST(FileSignature, EveryChangedCharacterIsRefused) {
  const std::string good = *sign_statement(test_key(), statement_of("abc"));
  for (std::size_t at = 0; at < good.size(); ++at) {
    std::string bad = good;
    bad[at] = static_cast<char>(bad[at] ^ 1);
    EXPECT_NE(code_of(bad), Errc::other) << at;
  }
}

TEST(FileSignature, EveryTruncationAndTrailerIsRefused) {
  const std::string good = *sign_statement(test_key(), statement_of("abc"));
  for (std::size_t size = 0; size < good.size(); ++size)
    EXPECT_NE(code_of(good.substr(0, size)), Errc::other) << size;
  EXPECT_EQ(code_of(good + "\n"), Errc::corrupt);
  EXPECT_EQ(code_of(good + good), Errc::corrupt);
}

TEST(FileSignature, ErrorsTellVersionFormAndSignatureApart) {
  const std::string good = *sign_statement(test_key(), statement_of("abc"));
  EXPECT_EQ(code_of(replaced(good, "signature 1", "signature 2")), Errc::unsupported);
  EXPECT_EQ(code_of(replaced(good, "size: 3", "size: 4")), Errc::bad_signature);
  EXPECT_EQ(code_of(replaced(good, "size: 3", "size: 03")), Errc::corrupt);
  EXPECT_EQ(code_of(replaced(good, "size: 3", "size: -3")), Errc::corrupt);
  EXPECT_EQ(code_of(replaced(good, "size: 3", "size: 99999999999999999999")), Errc::corrupt);
  EXPECT_EQ(code_of(replaced(good, "blake3: 6", "blake3: A")), Errc::corrupt)
      << "capitals are another spelling";
  EXPECT_EQ(code_of(replaced(good, "dcdn1", "DCDN1")), Errc::corrupt);
  EXPECT_EQ(code_of("hello\n"), Errc::corrupt);
  EXPECT_EQ(code_of(""), Errc::corrupt);
}

TEST(FileSignature, SignerIsTheKeyWhateverTheStatementSays) {
  FileStatement statement = statement_of("abc");
  statement.signer.bytes.fill(9);
  EXPECT_EQ(open_statement(*sign_statement(test_key(), statement))->signer, test_key().id());
}

}  // namespace
}  // namespace dcdn::api
