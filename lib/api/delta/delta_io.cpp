#include "api/delta/delta_io.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>

#include "base/random.hpp"
#include "base/text.hpp"
#include "source/input.hpp"

namespace dcdn::api {

namespace {

constexpr const char* kInterrupted = "interrupted";
constexpr std::size_t kCopyBytes = 1u << 20;
constexpr mode_t kFileMode = 0666;  // as the umask allows
constexpr auto kProgressInterval = std::chrono::milliseconds(100);
constexpr double kQuietSeconds = 1;  // what is over by then needs no display

Error output_exists(const std::string& path) {
  return Error(Errc::exists, path + ": exists already").with_hint("--overwrite replaces it");
}

}  // namespace

Result<void> check_interrupt(int interrupt_fd) {
  if (source::readable(interrupt_fd)) return Error(Errc::interrupted, kInterrupted);
  return {};
}

Result<UniqueFd> temporary_file() {
  const char* chosen = std::getenv("TMPDIR");
  std::string path = std::string(chosen != nullptr && *chosen != 0 ? chosen : "/tmp") + "/dcdn-delta.XXXXXX";
  UniqueFd fd(::mkostemp(path.data(), O_CLOEXEC));
  if (!fd.valid()) return errno_error(errno, path + ": create").with_hint("TMPDIR names the folder");
  ::unlink(path.c_str());
  return fd;
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
  if (S_ISDIR(info.st_mode)) return Error(Errc::io, path + ": is a directory");
  // A standard input that was read from before is a stream: its size says nothing.
  if (S_ISREG(info.st_mode) && ::lseek(input.fd(), 0, SEEK_CUR) == 0)
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
  output.overwrite_ = common.overwrite;
  output.durable_ = kind == Kind::held;
  if (common.output == "-") {
    if (kind == Kind::flowing) return output;
    DCDN_TRY(output.fd_, temporary_file());
    return output;
  }
  struct stat info {};
  if (!common.overwrite && ::lstat(common.output.c_str(), &info) == 0) return output_exists(common.output);
  std::array<std::uint8_t, 8> unique;
  random_bytes(unique);
  output.path_ = common.output;
  output.beside_ = common.output + ".new." + to_hex(unique);
  output.fd_.reset(::open(output.beside_.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, kFileMode));
  if (!output.fd_.valid()) return errno_error(errno, std::exchange(output.beside_, "") + ": create");
  return output;
}

DeltaOutput::DeltaOutput(DeltaOutput&& other) noexcept
    : path_(std::move(other.path_)),
      beside_(std::exchange(other.beside_, "")),
      fd_(std::move(other.fd_)),
      overwrite_(other.overwrite_),
      durable_(other.durable_),
      bytes_(other.bytes_) {}

DeltaOutput::~DeltaOutput() {
  if (!beside_.empty()) ::unlink(beside_.c_str());
}

Result<void> DeltaOutput::write(ByteView bytes) {
  bytes_ += bytes.size();
  if (!fd_.valid()) return write_all(STDOUT_FILENO, bytes, "standard output");
  return write_all(fd_.get(), bytes, path_.empty() ? "temporary file" : beside_);
}

Result<void> DeltaOutput::copy_out(int interrupt_fd) {
  Bytes block(kCopyBytes);
  for (std::uint64_t at = 0;;) {
    DCDN_CHECK(check_interrupt(interrupt_fd));
    DCDN_TRY(const std::size_t got, read_full_at(fd_.get(), block, at, "temporary file"));
    DCDN_CHECK(write_all(STDOUT_FILENO, ByteView(block).first(got), "standard output"));
    at += got;
    if (got < block.size()) return {};
  }
}

Result<void> DeltaOutput::finish(int interrupt_fd) {
  if (!fd_.valid()) return {};
  if (path_.empty()) return copy_out(interrupt_fd);
  // What replaces a file must not be lost in a power cut after the old one is gone.
  if (durable_ && ::fsync(fd_.get()) != 0 && errno != EINVAL) return errno_error(errno, beside_ + ": fsync");
  if (!overwrite_ && ::link(beside_.c_str(), path_.c_str()) == 0) {
    ::unlink(std::exchange(beside_, "").c_str());
  } else if (!overwrite_ && errno == EEXIST) {
    return output_exists(path_);
  } else {
    // File systems without hard links, and --overwrite.
    if (::rename(beside_.c_str(), path_.c_str()) != 0) return errno_error(errno, path_ + ": rename");
    beside_.clear();
  }
  return durable_ ? sync_folder(folder_of(path_)) : Result<void>();
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
