// fec_survey of dcdn/fec.hpp.
#include <algorithm>

#include "api/fec/parity_input.hpp"
#include "dcdn/fec.hpp"

namespace dcdn {

namespace {

constexpr std::size_t kPoolBytes = 16u << 20;

class Surveyor {
 public:
  void take(const pipeline::CollectedGroup& group) {
    if (survey_.encodings.size() <= group.encoding) survey_.encodings.resize(group.encoding + 1);
    FecEncoding& encoding = survey_.encodings[group.encoding];
    encoding.raw = group.raw;
    encoding.ended = encoding.ended || group.last;
    encoding.groups += 1 + group.absent_before;
    encoding.absent_groups += group.absent_before;
    encoding.blocks += group.blocks.size();
    encoding.interleave = std::max(encoding.interleave, static_cast<unsigned>(group.blocks.size()));
    for (std::size_t b = 0; b < group.blocks.size(); ++b) take(group, b, encoding);
  }
  FecSurvey& survey() { return survey_; }

 private:
  void take(const pipeline::CollectedGroup& group, std::size_t number, FecEncoding& encoding) {
    const pipeline::CollectedBlock& block = group.blocks[number];
    const wire::BlockDescription& description = block.source.description;
    const std::size_t lost_symbols = block.lost_symbols();
    const std::size_t lost_shards = block.lost_shards();
    if (block.known) {
      encoding.codec = fec::code_name(description.code);
      encoding.sources = std::max(encoding.sources, static_cast<unsigned>(description.symbols.size()));
      encoding.repairs = std::max(encoding.repairs, description.repairs);
      encoding.symbol_bytes = std::max<std::uint64_t>(encoding.symbol_bytes, description.symbol_bytes);
      for (const auto& symbol : description.symbols)
        for (const wire::CodedFrame& frame : symbol)
          encoding.source_bytes += wire::kHeaderBytes + frame.body_bytes;
    }
    encoding.symbols += block.symbols_here.size();
    encoding.lost_symbols += lost_symbols;
    encoding.shards += block.parity.size();
    encoding.lost_shards += lost_shards;
    if (block.known && lost_symbols == 0 && lost_shards == 0) return;
    survey_.damaged.push_back({group.encoding, group.number, number, block.symbols_here.size(), lost_symbols,
                               block.parity.size(), lost_shards, block.recoverable()});
  }

  FecSurvey survey_;
};

}  // namespace

bool FecSurvey::intact() const {
  return damaged.empty() && recoverable();
}

bool FecSurvey::recoverable() const {
  const auto whole = [](const FecEncoding& encoding) {
    return encoding.ended && encoding.absent_groups == 0;
  };
  const auto good = [](const FecBlockState& block) { return block.recoverable; };
  return std::all_of(encodings.begin(), encodings.end(), whole) &&
         std::all_of(damaged.begin(), damaged.end(), good);
}

Result<FecSurvey> fec_survey(const FecReadOptions& options) {
  work::WorkerPool workers(options.threads);
  BufferPool pool(kPoolBytes);
  api::ParityInput input(options, workers, pool);
  pipeline::GroupCollector::Options collect;
  collect.give = pipeline::GiveWhen::intact;
  collect.keep_bodies = false;
  collect.hold_bytes = options.hold_bytes;
  pipeline::GroupCollector collector(collect);
  Surveyor surveyor;
  DCDN_CHECK(input.open());
  for (bool more = true; more;) {
    DCDN_TRY(more, input.feed(collector));
    while (const auto group = collector.next()) surveyor.take(*group);
    if (collector.over_limit())
      return Error(Errc::limit, "what is known of damaged blocks takes more memory than --hold allows");
  }
  const auto rest = collector.take_rest();
  for (const auto& group : rest.groups) surveyor.take(group);
  if (collector.encodings() == 0)
    return Error(Errc::corrupt, "there is no repair shard in the input")
        .with_hint("dcdn-fec encode makes them");
  FecSurvey& survey = surveyor.survey();
  survey.damaged_bytes = input.damaged_bytes();
  survey.unreadable_bytes = input.unreadable_bytes();
  survey.missing_inputs = input.missing_inputs();
  survey.bad_frames = input.bad_frames() + collector.counts().bad_shards;
  survey.unclaimed_frames = rest.unclaimed_frames + collector.counts().forgotten;
  return survey;
}

}  // namespace dcdn
