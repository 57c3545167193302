// fec_split of dcdn/fec.hpp.
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "api/fec/group_reader.hpp"
#include "api/fec/parity_output.hpp"
#include "base/text.hpp"
#include "base/unique_fd.hpp"
#include "dcdn/fec.hpp"
#include "sink/frame_output.hpp"

namespace dcdn {

namespace {

constexpr const char* kNameInFolder = "part.dcs";

/// A file that gets its name when all of it is on disk. Until then it is NAME.part, and goes away with this.
class PartFile {
 public:
  explicit PartFile(std::string path) : path_(std::move(path)) {
    struct stat there {};
    if (::stat(path_.c_str(), &there) == 0 && S_ISDIR(there.st_mode))
      path_ += std::string("/") + kNameInFolder;
  }
  ~PartFile() {
    if (fd_.valid()) ::unlink(part().c_str());
  }
  PartFile(const PartFile&) = delete;
  PartFile& operator=(const PartFile&) = delete;

  Result<void> create(bool overwrite) {
    struct stat there {};
    if (!overwrite && ::lstat(path_.c_str(), &there) == 0)
      return Error(Errc::exists, shown() + ": exists").with_hint("another name, or --overwrite");
    fd_.reset(::open(part().c_str(), O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0666));
    if (!fd_.valid()) return errno_error(errno, shown() + ".part: open");
    // One that a killed process left is taken over; one that is being written is locked.
    if (::flock(fd_.get(), LOCK_EX | LOCK_NB) != 0 || !is_still_named()) {
      fd_.reset();  // not ours to remove
      return Error(Errc::locked, shown() + ".part: another process writes it")
          .with_hint("wait until it ends");
    }
    if (::ftruncate(fd_.get(), 0) != 0) return errno_error(errno, shown() + ".part: truncate");
    output_ = std::make_unique<sink::FrameOutput>(fd_.get(), shown());
    return {};
  }
  [[nodiscard]] sink::FrameOutput& output() { return *output_; }
  [[nodiscard]] std::uint64_t bytes() const { return output_->bytes(); }
  [[nodiscard]] const std::string& path() const { return path_; }
  Result<void> finish() {
    DCDN_CHECK(output_->flush());
    if (::fsync(fd_.get()) != 0) return errno_error(errno, shown() + ": fsync");
    if (::rename(part().c_str(), path_.c_str()) != 0) return errno_error(errno, shown() + ": rename");
    fd_.reset();
    return sync_folder(folder_of(path_));
  }

 private:
  // Whoever had the lock before may have renamed it to its final name meanwhile.
  [[nodiscard]] bool is_still_named() const {
    struct stat ours {};
    struct stat named {};
    return ::fstat(fd_.get(), &ours) == 0 && ::lstat(part().c_str(), &named) == 0 &&
           ours.st_ino == named.st_ino && ours.st_dev == named.st_dev && S_ISREG(ours.st_mode);
  }
  [[nodiscard]] std::string part() const { return path_ + ".part"; }
  [[nodiscard]] std::string shown() const { return escape_for_display(path_); }
  std::string path_;
  UniqueFd fd_;
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
    for (auto& file : files_) {
      DCDN_CHECK(file->finish());
      report.bytes += file->bytes();
      if (options_.on_written) options_.on_written(escape_for_display(file->path()), file->bytes());
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
    return {files_[(block + esi) % files_.size()]->output()};
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
      auto file = std::make_unique<PartFile>(path);
      DCDN_CHECK(file->create(options_.overwrite));
      files_.push_back(std::move(file));
    }
    return {};
  }

  const FecSplitOptions& options_;
  api::GroupMint mint_;
  std::vector<std::unique_ptr<PartFile>> files_;
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
