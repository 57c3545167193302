// Delivering an object that is all here and right.
#include <unistd.h>

#include <cerrno>

#include "base/text.hpp"
#include "store/part_impl.hpp"
#include "store/settler.hpp"

namespace dcdn::store {

namespace {

// Up to so many files are fsynced one by one; beyond, one sync of the file system costs less.
constexpr std::uint64_t kFewFiles = 16;

}  // namespace

Result<void> PartObject::Impl::settle() {
  const bool few = chain.files() <= kFewFiles;
  DCDN_TRY(LinkTargets links, LinkTargets::find(*log));
  if (!links.empty()) DCDN_CHECK(write_note(slot_fd.get(), kLinkedNote, "", escape_for_display(slot_path())));
  Settler settler(files->tree(), options, options.fsync && few, std::move(links));
  auto done = for_each_entry(*log, [&](const WholeEntry& entry) { return settler.settle(entry); });
  if (done) done = settler.settle_directories();
  bool sync_failed = settler.sync_failed();
  if (done && options.fsync && !few && ::syncfs(files->tree().fd()) != 0) {
    sync_failed = true;
    done = errno_error(errno, display() + ": syncfs");
  }
  if (sync_failed) return forget_unsynced(done.error());
  settled = done.has_value();
  knows_top = settler.knows_top();
  notes = settler.notes();
  return done;
}

Delivered PartObject::Impl::delivered_as(const std::string& name) const {
  return {chain.object_id(),        chain.segments_done(),  chain.bytes_done(), chain.plan(),
          dir->path() + "/" + name, chain.left_out().count, chain.marks()};
}

Result<std::string> PartObject::Impl::give_names(const BeforeNaming& before_naming) {
  // The note comes before the name: when it is found and nothing is staged, the name has been given.
  const auto note = [&](const std::string& name) -> Result<void> {
    DCDN_CHECK(
        write_note(slot_fd.get(), kDeliverNote, current_boot_id() + name, escape_for_display(slot_path())));
    return before_naming ? before_naming(delivered_as(name)) : Result<void>();
  };
  const auto given = publish(staged(), options.collision, note);
  if (!given && given.error().code != Errc::nothing) return given.error();
  DCDN_CHECK(tidy_up());
  if (!given) return given.error();
  return dir->path() + "/" + *given;
}

Result<void> PartObject::Impl::tidy_up() {
  if (options.fsync) DCDN_CHECK(sync_folder(dir->out_fd(), escape_for_display(dir->path())));
  over = true;
  if (options.promise) options.promise->settle();
  // It is delivered, whatever becomes of what is left: the next that opens the slot finds the note and tidies
  // up.
  (void)remove_slots().has_value();
  return {};
}

}  // namespace dcdn::store
