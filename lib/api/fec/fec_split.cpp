// fec_split of dcdn/fec.hpp.
#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>

#include "api/fec/group_reader.hpp"
#include "api/fec/parity_output.hpp"
#include "base/new_file.hpp"
#include "base/text.hpp"
#include "dcdn/fec.hpp"
#include "sink/frame_output.hpp"

namespace dcdn {

namespace {

constexpr const char* kNameInFolder = "part.dcs";

/// A file that gets its name when all of it is on disk.
class PartFile {
 public:
  static Result<PartFile> create(std::string path, bool overwrite) {
    struct stat there {};
    if (::stat(path.c_str(), &there) == 0 && S_ISDIR(there.st_mode)) path += std::string("/") + kNameInFolder;
    NewFileRules rules;
    rules.replace = overwrite;
    rules.exists_hint = "another name, or --overwrite";
    DCDN_TRY(NewFile file, NewFile::create(path, rules));
    return PartFile(escape_for_display(path), std::move(file));
  }

  [[nodiscard]] sink::FrameOutput& output() { return *output_; }
  [[nodiscard]] std::uint64_t bytes() const { return output_->bytes(); }
  [[nodiscard]] const std::string& shown() const { return shown_; }
  [[nodiscard]] bool is_same(const PartFile& other) const { return file_.is_same_name(other.file_); }
  Result<void> sync() {
    DCDN_CHECK(output_->flush());
    return file_.sync();
  }
  Result<void> finish() { return file_.finish(); }

 private:
  PartFile(std::string shown, NewFile file)
      : shown_(std::move(shown)),
        file_(std::move(file)),
        output_(std::make_unique<sink::FrameOutput>(file_.fd(), shown_)) {}

  std::string shown_;
  NewFile file_;
  std::unique_ptr<sink::FrameOutput> output_;
};

std::size_t divide_up(std::size_t a, std::size_t b) {
  return (a + b - 1) / b;
}

class Splitter : public api::GroupSink {
 public:
  Splitter(const FecSplitOptions& options, work::WorkerPool& workers, BufferPool& pool)
      : options_(options), mint_(workers, pool) {}

  Result<void> take(const pipeline::CollectedGroup& group) override {
    for (const pipeline::CollectedBlock& block : group.blocks) DCDN_CHECK(check(block));
    if (files_.empty()) DCDN_CHECK(create());
    std::vector<const pipeline::SourceBlock*> blocks;
    for (const pipeline::CollectedBlock& block : group.blocks) blocks.push_back(&block.source);
    DCDN_TRY(const auto shards, mint_.mint(blocks));
    for (std::size_t b = 0; b < blocks.size(); ++b) {
      const auto& symbols = blocks[b]->description.symbols;
      std::size_t frame = 0;
      for (std::size_t s = 0; s < symbols.size(); ++s)
        for (std::size_t f = 0; f < symbols[s].size(); ++f, ++frame)
          DCDN_CHECK(file_for(b, s).put(blocks[b]->frames[frame]));
      for (std::size_t r = 0; r < shards[b].size(); ++r)
        DCDN_CHECK(file_for(b, symbols.size() + r).put(wire::FrameType::repair_shard, shards[b][r].view()));
    }
    return {};
  }

  Result<void> finish(FecReadReport& report) override {
    for (PartFile& file : files_) DCDN_CHECK(file.sync());
    for (PartFile& file : files_) {
      DCDN_CHECK(file.finish());
      report.bytes += file.bytes();
      if (options_.on_written) options_.on_written(file.shown(), file.bytes());
    }
    return {};
  }

 private:
  struct Lane {
    sink::FrameOutput& output;
    Result<void> put(const pipeline::NamedFrame& frame) { return put(frame.type, frame.body.view()); }
    Result<void> put(wire::FrameType type, ByteView body) { return output.put(type, body); }
  };
  // Blocks begin at different files, so that all grow alike.
  Lane file_for(std::size_t block, std::size_t esi) {
    return {files_[(block + esi) % files_.size()].output()};
  }

  [[nodiscard]] Result<void> check(const pipeline::CollectedBlock& block) const {
    const std::size_t symbols = block.symbols_here.size();
    const std::size_t repairs = block.tolerance;
    const std::size_t outputs = options_.outputs.size();
    const std::size_t all = symbols + block.parity.size();
    const std::size_t each = divide_up(all, outputs);
    // With all shards gone nobody knows what the frames belong to.
    const bool told = options_.lose < std::min(outputs, repairs);
    if (each * options_.lose <= repairs && told) return {};
    const bool any_loss = block.tolerance == block.parity.size();
    return Error(Errc::usage,
                 fmt::format("{} of {} outputs can hold {} symbols of a block of {} + {}, and {} may be lost",
                             options_.lose, outputs, std::min(each * options_.lose, all), symbols,
                             block.parity.size(), repairs))
        .with_hint(any_loss ? fmt::format("encode with -m {} or more, or split to more outputs",
                                          enough(symbols, outputs, options_.lose))
                            : "encode with --codec isa-l, or split to more outputs");
  }

  static std::string enough(std::size_t symbols, std::size_t outputs, std::size_t lose) {
    for (std::size_t m = 1; symbols + m <= wire::kMaxBlockSymbols; ++m)
      if (divide_up(symbols + m, outputs) * lose <= m && lose < m) return std::to_string(m);
    return "(no number that k + m <= 255 allows)";
  }

  Result<void> create() {
    if (options_.on_promise)
      options_.on_promise(
          fmt::format("any {} of the {} outputs may be lost", options_.lose, options_.outputs.size()));
    for (const std::string& path : options_.outputs) {
      DCDN_TRY(PartFile file, PartFile::create(path, options_.overwrite));
      for (const PartFile& other : files_)
        if (file.is_same(other))
          return Error(Errc::usage, file.shown() + ": is the name of two outputs").with_hint("one disk each");
      files_.push_back(std::move(file));
    }
    return {};
  }

  const FecSplitOptions& options_;
  api::GroupMint mint_;
  std::vector<PartFile> files_;
};

}  // namespace

Result<FecReadReport> fec_split(const FecSplitOptions& options) {
  if (options.outputs.size() < 2) return Error(Errc::usage, "a split needs two outputs at least");
  if (options.lose == 0 || options.lose >= options.outputs.size())
    return Error(Errc::usage, "the number of outputs that may be lost is at least 1 and not all of them");
  using MadeSink = Result<std::unique_ptr<api::GroupSink>>;
  return api::read_groups(
      options.read, false,
      [&options](const pipeline::CollectedGroup&, work::WorkerPool& workers, BufferPool& pool) -> MadeSink {
        return MadeSink(std::make_unique<Splitter>(options, workers, pool));
      });
}

}  // namespace dcdn
