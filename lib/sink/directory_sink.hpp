// directory_sink.hpp - an incoming object into a directory.
#pragma once
#include <memory>
#include <string>
#include <vector>

#include "pace/basis_choice.hpp"
#include "sink/object_sink.hpp"
#include "store/part_object.hpp"
#include "store/receive_dir.hpp"

namespace dcdn::sink {

/// Which older files a directory sink may use, and what it takes to decide whether that pays.
struct OlderFiles {
  bool use = false;
  std::vector<std::string> named;  ///< --basis: files and directories
  std::uint32_t object = 0;        ///< its number in the session
  std::optional<std::uint64_t> content_bytes;
  pace::LinkGuess link;
};

/// Into a directory, through a staging folder (store/part_object.hpp). An object that was delivered before
/// and is still in place is recognised and only answered, so that a lost receipt does no harm.
std::unique_ptr<ObjectSink> make_directory_sink(std::shared_ptr<store::ReceiveDir> dir,
                                                store::PartObject::Options options, std::string delivered_dir,
                                                OlderFiles older = {});

}  // namespace dcdn::sink
