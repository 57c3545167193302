// fec_args.hpp - argv of dcdn-fec as one struct.
#pragma once
#include <string>
#include <vector>

#include "common/cli_app.hpp"
#include "dcdn/fec.hpp"

namespace dcdn::tool {

struct FecArgs {
  std::string command;
  FecEncodeOptions encode;
  FecGoals goals;
  FecReadOptions read;
  FecSplitOptions split;
  std::string input = "-";         ///< encode: FILE
  std::vector<std::string> files;  ///< the others: FILE...; split: OUTPUT...
  bool raw = false;
  bool stream = false;
  bool force = false;
  std::string split_input;  ///< split --from
  unsigned threads = 0;
};

/// error usage, config. Parsed::finished: nothing is left to do.
Result<Parsed> parse_fec_args(int argc, const char* const* argv, Report& report, FecArgs& args);

}  // namespace dcdn::tool
