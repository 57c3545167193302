#include "sink/finish_group.hpp"

#include <utility>

namespace dcdn::sink {

void FinishGroup::add(Waiting waiting) {
  bytes_ += waiting.sink->bytes_done();
  waiting_.push_back(std::move(waiting));
}

void FinishGroup::finish() {
  const std::vector<Waiting> group = std::exchange(waiting_, {});
  bytes_ = 0;
  if (group.empty()) return;
  std::vector<Result<std::string>> paths;
  store::SyncBatch contents;
  for (const Waiting& each : group) {
    const auto staged = each.sink->stage(contents);
    paths.push_back(staged ? Result<std::string>(std::string()) : staged.error());
  }
  // What a failed sync was to save may be lost, whatever reading it says: none of them goes on.
  const auto on_disk = contents.sync("small objects");
  store::SyncBatch folders;
  for (std::size_t i = 0; i < group.size(); ++i) {
    if (!on_disk) paths[i] = on_disk.error();
    if (paths[i]) paths[i] = group[i].sink->give_name(folders);
  }
  const auto named = folders.sync("small objects");
  for (std::size_t i = 0; i < group.size(); ++i) {
    if (!named && paths[i]) paths[i] = named.error();
    group[i].done(paths[i]);
  }
}

}  // namespace dcdn::sink
