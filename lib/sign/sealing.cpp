#include "sign/sealing.hpp"

#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>

#include <memory>

#include "sign/ed25519.hpp"

namespace dcdn::sign {

namespace {

struct FreeCipher {
  void operator()(gnutls_aead_cipher_hd_t cipher) const { gnutls_aead_cipher_deinit(cipher); }
};
using Cipher = std::unique_ptr<std::remove_pointer_t<gnutls_aead_cipher_hd_t>, FreeCipher>;

gnutls_datum_t datum_of(ByteView bytes) {
  // GnuTLS takes its inputs as unsigned char* but does not write to them.
  return {const_cast<unsigned char*>(bytes.data()), static_cast<unsigned>(bytes.size())};
}

Error library_error(int code, const std::string& what) {
  return {Errc::internal, what + ": " + gnutls_strerror(code)};
}

Cipher cipher_of(const Secret& key, int& code) {
  const gnutls_datum_t datum = datum_of(key.view());
  gnutls_aead_cipher_hd_t raw = nullptr;
  code = gnutls_aead_cipher_init(&raw, GNUTLS_CIPHER_AES_256_GCM, &datum);
  return Cipher(code < 0 ? nullptr : raw);
}

}  // namespace

Result<Secret> extract(ByteView salt, ByteView secret) {
  const gnutls_datum_t key = datum_of(secret);
  const gnutls_datum_t with = datum_of(salt);
  Secret out;
  const int code = gnutls_hkdf_extract(GNUTLS_MAC_SHA256, &key, &with, out.writable().data());
  if (code < 0) return library_error(code, "HKDF");
  return out;
}

Result<Secret> expand(const Secret& key, std::initializer_list<ByteView> info) {
  Bytes all;
  for (const ByteView part : info) all.insert(all.end(), part.begin(), part.end());
  const gnutls_datum_t prk = datum_of(key.view());
  const gnutls_datum_t text = datum_of(all);
  Secret out;
  const int code = gnutls_hkdf_expand(GNUTLS_MAC_SHA256, &prk, &text, out.writable().data(), kSecretBytes);
  if (code < 0) return library_error(code, "HKDF");
  return out;
}

Result<void> seal(const Secret& key, const Nonce& nonce, ByteView bound, ByteView plain,
                  MutableByteView into) {
  int code = 0;
  const Cipher cipher = cipher_of(key, code);
  std::size_t size = into.size();
  if (code >= 0)
    code = gnutls_aead_cipher_encrypt(cipher.get(), nonce.data(), nonce.size(), bound.data(), bound.size(),
                                      kTagBytes, plain.data(), plain.size(), into.data(), &size);
  if (code < 0) return library_error(code, "AES-256-GCM");
  return {};
}

bool unseal(const Secret& key, const Nonce& nonce, ByteView bound, ByteView sealed, MutableByteView into) {
  if (sealed.size() < kTagBytes) return false;
  int code = 0;
  const Cipher cipher = cipher_of(key, code);
  std::size_t size = into.size();
  return code >= 0 &&
         gnutls_aead_cipher_decrypt(cipher.get(), nonce.data(), nonce.size(), bound.data(), bound.size(),
                                    kTagBytes, sealed.data(), sealed.size(), into.data(), &size) >= 0;
}

}  // namespace dcdn::sign
