// Who may write to a tree exchanges files and folders of it with links to a secret while it is packed: the
// secret never comes out.
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>

#include <filesystem>

#include "support/pack_fixture.hpp"

namespace dcdn::test {
namespace {

namespace fs = std::filesystem;

constexpr const char* kSecret = "THE-SECRET-OF-SOMEBODY-ELSE";
constexpr int kPackings = 300;

// A process that exchanges as fast as it can, until it is killed.
class Swapper {
 public:
  explicit Swapper(const std::string& top) : child_(::fork()) {
    if (child_ != 0) return;
    // By descriptors: a path through an exchanged folder would exchange the secret itself.
    const auto folder = [](const std::string& path) { return ::open(path.c_str(), O_RDONLY | O_DIRECTORY); };
    const int links = folder(top + "/../links");
    const struct {
      int directory;
      const char* name;
    } all[] = {{folder(top), "file"},
               {folder(top), "folder"},
               {folder(top + "/folder"), "inside"},
               {folder(top), "deep"},
               {folder(top + "/deep/er"), "file"}};
    for (;;)
      for (const auto& one : all) ::renameat2(one.directory, one.name, links, one.name, RENAME_EXCHANGE);
  }
  ~Swapper() {
    ::kill(child_, SIGKILL);
    ::waitpid(child_, nullptr, 0);
  }
  Swapper(const Swapper&) = delete;
  Swapper& operator=(const Swapper&) = delete;

 private:
  pid_t child_;
};

bool tells_the_secret(const Packed& packed) {
  for (const auto& segment : packed.segments)
    for (const auto& chunk : segment.chunks)
      if (as_text(chunk.carried.view()).find(kSecret) != std::string_view::npos) return true;
  return false;
}

TEST(SwappedEntries, NothingIsReadThatTheWalkDidNotSee) {
  const TempDir dir;
  const std::string top = dir.path() + "/t";
  const std::string secrets = dir.path() + "/secrets";
  for (const std::string& folder :
       {top + "/folder", top + "/deep/er", secrets + "/er", dir.path() + "/links"})
    fs::create_directories(folder);
  // As long as what it stands for, so that a size tells nothing.
  for (const std::string& file : {secrets + "/secret", secrets + "/inside", secrets + "/er/file"})
    write_text(file, kSecret);
  for (const std::string& file : {top + "/file", top + "/folder/inside", top + "/deep/er/file"})
    write_text(file, std::string(std::string_view(kSecret).size(), 'x'));
  fs::create_symlink(secrets + "/secret", dir.path() + "/links/file");
  fs::create_symlink(secrets + "/secret", dir.path() + "/links/inside");
  fs::create_directory_symlink(secrets, dir.path() + "/links/folder");
  fs::create_directory_symlink(secrets, dir.path() + "/links/deep");
  auto request = file_request(top);
  request.object.kind = wire::ObjectKind::tree;
  int whole = 0;
  const Swapper swapper(top);
  for (const source::Symlinks symlinks : {source::Symlinks::keep, source::Symlinks::skip}) {
    request.walk.symlinks = symlinks;
    for (int i = 0; i < kPackings; ++i) {
      const Packed packed = pack(request);
      ASSERT_TRUE(packed.result.has_value()) << packed.result.error().message;
      ASSERT_FALSE(tells_the_secret(packed)) << "packing " << i;
      for (const wire::Record& record : packed.records())
        whole += std::holds_alternative<wire::EntryEnd>(record) ? 1 : 0;
    }
  }
  EXPECT_GT(whole, 0);  // it was read at all
}

}  // namespace
}  // namespace dcdn::test
