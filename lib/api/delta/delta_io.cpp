#include "api/delta/delta_io.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>

#include "base/sparse.hpp"
#include "base/text.hpp"
#include "source/input.hpp"

namespace dcdn::api {

namespace {

constexpr const char* kInterrupted = "interrupted";
constexpr std::size_t kCopyBytes = 1u << 20;
constexpr auto kProgressInterval = std::chrono::milliseconds(100);
constexpr double kQuietSeconds = 1;  // what is over by then needs no display

/// Files of the kernel (/proc) have a size of 0 and content.
bool says_its_size(int fd, const struct stat& info) {
  std::uint8_t byte = 0;
  return info.st_size > 0 || ::pread(fd, &byte, 1, 0) == 0;
}

}  // namespace

Result<void> check_interrupt(int interrupt_fd) {
  if (source::readable(interrupt_fd)) return Error(Errc::interrupted, kInterrupted);
  return {};
}

Result<UniqueFd> temporary_file() {
  const char* chosen = std::getenv("TMPDIR");
  auto file = open_unnamed(chosen != nullptr && *chosen != 0 ? chosen : "/tmp");
  if (!file) return file.error().with_hint("TMPDIR names the folder");
  return file;
}

Result<DeltaInput> DeltaInput::open(const std::string& path, int interrupt_fd) {
  DeltaInput input;
  input.interrupt_fd_ = interrupt_fd;
  input.name_ = path == "-" ? "standard input" : path;
  if (path != "-") {
    input.fd_.reset(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!input.fd_.valid()) return errno_error(errno, path);
  }
  struct stat info {};
  if (::fstat(input.fd(), &info) != 0) return errno_error(errno, input.name_);
  // What stands in for a standard input that was closed is a directory too; reading it says what is wrong.
  if (S_ISDIR(info.st_mode) && path != "-") return Error(Errc::io, input.name_ + ": is a directory");
  // A standard input that was read from before is a stream: its size says nothing.
  if (S_ISREG(info.st_mode) && ::lseek(input.fd(), 0, SEEK_CUR) == 0 && says_its_size(input.fd(), info))
    input.size_ = static_cast<std::uint64_t>(info.st_size);
  return input;
}

Result<DeltaInput> DeltaInput::of(UniqueFd fd, const std::string& name, int interrupt_fd) {
  DeltaInput input;
  struct stat info {};
  if (::fstat(fd.get(), &info) != 0) return errno_error(errno, name);
  input.fd_ = std::move(fd);
  input.interrupt_fd_ = interrupt_fd;
  input.name_ = name;
  input.size_ = static_cast<std::uint64_t>(info.st_size);
  return input;
}

Result<void> DeltaInput::rewind() {
  return ::lseek(fd(), 0, SEEK_SET) == 0 ? Result<void>() : errno_error(errno, name_ + ": seek");
}

Result<MappedFile> MappedFile::map(int fd, std::uint64_t size, bool writable, const std::string& name) {
  if (size == 0) return MappedFile({});
  void* at = ::mmap(nullptr, size, writable ? PROT_READ | PROT_WRITE : PROT_READ,
                    writable ? MAP_SHARED : MAP_PRIVATE, fd, 0);
  if (at == MAP_FAILED) return errno_error(errno, name + ": map");
  return MappedFile({static_cast<std::uint8_t*>(at), static_cast<std::size_t>(size)});
}

MappedFile::~MappedFile() {
  if (!bytes_.empty()) ::munmap(bytes_.data(), bytes_.size());
}

Result<std::size_t> DeltaInput::read(MutableByteView into) {
  return source::Input(fd(), name_, {interrupt_fd_, {}, kInterrupted}).read_full(into);
}

Result<void> DeltaInput::make_seekable() {
  if (size_) return {};
  DCDN_TRY(UniqueFd file, temporary_file());
  Bytes block(kCopyBytes);
  std::uint64_t total = 0;
  for (;;) {
    DCDN_TRY(const std::size_t got, read(block));
    DCDN_CHECK(write_all(file.get(), ByteView(block).first(got), name_ + ": temporary file"));
    total += got;
    if (got < block.size()) break;
  }
  if (::lseek(file.get(), 0, SEEK_SET) != 0) return errno_error(errno, name_ + ": seek");
  fd_ = std::move(file);
  size_ = total;
  return {};
}

WindowReader::WindowReader(DeltaInput& input, std::size_t window_bytes, std::size_t carry_bytes)
    : input_(input), window_bytes_(window_bytes), carry_bytes_(carry_bytes) {
  // A small file needs no big buffers.
  if (const auto size = input.size())
    window_bytes_ = static_cast<std::size_t>(std::clamp<std::uint64_t>(*size + 1, 1, window_bytes));
  for (Bytes& buffer : buffers_) buffer.resize(carry_bytes_ + window_bytes_);
  read_ahead();
}

WindowReader::~WindowReader() {
  if (ahead_.valid()) ahead_.wait();
}

void WindowReader::read_ahead() {
  const MutableByteView into = MutableByteView(buffers_[current_]).subspan(carry_bytes_);
  ahead_ = work::start_ahead([this, into] { return input_.read(into); });
}

Result<WindowReader::Window> WindowReader::next(ByteView carry) {
  DCDN_TRY(const std::size_t got, ahead_.get());
  std::uint8_t* fresh = buffers_[current_].data() + carry_bytes_;
  std::copy(carry.begin(), carry.end(), fresh - carry.size());
  Window window{{fresh - carry.size(), carry.size() + got}, {fresh, got}, got < window_bytes_};
  current_ = 1 - current_;
  if (!window.last) read_ahead();
  return window;
}

Result<DeltaOutput> DeltaOutput::open(const DeltaCommon& common, Kind kind) {
  DeltaOutput output;
  if (common.output == "-") {
    if (kind == Kind::flowing) return output;
    DCDN_TRY(output.held_, temporary_file());
    output.name_ = "temporary file";
    return output;
  }
  NewFileRules rules;
  rules.replace = common.overwrite;
  rules.exists_hint = "--overwrite replaces it";
  DCDN_TRY(NewFile file, NewFile::create(common.output, rules));
  output.file_.emplace(std::move(file));
  output.name_ = escape_for_display(common.output);
  return output;
}

Result<void> DeltaOutput::write(ByteView bytes) {
  const std::uint64_t at = std::exchange(bytes_, bytes_ + bytes.size());
  if (fd() < 0) return write_all(STDOUT_FILENO, bytes, name_);
  return write_sparse_at(fd(), bytes, at, name_);
}

Result<void> DeltaOutput::copy_out(int interrupt_fd) {
  Bytes block(kCopyBytes);
  for (std::uint64_t at = 0;;) {
    DCDN_CHECK(check_interrupt(interrupt_fd));
    DCDN_TRY(const std::size_t got, read_full_at(fd(), block, at, name_));
    DCDN_CHECK(write_all(STDOUT_FILENO, ByteView(block).first(got), "standard output"));
    at += got;
    if (got < block.size()) return {};
  }
}

Result<void> DeltaOutput::finish(int interrupt_fd) {
  if (fd() < 0) return {};
  // Where it ends in a hole.
  if (::ftruncate(fd(), static_cast<off_t>(bytes_)) != 0) return errno_error(errno, name_ + ": set the size");
  return file_ ? file_->finish() : copy_out(interrupt_fd);
}

WorkProgress::WorkProgress(ProgressSink* sink, std::string state, std::optional<std::uint64_t> total)
    : sink_(sink), began_(std::chrono::steady_clock::now()), shown_(began_) {
  progress_.state = std::move(state);
  progress_.bytes_total = total;
}

double WorkProgress::seconds() const {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - began_).count();
}

void WorkProgress::at(std::uint64_t done) {
  const auto now = std::chrono::steady_clock::now();
  if (sink_ == nullptr || now - shown_ < kProgressInterval || seconds() < kQuietSeconds) return;
  const double since = std::chrono::duration<double>(now - shown_).count();
  progress_.rate_now = static_cast<double>(done - progress_.bytes_done) / since;
  progress_.rate_average = static_cast<double>(done) / seconds();
  progress_.bytes_done = done;
  if (progress_.bytes_total && progress_.rate_average > 0 && *progress_.bytes_total >= done)
    progress_.eta = std::chrono::seconds(static_cast<std::int64_t>(
        static_cast<double>(*progress_.bytes_total - done) / progress_.rate_average));
  shown_ = now;
  sink_->on_progress(progress_);
}

}  // namespace dcdn::api
