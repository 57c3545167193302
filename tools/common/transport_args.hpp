// transport_args.hpp - the options of the QUIC transport, the same in every tool that uses the network.
#pragma once
#include "common/option_table.hpp"
#include "dcdn/transport.hpp"

namespace dcdn::tool {

void add_transport_options(Command& command, TransportOptions& transport);

}  // namespace dcdn::tool
