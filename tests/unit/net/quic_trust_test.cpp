// Who may talk to whom: keys, policies, certificate authorities, and what each side hears when it is refused.
#include <cstdio>
#include <fstream>

#include "unit/net/quic_fixture.hpp"

namespace dcdn::net::testing {
namespace {

using QuicTrustTest = QuicTest;

TEST_F(QuicTrustTest, TheServerRefusesAnUnknownClient) {
  start_listener(only(server.id, "key dcdn1abc is not on the list"));
  start_connect(listener->local_address(), only(server.id), at_client);
  ASSERT_TRUE(run_until([&] { return at_client.connection || connect_error; }));
  ASSERT_TRUE(connect_error.has_value()) << "the client took a refused connection for a good one";
  EXPECT_EQ(connect_error->code, Errc::untrusted);
  EXPECT_NE(connect_error->message.find("key dcdn1abc is not on the list"), std::string::npos)
      << connect_error->message;
  EXPECT_NE(connect_error->message.find(listener->local_address()), std::string::npos)
      << connect_error->message;
  EXPECT_EQ(at_server.connection, nullptr) << "accept() gave out a refused peer";
}

TEST_F(QuicTrustTest, TheClientRefusesAWrongServer) {
  const Node other;
  start_listener(anyone());
  start_connect(listener->local_address(), only(other.id, "this is not hq"), at_client);
  ASSERT_TRUE(run_until([&] { return at_client.connection || connect_error; }));
  ASSERT_TRUE(connect_error.has_value());
  EXPECT_EQ(connect_error->code, Errc::untrusted);
  EXPECT_NE(connect_error->message.find("this is not hq"), std::string::npos);
  run_for(100ms);
  EXPECT_EQ(at_server.connection, nullptr);
}

TEST_F(QuicTrustTest, AnotherReasonToRefuseKeepsItsCode) {
  PeerPolicy full;
  full.check = [](const NodeId&) -> Result<void> { return Error(Errc::limit, "enough for today\x1b[2J"); };
  start_listener(full);
  start_connect(listener->local_address(), anyone(), at_client);
  ASSERT_TRUE(run_until([&] { return connect_error.has_value(); }));
  EXPECT_EQ(connect_error->code, Errc::limit);
  EXPECT_EQ(connect_error->message.find('\x1b'), std::string::npos) << "the peer's words were shown raw";
}

TEST_F(QuicTrustTest, AfterARefusalTheListenerStillAccepts) {
  start_listener(only(client.id));
  const Node stranger;
  Recorder at_stranger;
  start_connect(listener->local_address(), anyone(), at_stranger, stranger.identity);
  ASSERT_TRUE(run_until([&] { return connect_error.has_value(); }));
  connect_error.reset();
  start_connect(listener->local_address(), only(server.id), at_client);
  ASSERT_TRUE(run_until([&] { return at_client.connection && at_server.connection; }));
  EXPECT_EQ(at_server.connection->peer(), client.id);
}

TEST_F(QuicTrustTest, KeysThatCannotBeUsedAreNamed) {
  const auto attempt = [&](Bytes pem) {
    return listen(io.get_executor(), "127.0.0.1:0", options, Identity{std::move(pem), {}}, anyone());
  };
  EXPECT_EQ(attempt(make_key_pem(GNUTLS_PK_RSA, 2048)).error().code, Errc::usage);
  EXPECT_EQ(attempt({}).error().code, Errc::corrupt);
  EXPECT_EQ(attempt(pattern(5000, 3)).error().code, Errc::corrupt);
  Bytes cut = client.identity.key_pem;
  cut.resize(cut.size() / 2);
  EXPECT_EQ(attempt(cut).error().code, Errc::corrupt);
}

TEST_F(QuicTrustTest, ACertificateOfAnotherKeyIsNotTaken) {
  Identity mixed = client.identity;
  mixed.cert_pem = pattern(300, 1);
  EXPECT_EQ(listen(io.get_executor(), "127.0.0.1:0", options, mixed, anyone()).error().code, Errc::corrupt);
}

TEST_F(QuicTrustTest, AMissingAuthorityFileIsNamed) {
  PeerPolicy policy = anyone();
  policy.ca_file = "/nonexistent/ca.pem";
  const auto made = listen(io.get_executor(), "127.0.0.1:0", options, server.identity, policy);
  EXPECT_EQ(made.error().code, Errc::not_found);
  EXPECT_NE(made.error().message.find("/nonexistent/ca.pem"), std::string::npos);
}

/// A certificate authority in memory, and the certificates it signs.
class Authority {
 public:
  Authority() : key_(import(pem_)), certificate_(issue(key_, nullptr, nullptr)) {}
  ~Authority() {
    gnutls_x509_crt_deinit(certificate_);
    gnutls_x509_privkey_deinit(key_);
  }
  [[nodiscard]] Bytes own_pem() const { return pem_of(certificate_); }
  [[nodiscard]] Bytes sign(const Bytes& node_key_pem) const {
    gnutls_x509_privkey_t node = import(node_key_pem);
    gnutls_x509_crt_t made = issue(node, certificate_, key_);
    Bytes pem = pem_of(made);
    gnutls_x509_crt_deinit(made);
    gnutls_x509_privkey_deinit(node);
    return pem;
  }

 private:
  static gnutls_x509_privkey_t import(const Bytes& pem) {
    gnutls_x509_privkey_t key = nullptr;
    gnutls_x509_privkey_init(&key);
    const gnutls_datum_t data{const_cast<unsigned char*>(pem.data()), static_cast<unsigned>(pem.size())};
    EXPECT_EQ(gnutls_x509_privkey_import2(key, &data, GNUTLS_X509_FMT_PEM, nullptr, GNUTLS_PKCS_PLAIN), 0);
    return key;
  }
  static gnutls_x509_crt_t issue(gnutls_x509_privkey_t subject, gnutls_x509_crt_t issuer,
                                 gnutls_x509_privkey_t key) {
    gnutls_x509_crt_t made = nullptr;
    gnutls_x509_crt_init(&made);
    const bool is_authority = issuer == nullptr;
    const std::string name = is_authority ? "test authority" : "test node";
    gnutls_x509_crt_set_version(made, 3);
    gnutls_x509_crt_set_serial(made, "\x01", 1);
    gnutls_x509_crt_set_activation_time(made, time(nullptr) - 3600);
    gnutls_x509_crt_set_expiration_time(made, time(nullptr) + 3600);
    gnutls_x509_crt_set_dn_by_oid(made, GNUTLS_OID_X520_COMMON_NAME, 0, name.data(),
                                  static_cast<unsigned>(name.size()));
    gnutls_x509_crt_set_basic_constraints(made, is_authority ? 1 : 0, -1);
    gnutls_x509_crt_set_key_usage(made,
                                  is_authority ? GNUTLS_KEY_KEY_CERT_SIGN : GNUTLS_KEY_DIGITAL_SIGNATURE);
    gnutls_x509_crt_set_key(made, subject);
    EXPECT_EQ(gnutls_x509_crt_sign2(made, is_authority ? made : issuer, is_authority ? subject : key,
                                    GNUTLS_DIG_SHA512, 0),
              0);
    return made;
  }
  static Bytes pem_of(gnutls_x509_crt_t certificate) {
    gnutls_datum_t pem{};
    gnutls_x509_crt_export2(certificate, GNUTLS_X509_FMT_PEM, &pem);
    Bytes bytes(pem.data, pem.data + pem.size);
    gnutls_free(pem.data);
    return bytes;
  }

  Bytes pem_ = make_key_pem();
  gnutls_x509_privkey_t key_;
  gnutls_x509_crt_t certificate_;
};

class QuicAuthorityTest : public QuicTest {
 protected:
  Authority authority;
  std::string ca_file = ::testing::TempDir() + "dcdn_ca_" + std::to_string(getpid()) + ".pem";

  void SetUp() override {
    const Bytes pem = authority.own_pem();
    std::ofstream(ca_file).write(reinterpret_cast<const char*>(pem.data()),
                                 static_cast<std::streamsize>(pem.size()));
  }
  void TearDown() override {
    QuicTest::TearDown();
    std::remove(ca_file.c_str());
  }
  [[nodiscard]] PeerPolicy certified() const {
    PeerPolicy policy = anyone();
    policy.ca_file = ca_file;
    return policy;
  }
};

TEST_F(QuicAuthorityTest, ACertifiedClientIsLetIn) {
  client.identity.cert_pem = authority.sign(client.identity.key_pem);
  start_listener(certified());
  start_connect(listener->local_address(), only(server.id), at_client);
  ASSERT_TRUE(run_until([&] { return (at_client.connection && at_server.connection) || connect_error; }));
  ASSERT_FALSE(connect_error.has_value()) << connect_error->message;
  EXPECT_EQ(at_server.connection->peer(), client.id);
}

TEST_F(QuicAuthorityTest, ASelfSignedClientIsNot) {
  start_listener(certified());
  start_connect(listener->local_address(), only(server.id), at_client);
  ASSERT_TRUE(run_until([&] { return at_client.connection || connect_error; }));
  ASSERT_TRUE(connect_error.has_value());
  EXPECT_EQ(connect_error->code, Errc::untrusted);
}

TEST_F(QuicAuthorityTest, NorOneOfAnotherAuthority) {
  const Authority other;
  client.identity.cert_pem = other.sign(client.identity.key_pem);
  start_listener(certified());
  start_connect(listener->local_address(), only(server.id), at_client);
  ASSERT_TRUE(run_until([&] { return at_client.connection || connect_error; }));
  ASSERT_TRUE(connect_error.has_value());
  EXPECT_EQ(connect_error->code, Errc::untrusted);
}

TEST_F(QuicAuthorityTest, ACertifiedKeyMustStillPassThePolicy) {
  client.identity.cert_pem = authority.sign(client.identity.key_pem);
  PeerPolicy both = only(server.id);
  both.ca_file = ca_file;
  start_listener(both);
  start_connect(listener->local_address(), anyone(), at_client);
  ASSERT_TRUE(run_until([&] { return at_client.connection || connect_error; }));
  ASSERT_TRUE(connect_error.has_value());
  EXPECT_EQ(connect_error->code, Errc::untrusted);
}

TEST_F(QuicAuthorityTest, ACertificateForAnotherKeyIsAUsageError) {
  Identity mixed = client.identity;
  mixed.cert_pem = authority.sign(server.identity.key_pem);
  EXPECT_EQ(listen(io.get_executor(), "127.0.0.1:0", options, mixed, anyone()).error().code, Errc::usage);
}

TEST_F(QuicAuthorityTest, AFileWithoutAuthorityIsAConfigError) {
  std::ofstream(ca_file) << "nothing of the kind";
  EXPECT_EQ(listen(io.get_executor(), "127.0.0.1:0", options, server.identity, certified()).error().code,
            Errc::config);
}

}  // namespace
}  // namespace dcdn::net::testing
