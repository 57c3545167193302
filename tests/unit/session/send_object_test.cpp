#include "session/send_object.hpp"

#include <gtest/gtest.h>

#include "sign/ed25519.hpp"

namespace dcdn::session {
namespace {

TEST(SendObject, AnEncryptedObjectShowsNothingOfWhatItWas) {
  const sign::SecretKey reader = *sign::SecretKey::from_seed(Bytes(32, 1));
  SendObject object;
  object.kind = wire::ObjectKind::tree;
  object.name = "plans";
  object.bytes = 7;
  object.entries = 2;
  ASSERT_TRUE(seal(object, {reader.id()}, sign::Secret(Bytes(32, 9))).has_value());
  EXPECT_EQ(object.kind, wire::ObjectKind::stream);
  EXPECT_TRUE(object.name.starts_with("encrypted-"));
  EXPECT_FALSE(object.bytes || object.entries);
  EXPECT_EQ(object.shown_name(), "plans");
  EXPECT_EQ(object.sealed->kind, wire::ObjectKind::tree);
  SendObject other;
  EXPECT_EQ(seal(other, {NodeId{}}, sign::Secret(Bytes(32, 9))).error().code, Errc::usage);
}

}  // namespace
}  // namespace dcdn::session
