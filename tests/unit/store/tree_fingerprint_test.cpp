#include "store/tree_fingerprint.hpp"

#include <fcntl.h>

#include "base/text.hpp"
#include "support/receive_fixture.hpp"

namespace dcdn::store {
namespace {

class TreeFingerprint : public test::ReceiveFixture {
 protected:
  void SetUp() override {
    put(at("tree/b"), "content");
    put(at("tree/a/deep"), "more");
    test::fs::create_symlink("a/deep", at("tree/link"));
    for (const char* path : {"tree/b", "tree/a/deep", "tree/a", "tree/link", "tree"}) settle(path);
  }
  /// A time and a mode that do not depend on when and as whom this runs.
  void settle(const std::string& path, std::int64_t seconds = 1'700'000'000) {
    const timespec times[2] = {{seconds, 5}, {seconds, 5}};
    ASSERT_EQ(::utimensat(AT_FDCWD, at(path).c_str(), times, AT_SYMLINK_NOFOLLOW), 0);
    if (!test::fs::is_symlink(at(path))) {
      ASSERT_EQ(::chmod(at(path).c_str(), test::fs::is_directory(at(path)) ? 0755 : 0644), 0);
    }
  }
  [[nodiscard]] std::string now() const { return to_hex(tree_fingerprint(at("tree")).view()); }
};

// Records of what was delivered outlive a version of this program: another digest means that all is sent
// again.
TEST_F(TreeFingerprint, IsTheSameForEver) {
  EXPECT_EQ(now(), "9fe5f7ea20097b96838d352d6de07a1bb6982034dc8fa13cd9eb9c8197951d30");
  EXPECT_EQ(to_hex(tree_fingerprint(at("tree/b")).view()),
            "9f974c9cc515c201c4ec09233958cca8f376c8d3f684c89b35776b31a41353f0");
}

TEST_F(TreeFingerprint, ChangesWithWhateverIsTouched) {
  const std::string before = now();
  put(at("tree/b"), "CONTENT");
  settle("tree/b");
  EXPECT_EQ(now(), before);  // no content is read
  settle("tree/b", 1'700'000'001);
  EXPECT_NE(now(), before);
  settle("tree/b");
  ::chmod(at("tree/a").c_str(), 0700);
  EXPECT_NE(now(), before);
  settle("tree/a");
  test::fs::remove(at("tree/link"));
  test::fs::create_symlink("b", at("tree/link"));
  settle("tree/link");
  EXPECT_NE(now(), before);
  test::fs::remove(at("tree/link"));
  EXPECT_NE(now(), before);
  test::fs::create_symlink("a/deep", at("tree/link"));
  settle("tree/link");
  EXPECT_EQ(now(), before);
  put(at("tree/a/new"), "");
  EXPECT_NE(now(), before);
}

TEST_F(TreeFingerprint, WhatNoReceiverPutsThereHasNone) {
  EXPECT_TRUE(tree_fingerprint(at("nothing")).is_zero());
  EXPECT_TRUE(tree_fingerprint("/dev/null").is_zero());
}

// Whether such a link may be there is for others to say (--links); it is told from another one.
TEST_F(TreeFingerprint, ALinkThatLeadsOutIsOneLikeAnyOther) {
  test::fs::create_symlink("../../outside", at("tree/a/out"));
  settle("tree/a/out");
  const std::string outside = now();
  EXPECT_FALSE(tree_fingerprint(at("tree")).is_zero());
  test::fs::remove(at("tree/a/out"));
  test::fs::create_symlink("/outside", at("tree/a/out"));
  settle("tree/a/out");
  EXPECT_NE(now(), outside);
}

// A sender may lead into a circle, but not this walk.
TEST_F(TreeFingerprint, FollowsNoLinkButTheFirst) {
  test::fs::create_symlink("..", at("tree/a/up"));
  settle("tree/a/up");
  settle("tree/a");
  EXPECT_FALSE(tree_fingerprint(at("tree")).is_zero());
  test::fs::create_symlink("tree", at("other"));
  EXPECT_EQ(tree_fingerprint(at("other")), tree_fingerprint(at("tree")));
}

}  // namespace
}  // namespace dcdn::store
