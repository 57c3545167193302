// Delivering a tree over a folder that is there: entry by entry, and what is right already stays.
#include "base/text.hpp"
#include "store/index_update.hpp"
#include "store/part_impl.hpp"
#include "store/settler.hpp"
#include "store/tree_deletion.hpp"
#include "store/tree_survey.hpp"
#include "store/tree_update.hpp"

namespace dcdn::store {

// One for each time that all entries are gone through: it only goes forward.
std::optional<IndexMatch> PartObject::Impl::delivered_before() {
  auto reader = options.index_path.empty() ? std::nullopt : IndexReader::open(options.index_path);
  if (!reader || !laid_over) return std::nullopt;
  return IndexMatch(*std::move(reader), laid_over->place);
}

Result<void> PartObject::Impl::settle_over() {
  if (!laid_over) DCDN_CHECK(open_laid_over());
  if (!laid_over) return Error(Errc::permission, display() + ": open directory").with_hint("change its mode");
  auto before = delivered_before();
  DCDN_TRY(FolderPath folder, FolderPath::open(dir->out_fd(), options.name, display(), OpenFor::change));
  TreeSurvey survey(files->tree(), folder, laid_over->place, before ? &*before : nullptr, options);
  DCDN_CHECK(for_each_entry(*log, [&](const WholeEntry& entry) { return survey.survey(entry); }));
  DCDN_CHECK(survey.check_room());
  if (!survey.lost().empty()) return lost_in_place(survey.lost());
  const bool few = survey.to_stage() <= kFewFiles;
  DCDN_TRY(const LinkTargets links, LinkTargets::find(*log));
  Settler settler(files->tree(), options, options.fsync && few);
  const auto settle_staged = [&](const WholeEntry& entry) -> Result<void> {
    if (entry.begin.kind == wire::EntryKind::directory) return {};
    if (entry.begin.kind == wire::EntryKind::hard_link) return survey.check_link(entry, links);
    const bool stays = laid_over->place.looks().get(entry.number).in_place();
    return stays ? Result<void>() : settler.settle(entry);
  };
  return end_settling(for_each_entry(*log, settle_staged), settler, few);
}

Result<void> PartObject::Impl::lost_in_place(const std::vector<WholeEntry>& lost) {
  for (const WholeEntry& entry : lost) {
    DCDN_CHECK(laid_over->place.looks().set(entry.number, {}));
    if (entry.chunks > 0) DCDN_CHECK(map->set(entry.first_chunk, entry.chunks, Have::missing));
  }
  const std::string shown = laid_over->place.folder().display(lost.front().begin.path);
  // A pack's chunk is its first file's: of one of the others, that it is nowhere says that the pack is
  // missing.
  DCDN_CHECK(or_over(load()));
  return changed_error(shown);
}

Result<std::string> PartObject::Impl::give_names_over(const BeforeNaming& before_naming) {
  DCDN_CHECK(note_delivery(over_mark(options.collision) + options.name));
  if (before_naming) DCDN_CHECK(before_naming(delivered_as(options.name)));
  const auto laid = lay_over();
  if (!laid && laid.error().code != Errc::nothing) return laid.error();
  DCDN_CHECK(tidy_up());
  if (!laid) return laid.error();
  return dir->path() + "/" + options.name;
}

Result<void> PartObject::Impl::lay_over() {
  if (!laid_over) return changed_error(display());
  // By the clock of the file system: what was changed before this was not changed by us.
  const std::int64_t began_ns = looks_at(slot_fd.get(), kDeliverNote).ctime_ns;
  DCDN_TRY(FolderPath folder, FolderPath::open(dir->out_fd(), options.name, display(), OpenFor::change));
  DCDN_TRY(LinkTargets links, LinkTargets::find(*log));
  TreeUpdate update(files->tree(), folder, laid_over->place, std::move(links), options);
  DCDN_CHECK(for_each_entry(*log, [&](const WholeEntry& entry) { return update.publish(entry); }));
  if (chain.mirrors()) DCDN_CHECK(delete_others(folder, update, began_ns));
  DCDN_CHECK(for_each_entry(*log, [&](const WholeEntry& entry) { return update.finish_folder(entry); }));
  DCDN_CHECK(update.sync());
  folder.leave_all();
  settled->add(update.notes());
  if (laid_over->rotten > 0)
    settled->add(
        {std::to_string(laid_over->rotten) + (laid_over->rotten == 1 ? " chunk" : " chunks") + " of it, at " +
         laid_over->place.folder().display(laid_over->first_rotten) +
         ", had changed on disk though nobody had touched the files: it came again; look after the disk"});
  write_index();
  if (update.kept() == 0) return {};
  const std::string others = update.kept() == 1 ? "" : " and " + std::to_string(update.kept() - 1) + " more";
  return Error(Errc::nothing,
               update.first_kept() + others + ": was edited here and was kept; the rest is in place")
      .with_hint("--overwrite replaces it");
}

Result<void> PartObject::Impl::delete_others(FolderPath& folder, TreeUpdate& update, std::int64_t since_ns) {
  TreeDeletion deletion(folder, *log, options, since_ns);
  const auto changed = [&](const std::string& path) { update.changed(path); };
  DCDN_CHECK(deletion.run(chain.left_out().count, changed));
  settled->add(deletion.notes());
  return {};
}

void PartObject::Impl::write_index() {
  if (options.index_path.empty() || options.kind != wire::ObjectKind::tree) return;
  auto folder = FolderPath::open(dir->out_fd(), options.name, display(), OpenFor::reading);
  auto looks = LooksLog::open(slot_fd.get(), escape_for_display(slot_path()) + "/looks");
  if (!folder || !looks) return;
  IndexUpdate update(*folder, *looks, options.index_path, !settled || !settled->over_folder);
  (void)update.write(*log, chain.object_id(), chain.left_out().count).has_value();
}

}  // namespace dcdn::store
