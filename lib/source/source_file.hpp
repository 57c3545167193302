// source_file.hpp - a file that is read to be sent: where its holes are, and whether it was all there at one
// time.
#pragma once
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "base/unique_fd.hpp"
#include "digest/hasher.hpp"
#include "source/source_walk.hpp"

namespace dcdn::source {

/// Bytes of a file that are no hole.
struct DataRegion {
  std::uint64_t offset = 0;
  std::uint64_t size = 0;
  [[nodiscard]] std::uint64_t end() const { return offset + size; }
};

/// What is sent of a file is what was there when it was opened: one that grows meanwhile is sent as far as
/// that.
class SourceFile {
 public:
  /// The very file that the walk saw, or one that took its place in the same directory; no link is followed
  /// that the walk did not follow. error changed: vanished, or something else than a file since the walk.
  static Result<SourceFile> open(const SourceEntry& entry);

  /// Mode, size and time are those of when it was opened.
  [[nodiscard]] const wire::EntryBegin& begin() const { return begin_; }
  [[nodiscard]] const wire::FileLook& look() const { return look_; }
  void set_extras(Bytes extras) { begin_.extras = std::move(extras); }
  /// Which file it is, and who owns it, at that time.
  [[nodiscard]] const struct stat& status() const { return status_; }
  [[nodiscard]] int fd() const { return fd_.get(); }
  [[nodiscard]] std::uint64_t size() const { return begin_.size.value_or(0); }
  /// Until `into` is full or the file ends; returns how many bytes.
  [[nodiscard]] Result<std::size_t> read(MutableByteView into, std::uint64_t offset) const;
  /// Bytes of whole cells from `at` on that need not be read. Only asks where data does not start at once.
  std::uint64_t hole_at(std::uint64_t at, std::uint64_t cell);
  /// How much of it is holes, as far as the first ten thousand of them go.
  [[nodiscard]] std::uint64_t holes() const;
  /// There are only `bytes`, although it says more and still does: so that is its size. error changed: it was
  /// cut.
  Result<void> take_for_size(std::uint64_t bytes);
  /// Nobody has written to it since it was opened, as far as its time and size tell.
  [[nodiscard]] Result<bool> is_untouched() const;
  /// Reads the first `bytes` again. Whatever is there twice was there in between, all of it at one time; a
  /// file that only grew has it still. `digest` is that of `data`, all else was zero. error changed: it is
  /// not so; interrupted: `stopped` said so.
  [[nodiscard]] Result<void> expect_again(std::uint64_t bytes, const std::vector<DataRegion>& data,
                                          const Digest& digest, const std::function<bool()>& stopped) const;
  /// Adds what is in `region`. error changed: there is less; interrupted.
  [[nodiscard]] Result<void> hash(const DataRegion& region, digest::Hasher& hasher,
                                  const std::function<bool()>& stopped) const;
  [[nodiscard]] Error shorter() const;
  [[nodiscard]] Error not_the_same() const;

 private:
  SourceFile() = default;
  [[nodiscard]] Result<void> expect_zeros(std::uint64_t from, std::uint64_t to,
                                          const std::function<bool()>& stopped) const;
  UniqueFd fd_;
  struct stat status_ {};
  std::string shown_;
  wire::EntryBegin begin_;
  wire::FileLook look_;
  std::uint64_t data_until_ = 0;  // no hole before this offset
};

/// Says so if the time of `entry` is one that no manifest can hold. `note` may be empty.
void note_strange_time(const SourceEntry& entry, const SkipNote& note);

}  // namespace dcdn::source
