#include "base/unique_fd.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <csignal>
#include <filesystem>
#include <thread>

#include "support/call_faults.hpp"
#include "support/temp_dir.hpp"

namespace dcdn {
namespace {

namespace fs = std::filesystem;

struct Pipe {
  UniqueFd reader;
  UniqueFd writer;
};

Pipe make_pipe(int flags = 0) {
  int ends[2];
  EXPECT_EQ(::pipe2(ends, O_CLOEXEC | flags), 0);
  return {UniqueFd(ends[0]), UniqueFd(ends[1])};
}

bool is_open(int fd) {
  return ::fcntl(fd, F_GETFD) >= 0;
}

Bytes counting(std::size_t size) {
  Bytes bytes(size);
  for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<std::uint8_t>(i % 251);
  return bytes;
}

TEST(UniqueFd, ClosesWhatItOwnsOnce) {
  Pipe pipe = make_pipe();
  const int reader = pipe.reader.get();
  const int writer = pipe.writer.get();
  pipe.reader.reset();
  EXPECT_FALSE(is_open(reader));
  EXPECT_FALSE(pipe.reader.valid());
  UniqueFd moved(std::move(pipe.writer));
  EXPECT_TRUE(is_open(writer));
  UniqueFd other(::dup(writer));
  const int duplicate = other.get();
  other = std::move(moved);
  EXPECT_FALSE(is_open(duplicate));
  EXPECT_EQ(other.get(), writer);
  EXPECT_EQ(other.release(), writer);
  EXPECT_FALSE(other.valid());
  EXPECT_TRUE(is_open(writer));
  EXPECT_EQ(::close(writer), 0);
}

class FileTest : public ::testing::Test {
 protected:
  [[nodiscard]] std::string path(const std::string& name) const { return dir_.path() + "/" + name; }
  UniqueFd open(const std::string& name, int flags) {
    return UniqueFd(::open(path(name).c_str(), flags | O_CLOEXEC, 0600));
  }
  test::TempDir dir_;
};

TEST_F(FileTest, ReadFullPutsPiecesTogetherAndStopsAtTheEnd) {
  Pipe pipe = make_pipe();
  const Bytes sent = counting(300'000);  // more than a pipe holds: it comes in many pieces
  std::thread writer([&] {
    EXPECT_TRUE(write_all(pipe.writer.get(), sent, "pipe"));
    pipe.writer.reset();
  });
  Bytes got(400'000);
  const auto count = read_full(pipe.reader.get(), got, "pipe");
  writer.join();
  ASSERT_TRUE(count);
  got.resize(*count);
  EXPECT_EQ(got, sent);
}

TEST_F(FileTest, NonBlockingEndsAreWaitedFor) {
  Pipe pipe = make_pipe(O_NONBLOCK);
  const Bytes sent = counting(1'000'000);
  std::thread writer([&] {
    EXPECT_TRUE(write_all(pipe.writer.get(), sent, "pipe"));
    pipe.writer.reset();
  });
  Bytes got(sent.size());
  const auto count = read_full(pipe.reader.get(), got, "pipe");
  writer.join();
  ASSERT_TRUE(count) << count.error().message;
  EXPECT_EQ(*count, sent.size());
  EXPECT_EQ(got, sent);
}

TEST_F(FileTest, ReadingNothingReadsNothing) {
  Pipe pipe = make_pipe();
  const auto count = read_full(pipe.reader.get(), {}, "pipe");  // would block for ever if it asked
  ASSERT_TRUE(count);
  EXPECT_EQ(*count, 0u);
}

TEST_F(FileTest, ErrorsNameTheThing) {
  Bytes into(10);
  const auto closed = read_full(-1, into, "photos/a.jpg");
  ASSERT_FALSE(closed);
  EXPECT_EQ(closed.error().code, Errc::io);
  EXPECT_EQ(closed.error().message.rfind("photos/a.jpg: read: ", 0), 0u) << closed.error().message;
  EXPECT_FALSE(read_full_at(-1, into, 0, "x"));
  EXPECT_FALSE(write_all(-1, into, "x"));
  EXPECT_FALSE(write_all_at(-1, into, 0, "x"));
  UniqueFd directory(::open(dir_.path().c_str(), O_RDONLY | O_CLOEXEC));
  EXPECT_FALSE(read_full(directory.get(), into, "directory"));
}

TEST_F(FileTest, AFullDiskIsNoSpace) {
  UniqueFd full(::open("/dev/full", O_WRONLY | O_CLOEXEC));
  ASSERT_TRUE(full.valid());
  const auto written = write_all(full.get(), counting(10), "disk");
  ASSERT_FALSE(written);
  EXPECT_EQ(written.error().code, Errc::no_space);
}

TEST_F(FileTest, AReaderThatWentAwayIsAClosedPipe) {
  Pipe pipe = make_pipe();
  pipe.reader.reset();
  const auto before = std::signal(SIGPIPE, SIG_IGN);
  const auto written = write_all(pipe.writer.get(), counting(10), "output");
  std::signal(SIGPIPE, before);
  ASSERT_FALSE(written);
  EXPECT_EQ(written.error().code, Errc::closed_pipe);
}

TEST_F(FileTest, ReadsAndWritesAtAnOffset) {
  UniqueFd fd = open("file", O_RDWR | O_CREAT);
  ASSERT_TRUE(write_all_at(fd.get(), counting(100), 1000, "file"));
  Bytes got(50, 0xee);
  auto count = read_full_at(fd.get(), got, 1090, "file");
  ASSERT_TRUE(count);
  EXPECT_EQ(*count, 10u);
  EXPECT_EQ(got[9], 99);
  EXPECT_EQ(got[10], 0xee);
  count = read_full_at(fd.get(), got, 995, "file");
  ASSERT_TRUE(count);
  EXPECT_EQ(*count, 50u);
  EXPECT_EQ(got[4], 0);
  EXPECT_EQ(got[6], 1);
  EXPECT_EQ(::lseek(fd.get(), 0, SEEK_CUR), 0);
  EXPECT_FALSE(read_full_at(fd.get(), got, UINT64_MAX - 10, "file"));
  EXPECT_FALSE(write_all_at(fd.get(), got, UINT64_MAX - 10, "file"));
}

TEST_F(FileTest, ReadFileHoldsToItsLimit) {
  for (const std::size_t size : {0u, 1u, 4095u, 4096u, 4097u, 8192u, 100'000u}) {
    UniqueFd fd = open("file", O_WRONLY | O_CREAT | O_TRUNC);
    ASSERT_TRUE(write_all(fd.get(), counting(size), "file"));
    const auto whole = read_file(path("file"), size);
    ASSERT_TRUE(whole) << size;
    EXPECT_EQ(*whole, counting(size));
    if (size == 0) continue;
    const auto longer = read_file(path("file"), size - 1);
    ASSERT_FALSE(longer) << size;
    EXPECT_EQ(longer.error().code, Errc::limit);
  }
}

TEST_F(FileTest, ReadFileEndsOnAnEndlessOne) {
  const auto endless = read_file("/dev/zero", 1u << 16);
  ASSERT_FALSE(endless);
  EXPECT_EQ(endless.error().code, Errc::limit);
}

TEST_F(FileTest, ReadFileOfWhatIsNotThere) {
  const auto missing = read_file(path("missing"), 100);
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, Errc::not_found);
  EXPECT_NE(missing.error().message.find("missing"), std::string::npos);
  EXPECT_FALSE(read_file(dir_.path(), 100));
}

TEST_F(FileTest, MakesDirectoriesThatAreMissing) {
  for (const char* name : {"a/b/c", "a/b/c", "a/b/d/", "a//b//e", "f"}) {
    ASSERT_TRUE(make_directories(path(name), 0700)) << name;
    EXPECT_TRUE(fs::is_directory(path(name))) << name;
  }
  EXPECT_TRUE(make_directories("/", 0700));
  struct stat info {};
  ASSERT_EQ(::stat(path("a").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 07777u, 0700u);
}

TEST_F(FileTest, AFileInTheWayOfADirectoryIsAnError) {
  open("file", O_WRONLY | O_CREAT);
  const auto over = make_directories(path("file"), 0700);
  ASSERT_FALSE(over);
  EXPECT_NE(over.error().message.find("not a directory"), std::string::npos);
  EXPECT_FALSE(make_directories(path("file/below"), 0700));
  EXPECT_FALSE(make_directories("", 0700));
}

TEST(UniqueFd, AFolderThatCannotBeSyncedIsAnError) {
  const test::TempDir dir;
  using test::call_faults;
  call_faults.arm(test::CallFaults::Do::fail, 2, "fsync");
  EXPECT_FALSE(make_directories(dir.path() + "/a/b", 0700));
  call_faults = test::CallFaults();
  EXPECT_TRUE(make_directories(dir.path() + "/a/b", 0700));
}

}  // namespace
}  // namespace dcdn
