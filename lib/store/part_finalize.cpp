// Delivering an object that is all here and right.
#include <unistd.h>

#include <cerrno>

#include "base/text.hpp"
#include "store/part_impl.hpp"
#include "store/settler.hpp"

namespace dcdn::store {

Error changed_error(const std::string& shown) {
  return Error(Errc::changed, shown + ": was changed here while its new version came")
      .with_hint("send again: what is missing is asked for once more");
}

Result<void> PartObject::Impl::settle() {
  settled.reset();
  if (lies_over_folder()) return settle_over();
  if (laid_over) {
    // What was to stay there is gone with it.
    DCDN_CHECK(or_over(load()));
    if (!chain.complete()) return changed_error(display());
  }
  const bool few = chain.files() <= kFewFiles;
  DCDN_TRY(LinkTargets links, LinkTargets::find(*log));
  if (!links.empty()) DCDN_CHECK(write_note(slot_fd.get(), kLinkedNote, "", escape_for_display(slot_path())));
  auto looks = LooksLog::open(slot_fd.get(), escape_for_display(slot_path()) + "/looks");
  Settler settler(files->tree(), options, options.fsync && few, std::move(links), looks ? &*looks : nullptr);
  auto done = for_each_entry(*log, [&](const WholeEntry& entry) { return settler.settle(entry); });
  if (done) done = settler.settle_directories();
  return end_settling(done, settler, few);
}

Result<void> PartObject::Impl::end_settling(Result<void> done, const Settler& settler, bool few) {
  bool sync_failed = settler.sync_failed();
  if (done && options.fsync && !few && ::syncfs(files->tree().fd()) != 0) {
    sync_failed = true;
    done = errno_error(errno, display() + ": syncfs");
  }
  if (sync_failed) return forget_unsynced(done.error());
  if (done) settled = Settled{lies_over_folder(), settler.notes()};
  return done;
}

Delivered PartObject::Impl::delivered_as(const std::string& name) const {
  return {chain.object_id(),        chain.segments_done(),  chain.bytes_done(), chain.plan(),
          dir->path() + "/" + name, chain.left_out().count, chain.marks()};
}

Result<std::string> PartObject::Impl::give_names(const BeforeNaming& before_naming) {
  if (settled && settled->over_folder) return give_names_over(before_naming);
  // The note comes before the name: when it is found and nothing is staged, the name has been given.
  const auto note = [&](const std::string& name) -> Result<void> {
    DCDN_CHECK(note_delivery(name));
    return before_naming ? before_naming(delivered_as(name)) : Result<void>();
  };
  const auto given = publish(staged(), options.collision, note);
  if (!given && given.error().code != Errc::nothing) return given.error();
  if (given && *given == options.name && options.collision != Collision::skip) write_index();
  DCDN_CHECK(tidy_up());
  if (!given) return given.error();
  return dir->path() + "/" + *given;
}

Result<void> PartObject::Impl::note_delivery(const std::string& what) {
  return write_note(slot_fd.get(), kDeliverNote, current_boot_id() + what, escape_for_display(slot_path()));
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
