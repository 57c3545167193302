// delta_args.hpp - argv of dcdn-delta as one struct.
#pragma once
#include <string>

#include "common/cli_app.hpp"
#include "dcdn/delta.hpp"

namespace dcdn::tool {

struct DeltaArgs {
  std::string command;  ///< "signature"
  DeltaCommon common;
  SignatureOptions signature;
  DeltaOptions delta;
  PatchOptions patch;
  MakeOptions make;
  ApplyOptions apply;
  NeedsOptions needs;
  CutOptions cut;
  AssembleOptions assemble;
  bool plain = false;
  bool stats = false;
  bool force = false;  ///< binary data to a terminal
};

/// error usage, config. Parsed::finished: nothing is left to do.
Result<Parsed> parse_delta_args(int argc, const char* const* argv, Report& report, DeltaArgs& args);

}  // namespace dcdn::tool
