#include "trust/known_peers.hpp"

#include "sign/ed25519.hpp"
#include "unit/trust/home_fixture.hpp"

namespace dcdn::trust {
namespace {

class KnownPeersTest : public HomeTest {};

TEST_F(KnownPeersTest, KnownPeersAreRememberedPerAddress) {
  const NodeId one = sign::SecretKey::generate()->id();
  const NodeId two = sign::SecretKey::generate()->id();
  EXPECT_EQ(*find_known_peer(home_, "hq.example:4433"), std::nullopt);
  ASSERT_TRUE(add_known_peer(home_, "hq.example:4433", one));
  ASSERT_TRUE(add_known_peer(home_, "[2001:db8::1]:4433", two));
  EXPECT_EQ(*find_known_peer(home_, "hq.example:4433"), one);
  EXPECT_EQ(*find_known_peer(home_, "[2001:db8::1]:4433"), two);
  EXPECT_EQ(*find_known_peer(home_, "hq.example:443"), std::nullopt);
  ASSERT_TRUE(add_known_peer(home_, "hq.example:4433", two));
  EXPECT_EQ(*find_known_peer(home_, "hq.example:4433"), two) << "the newer one";
  EXPECT_EQ(mode_of(home_.known_peers_path()), 0600u);
}

TEST_F(KnownPeersTest, BadKnownPeersAreErrors) {
  const NodeId id = sign::SecretKey::generate()->id();
  for (const std::string& bad :
       {std::string(), std::string("a b"), std::string("a\nb"), std::string("#a"), std::string(600, 'a')})
    EXPECT_EQ(add_known_peer(home_, bad, id).error().code, Errc::usage) << bad;
  fs::create_directories(home_.config_dir);
  ::chmod(home_.config_dir.c_str(), 0700);
  spew(home_.known_peers_path(), "host:1 " + sign::to_text(id) + "\nhost:2\n");
  EXPECT_EQ(find_known_peer(home_, "host:1").error().code, Errc::config) << "half a file is not believed";
  spew(home_.known_peers_path(), "host:1 " + sign::to_text(id) + "\n", 0622);
  EXPECT_EQ(find_known_peer(home_, "host:1").error().code, Errc::permission);
}

}  // namespace
}  // namespace dcdn::trust
