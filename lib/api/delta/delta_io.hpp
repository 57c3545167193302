// delta_io.hpp - files and pipes of dcdn-delta: inputs by name, windows that are read ahead, outputs that get
// their name only when they are whole.
#pragma once
#include <chrono>
#include <optional>
#include <string>

#include "base/new_file.hpp"
#include "dcdn/delta.hpp"
#include "work/ahead.hpp"

namespace dcdn::api {

/// A file or, as "-", standard input.
class DeltaInput {
 public:
  /// error not_found, permission; io: a directory.
  static Result<DeltaInput> open(const std::string& path, int interrupt_fd);
  /// A regular file that is open, read from where it stands.
  static Result<DeltaInput> of(UniqueFd fd, const std::string& name, int interrupt_fd);
  /// Random access again from the first byte.
  Result<void> rewind();
  /// Until `into` is full or the input ends. error interrupted.
  Result<std::size_t> read(MutableByteView into);
  /// For random access: the file itself, or all of a pipe in an unnamed temporary file.
  Result<void> make_seekable();
  [[nodiscard]] int fd() const { return fd_.valid() ? fd_.get() : 0; }
  [[nodiscard]] const std::string& name() const { return name_; }
  /// Of a regular file.
  [[nodiscard]] std::optional<std::uint64_t> size() const { return size_; }

 private:
  UniqueFd fd_;
  int interrupt_fd_ = -1;
  std::string name_;
  std::optional<std::uint64_t> size_;
};

/// The bytes of an input in windows, the next of which is read while one is worked on. Memory: two windows.
class WindowReader {
 public:
  /// Before each window there is room for `carry_bytes` that were left over from the one before.
  WindowReader(DeltaInput& input, std::size_t window_bytes, std::size_t carry_bytes);
  ~WindowReader();
  WindowReader(const WindowReader&) = delete;
  WindowReader& operator=(const WindowReader&) = delete;

  /// The next bytes, directly after a copy of `carry`, which may lie in the window before. Valid until the
  /// call after the next. Without new bytes it is the end.
  struct Window {
    ByteView all;
    ByteView fresh;
    bool last = false;
  };
  Result<Window> next(ByteView carry);

 private:
  void read_ahead();

  DeltaInput& input_;
  std::size_t window_bytes_;
  std::size_t carry_bytes_;
  Bytes buffers_[2];
  std::size_t current_ = 0;
  work::Ahead<Result<std::size_t>> ahead_;
};

/// A file that gets its name in finish(), with holes where it has nothing but zeros, or standard output.
class DeltaOutput {
 public:
  enum class Kind {
    flowing,  ///< standard output gets every byte at once
    held,     ///< also standard output gets nothing before finish()
  };
  /// error as NewFile; io: no temporary file. What was not finished leaves no file.
  static Result<DeltaOutput> open(const DeltaCommon& common, Kind kind);

  Result<void> write(ByteView bytes);
  [[nodiscard]] std::uint64_t bytes() const { return bytes_; }
  /// For held outputs: what was written so far, and may be written elsewhere.
  [[nodiscard]] int fd() const { return file_ ? file_->fd() : held_.get(); }
  /// What was written past write() counts as well.
  void wrote(std::uint64_t bytes) { bytes_ += bytes; }
  Result<void> finish(int interrupt_fd);

 private:
  DeltaOutput() = default;
  Result<void> copy_out(int interrupt_fd);

  // Neither: standard output as it flows.
  std::optional<NewFile> file_;
  UniqueFd held_;  // for standard output
  std::string name_ = "standard output";
  std::uint64_t bytes_ = 0;
};

/// A file in memory, as far as it is looked at. It must not get shorter meanwhile: that ends the process.
class MappedFile {
 public:
  /// error io. `writable`: what is written into it goes to the file.
  static Result<MappedFile> map(int fd, std::uint64_t size, bool writable, const std::string& name);
  MappedFile(MappedFile&& other) noexcept : bytes_(std::exchange(other.bytes_, {})) {}
  MappedFile& operator=(MappedFile&&) = delete;
  ~MappedFile();
  [[nodiscard]] ByteView view() const { return bytes_; }
  [[nodiscard]] MutableByteView writable() const { return bytes_; }

 private:
  explicit MappedFile(MutableByteView bytes) : bytes_(bytes) {}
  MutableByteView bytes_;
};

/// An unnamed file in $TMPDIR or /tmp. error io, no_space.
Result<UniqueFd> temporary_file();
/// error interrupted.
Result<void> check_interrupt(int interrupt_fd);

/// Tells a ProgressSink how far the work is, at most ten times a second.
class WorkProgress {
 public:
  WorkProgress(ProgressSink* sink, std::string state, std::optional<std::uint64_t> total);
  void at(std::uint64_t done);
  [[nodiscard]] double seconds() const;

 private:
  ProgressSink* sink_;
  Progress progress_;
  std::chrono::steady_clock::time_point began_;
  std::chrono::steady_clock::time_point shown_;
};

}  // namespace dcdn::api
