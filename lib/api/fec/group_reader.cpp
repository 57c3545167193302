#include "api/fec/group_reader.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "api/fec/parity_input.hpp"

namespace dcdn::api {

namespace {

// Two groups of the usual geometry and their parity, in blocks of the next power of two: with less, every
// group would be new memory that the kernel has to clear first.
constexpr std::size_t kPoolBytes = 320u << 20;
constexpr const char* kMore =
    "give it more of what was encoded: dcdn-fec verify tells what is missing; "
    "for media that get scratched, encode with --chunk-size 16KiB";

Error lost_error(const pipeline::CollectedGroup& group) {
  if (group.absent_before > 0)
    return Error(Errc::incomplete, fmt::format("{} groups from group {} on: nothing of their parity is here",
                                               group.absent_before, group.number - group.absent_before))
        .with_hint(kMore);
  for (std::size_t b = 0; b < group.blocks.size(); ++b) {
    const pipeline::CollectedBlock& block = group.blocks[b];
    const std::string where = fmt::format("group {}, block {}", group.number, b);
    if (!block.known)
      return Error(Errc::incomplete, where + ": none of its repair shards is here").with_hint(kMore);
    if (block.recoverable()) continue;
    const wire::BlockDescription& description = block.source.description;
    const auto code = fec::BlockCode::make({description.code, false}, pipeline::code_shape(description));
    if (!code) return code.error().during(where);
    const std::size_t lost = block.lost_symbols();
    const std::size_t shards = block.parity.size() - block.lost_shards();
    return Error(Errc::incomplete,
                 fmt::format("{}: {} of its {} symbols are missing and {} of its {} repair "
                             "shards are here: {} more are needed",
                             where, lost, block.symbols_here.size(), shards, block.parity.size(),
                             lost + block.lost_shards() - block.tolerance))
        .with_hint(kMore);
  }
  return {Errc::internal, "a group that can be recovered was not"};
}

Error several_encodings() {
  return Error(Errc::usage, "the input holds more than one encoding of bytes")
      .with_hint("decode them one at a time; dcdn-fec info lists them");
}

/// Of a group that can be recovered: every block of it is known.
const wire::FrameName& name_of(const pipeline::CollectedGroup& group) {
  return group.blocks.front().source.description.encoding;
}

class Reader {
 public:
  Reader(const FecReadOptions& options, bool content, const MakeSink& make_sink)
      : options_(options),
        content_(content),
        make_sink_(make_sink),
        workers_(options.threads),
        input_(options, workers_, pool_),
        giving_(options.threads != 1, 1, [this](pipeline::CollectedGroup& group) { return give(group); }) {
    pipeline::GroupCollector::Options collect;
    collect.hold_bytes = options.hold_bytes;
    collector_.emplace(collect);
  }

  Result<FecReadReport> run() {
    DCDN_CHECK(input_.open());
    if (content_) at_the_ends_ = input_.encodings_at_the_ends();
    auto read = read_all();
    // What can be given is given also when the rest is lost.
    auto given = giving_.drain();
    if (given && sink_) given = sink_->settle();
    DCDN_CHECK(read);
    DCDN_CHECK(given);
    if (sink_) DCDN_CHECK(sink_->finish(report_));
    return report_;
  }

 private:
  Result<void> read_all() {
    for (bool more = true; more;) {
      DCDN_TRY(more, input_.feed(*collector_));
      // cppcheck-suppress accessMoved  // each time it is another
      while (auto group = collector_->next()) DCDN_CHECK(giving_.put(*std::move(group)));
      if (collector_->over_limit()) return too_much();
    }
    report_.damaged_bytes = input_.damaged_bytes();
    report_.bad_frames = input_.bad_frames() + collector_->counts().bad_shards;
    report_.unreadable_bytes = input_.unreadable_bytes();
    report_.missing_inputs = input_.missing_inputs();
    report_.late_symbols = collector_->counts().late_symbols;
    report_.encodings = collector_->encodings();
    return end();
  }

  Result<void> end() {
    auto rest = collector_->take_rest();
    if (collector_->encodings() == 0)
      return Error(Errc::corrupt, "there is no repair shard in the input")
          .with_hint("dcdn-fec encode makes them; a chunk stream without any can be read as it is");
    report_.unclaimed_frames = rest.unclaimed_frames + collector_->counts().forgotten;
    std::optional<Error> lost;
    for (pipeline::CollectedGroup& group : rest.groups) {
      if (!lost && (group.absent_before > 0 || !group.recoverable())) lost = lost_error(group);
      if (lost) break;
      DCDN_CHECK(giving_.put(std::move(group)));
    }
    if (!lost && !rest.ended)
      lost = Error(Errc::incomplete, fmt::format("the end is missing: {} frames belong to no known block",
                                                 report_.unclaimed_frames))
                 .with_hint(kMore);
    return lost ? Result<void>(*lost) : Result<void>();
  }

  Error too_much() {
    return Error(Errc::limit,
                 fmt::format("more than {} bytes wait for a part that did not come yet", options_.hold_bytes))
        .with_hint("give the files as arguments, so that they are read side by side, or allow more: --hold");
  }

  // From here on: on the stage's thread, so that recovering and writing happen while more is read.
  Result<void> give(pipeline::CollectedGroup& group) {
    if (!sink_) {
      report_.raw = group.raw;
      encoding_ = group.encoding;
      for (const EncodingSeen& other : at_the_ends_)
        if (other.name != name_of(group) && (other.raw || group.raw)) return several_encodings();
      DCDN_TRY(sink_, make_sink_(group, workers_, pool_));
    }
    if (content_ && group.encoding != encoding_ && (group.raw || report_.raw)) return several_encodings();
    DCDN_CHECK(recover(group));
    ++report_.groups;
    report_.blocks += group.blocks.size();
    return sink_->take(group);
  }

  Result<void> recover(pipeline::CollectedGroup& group) {
    if (codes_.size() < group.blocks.size()) codes_.resize(group.blocks.size());
    for (const pipeline::CollectedBlock& block : group.blocks)
      report_.recovered_symbols += block.lost_symbols();
    std::vector<std::optional<Error>> errors(group.blocks.size());
    workers_.run(group.blocks.size(), [&](std::size_t b) {
      if (group.blocks[b].lost_symbols() == 0) return;
      const auto done = recover_block(group.blocks[b], codes_[b], pool_);
      if (!done) errors[b] = done.error().during(fmt::format("group {}, block {}", group.number, b));
    });
    for (const auto& error : errors)
      if (error) return *error;
    for (const pipeline::CollectedBlock& block : group.blocks)
      for (std::size_t i = 0; i < block.source.frames.size(); ++i)
        if (!block.frames_here[i]) report_.recovered_bytes += block.source.frames[i].body.size();
    return {};
  }

  const FecReadOptions& options_;
  bool content_;
  const MakeSink& make_sink_;
  work::WorkerPool workers_;
  BufferPool pool_{kPoolBytes};
  ParityInput input_;
  std::optional<pipeline::GroupCollector> collector_;
  std::vector<pipeline::CodeKeeper> codes_;  // by block
  std::unique_ptr<GroupSink> sink_;
  std::size_t encoding_ = 0;
  std::vector<EncodingSeen> at_the_ends_;  // of the inputs, before anything was read
  FecReadReport report_;  // groups, blocks, recovered symbols and raw: the stage's, until it is drained
  work::Stage<pipeline::CollectedGroup> giving_;
};

}  // namespace

Result<FecReadReport> read_groups(const FecReadOptions& options, bool content, const MakeSink& make_sink) {
  return Reader(options, content, make_sink).run();
}

}  // namespace dcdn::api
