// group_reader.hpp - the way from damaged inputs to whole groups, whoever takes them.
#pragma once
#include <functional>
#include <memory>

#include "dcdn/fec.hpp"
#include "pipeline/group_collector.hpp"
#include "work/stage.hpp"
#include "work/worker_pool.hpp"

namespace dcdn::api {

/// Where whole groups go, in order. Threads  take: another one than the one that called read_groups; the rest
/// after it.
class GroupSink {
 public:
  virtual ~GroupSink() = default;
  virtual Result<void> take(const pipeline::CollectedGroup& group) = 0;
  /// Waits until what was taken is written, also when no more will come.
  virtual Result<void> settle() { return {}; }
  /// Everything came. Fills in report.bytes.
  virtual Result<void> finish(FecReadReport& report) = 0;
};

/// Called once, with the first group.
using MakeSink = std::function<Result<std::unique_ptr<GroupSink>>(
    const pipeline::CollectedGroup& first, work::WorkerPool& workers, BufferPool& pool)>;

/// Reads to the end, recovers what is lost, hands on every group of every encoding. `content`: bytes are
/// wanted back, so only one encoding of bytes may be there. error incomplete, corrupt, limit as fec_decode();
/// what the sink says.
Result<FecReadReport> read_groups(const FecReadOptions& options, bool content, const MakeSink& make_sink);

}  // namespace dcdn::api
