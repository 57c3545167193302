#include "store/publish.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

#include "base/text.hpp"
#include "store/moving.hpp"
#include "store/tree_access.hpp"
#include "store/tree_merge.hpp"
#include "wire/manifest.hpp"

namespace dcdn::store {

namespace {

constexpr int kMostSuffixes = 9999;

// "report.pdf" -> "report (1).pdf", "photos" -> "photos (1)"; cut so that it is still a legal name.
std::string with_number(const std::string& name, int number, bool tree) {
  const std::string mark = " (" + std::to_string(number) + ")";
  const std::size_t dot = name.rfind('.');
  const bool has_ending = !tree && dot != std::string::npos && dot > 0 && name.size() - dot <= 16;
  std::string stem = has_ending ? name.substr(0, dot) : name;
  const std::string ending = has_ending ? name.substr(dot) : "";
  std::size_t most = wire::kMaxNameBytes - mark.size() - ending.size();
  if (stem.size() > most) {
    while (most > 0 && (static_cast<std::uint8_t>(stem[most]) & 0xC0) == 0x80)
      --most;  // not inside a character
    stem.resize(most);
  }
  return stem + mark + ending;
}

Result<std::string> publish_over(const Staged& staged, Collision collision) {
  const Name from{staged.from_directory, staged.from_name};
  const Name to{staged.to_directory, staged.to_name};
  const std::string shown = staged.where + "/" + escape_for_display(staged.to_name);
  const bool over_directory = is_directory(to.directory, to.leaf);
  if (staged.tree && over_directory && collision == Collision::skip) return merge_tree(staged);
  if (collision == Collision::skip)
    return Error(Errc::nothing, shown + ": is there already and was kept")
        .with_hint("--overwrite replaces it");
  if (staged.tree && over_directory)
    return Error(Errc::changed, shown + ": became a directory while the tree came").with_hint("send again");
  if (over_directory)
    return Error(Errc::exists, shown + ": is a directory, and what came is a file").with_hint("use --rename");
  if (staged.tree && ::unlinkat(to.directory, to.leaf.c_str(), 0) != 0)
    return errno_error(errno, shown + ": replace");
  const Replace replace = staged.tree ? Replace::no : Replace::yes;
  DCDN_TRY(const int reason, move_to(from, to, replace, {staged.sync, staged.kept}, shown));
  if (reason != 0) return errno_error(reason, shown + ": replace");
  return staged.to_name;
}

}  // namespace

Error taken_error(const Staged& staged) {
  return Error(Errc::exists, staged.where + "/" + escape_for_display(staged.to_name) + ": is there already")
      .with_hint("--overwrite replaces it, --rename keeps both, --skip keeps what is there");
}

Result<std::string> publish(const Staged& staged, Collision collision, const NoteName& note) {
  const Name from{staged.from_directory, staged.from_name};
  std::string name = staged.to_name;
  for (int number = 1; number <= kMostSuffixes + 1; ++number) {
    // A name that is taken is not worth a note; that it is free now proves nothing yet.
    const bool taken = collision == Collision::rename && is_there(staged.to_directory, name);
    if (!taken) DCDN_CHECK(note(name));
    int reason = EEXIST;
    if (!taken) {
      DCDN_TRY(reason, move_to(from, {staged.to_directory, name}, Replace::no, {staged.sync, staged.kept},
                               staged.where + "/" + escape_for_display(name)));
    }
    if (reason == 0) return name;
    if (reason != EEXIST)
      return errno_error(reason, staged.where + "/" + escape_for_display(name) + ": give the final name");
    if (collision == Collision::refuse) break;
    if (collision != Collision::rename) return publish_over(staged, collision);
    name = with_number(staged.to_name, number, staged.tree);
  }
  return taken_error(staged);
}

}  // namespace dcdn::store
