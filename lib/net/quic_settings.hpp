// quic_settings.hpp - our tunables in ngtcp2's words.
#pragma once

#include "net/quic_library.hpp"
#include "net/quic_options.hpp"

namespace dcdn::net {

ngtcp2_settings settings_from(const QuicOptions& options);
ngtcp2_transport_params parameters_from(const QuicOptions& options);
/// Longest UDP payload we ever write with these options to that address family.
std::size_t max_payload_for(const QuicOptions& options, int family);

}  // namespace dcdn::net
