// quic_library.hpp - ngtcp2 as all of lib/net sees it: the names of version 1, also where the library is
// 0.12.
//
// What differs between the two is here and nowhere else. When the last system with 0.12 is gone, so is the
// first half.
//
// Source   ngtcp2 0.12.1 (Debian 12) and 1.x (Debian 13 has 1.11): ngtcp2.h of each
#pragma once
#include <ngtcp2/ngtcp2.h>

#include <cstdint>

#include "dcdn/bytes.hpp"

#if NGTCP2_VERSION_NUM < 0x010000

using ngtcp2_ccerr = ngtcp2_connection_close_error;
using ngtcp2_conn_info = ngtcp2_conn_stat;
inline constexpr auto NGTCP2_CCERR_TYPE_APPLICATION = NGTCP2_CONNECTION_CLOSE_ERROR_CODE_TYPE_APPLICATION;

inline void ngtcp2_ccerr_default(ngtcp2_ccerr* error) {
  ngtcp2_connection_close_error_default(error);
}
inline void ngtcp2_ccerr_set_transport_error(ngtcp2_ccerr* error, std::uint64_t code,
                                             const std::uint8_t* reason, std::size_t size) {
  ngtcp2_connection_close_error_set_transport_error(error, code, reason, size);
}
inline void ngtcp2_ccerr_set_liberr(ngtcp2_ccerr* error, int failure, const std::uint8_t* reason,
                                    std::size_t size) {
  ngtcp2_connection_close_error_set_transport_error_liberr(error, failure, reason, size);
}
inline void ngtcp2_ccerr_set_tls_alert(ngtcp2_ccerr* error, std::uint8_t alert, const std::uint8_t* reason,
                                       std::size_t size) {
  ngtcp2_connection_close_error_set_transport_error_tls_alert(error, alert, reason, size);
}
inline void ngtcp2_ccerr_set_application_error(ngtcp2_ccerr* error, std::uint64_t code,
                                               const std::uint8_t* reason, std::size_t size) {
  ngtcp2_connection_close_error_set_application_error(error, code, reason, size);
}
inline void ngtcp2_conn_get_conn_info(ngtcp2_conn* conn, ngtcp2_conn_info* info) {
  ngtcp2_conn_get_conn_stat(conn, info);
}

namespace dcdn::net {

/// How the peer said that the connection is over; its reason lives as long as `conn`.
inline ngtcp2_ccerr close_of_peer(ngtcp2_conn* conn) {
  ngtcp2_ccerr said;
  ngtcp2_conn_get_connection_close_error(conn, &said);
  return said;
}
inline void shut_stream(ngtcp2_conn* conn, std::int64_t id, std::uint64_t code) {
  ngtcp2_conn_shutdown_stream(conn, id, code);
}
inline ByteView token_of(const ngtcp2_pkt_hd& first) {
  return {first.token.base, first.token.len};
}
/// `first` answers a Retry packet: its token is proved.
inline void set_token(ngtcp2_settings& settings, const ngtcp2_pkt_hd& first) {
  settings.token = first.token;
}
inline void set_original_id(ngtcp2_transport_params& parameters, const ngtcp2_cid& id) {
  parameters.original_dcid = id;
}
/// The controller's rate in bytes a nanosecond, 0 if it is not told. It is kept only if nobody is ever late.
inline double pacing_rate(const ngtcp2_conn_info& info) {
  return info.pacing_rate;
}
inline constexpr bool kMakesUpForLateness = false;

/// A callback of ngtcp2's that tells `Told` which path proved to work.
template <void (*Told)(const ngtcp2_path& path, void* user)>
int on_path_validation(ngtcp2_conn*, std::uint32_t, const ngtcp2_path* path,
                       ngtcp2_path_validation_result result, void* user) {
  if (result == NGTCP2_PATH_VALIDATION_RESULT_SUCCESS) Told(*path, user);
  return 0;
}

}  // namespace dcdn::net

#else

namespace dcdn::net {

inline ngtcp2_ccerr close_of_peer(ngtcp2_conn* conn) {
  return *ngtcp2_conn_get_ccerr(conn);
}
inline void shut_stream(ngtcp2_conn* conn, std::int64_t id, std::uint64_t code) {
  ngtcp2_conn_shutdown_stream(conn, 0, id, code);
}
inline ByteView token_of(const ngtcp2_pkt_hd& first) {
  return {first.token, first.tokenlen};
}
inline void set_token(ngtcp2_settings& settings, const ngtcp2_pkt_hd& first) {
  settings.token = first.token;
  settings.tokenlen = first.tokenlen;
  settings.token_type = NGTCP2_TOKEN_TYPE_RETRY;
}
inline void set_original_id(ngtcp2_transport_params& parameters, const ngtcp2_cid& id) {
  parameters.original_dcid = id;
  parameters.original_dcid_present = 1;
}
inline double pacing_rate(const ngtcp2_conn_info&) {
  return 0;
}
inline constexpr bool kMakesUpForLateness = true;

template <void (*Told)(const ngtcp2_path& path, void* user)>
int on_path_validation(ngtcp2_conn*, std::uint32_t, const ngtcp2_path* path, const ngtcp2_path*,
                       ngtcp2_path_validation_result result, void* user) {
  if (result == NGTCP2_PATH_VALIDATION_RESULT_SUCCESS) Told(*path, user);
  return 0;
}

}  // namespace dcdn::net

#endif
