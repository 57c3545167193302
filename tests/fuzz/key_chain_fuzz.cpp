// parse_chain_names on anything: what it takes is one chain, of bounded length, that ends at the peer's key.
//
// Input: 32 bytes of key, then names, each ended by a zero. A name that begins with a capital R gets the
// right beginning: a fuzzer need not find it.
#include <algorithm>
#include <cstdlib>

#include "sign/key_chain.hpp"

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace dcdn;
  if (size < 32) return 0;
  const NodeId key = NodeId::copy_of(ByteView(data, 32));
  std::vector<std::string> names;
  std::string_view rest(reinterpret_cast<const char*>(data) + 32, size - 32);
  while (!rest.empty()) {
    const std::string_view name = rest.substr(0, rest.find('\0'));
    rest.remove_prefix(std::min(name.size() + 1, rest.size()));
    names.push_back(name.starts_with('R') ? "dcdn:rotation:" + std::string(name.substr(1))
                                          : std::string(name));
  }
  const auto chain = sign::parse_chain_names(names, key);
  require(chain.size() <= sign::kMostInCertificate);
  require(chain.empty() || chain.back().new_key == key);
  for (std::size_t i = 1; i < chain.size(); ++i) require(chain[i - 1].new_key == chain[i].old_key);
  return 0;
}
