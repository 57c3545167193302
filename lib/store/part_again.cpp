// Ending a delivery that an earlier process was cut short in, between its first name and the tidying up.
#include "base/text.hpp"
#include "store/part_impl.hpp"
#include "store/settler.hpp"

namespace dcdn::store {

std::optional<CutShort> PartObject::Impl::cut_short() {
  const std::string note = read_note(slot_fd.get(), kDeliverNote);
  const std::string boot = current_boot_id();
  if (!note.starts_with(boot)) return std::nullopt;
  CutShort cut{note.substr(boot.size()), std::nullopt};
  for (const Collision way : {Collision::overwrite, Collision::update}) {
    const std::string mark = over_mark(way);
    if (!cut.name.starts_with(mark)) continue;
    cut.name = cut.name.substr(mark.size());
    cut.laid_over = way;
  }
  if (cut.name.empty()) cut.name = options.name;
  return cut;
}

std::string over_mark(Collision way) {
  return way == Collision::update ? "/update/" : "/overwrite/";
}

// A folder that a tree was half laid over, and that is gone, took with it what stayed there; where there is
// one now that was none, it is another delivery.
bool PartObject::Impl::is_outdated(const CutShort& cut) const {
  return cut.laid_over ? !is_directory(dir->out_fd(), cut.name) : lies_over_folder();
}

// The note says that all of it was here; only what it is called has to be known again.
Result<void> PartObject::Impl::know_chain(const std::string& shown) {
  DCDN_TRY(log, ManifestLog::open(slot_fd.get(), shown + "/manifest.dcs"));
  const auto is_here = [](const auto&...) { return true; };
  DCDN_TRY(const std::uint64_t intact,
           log->replay([&](const wire::Segment& segment, const Digest& id) -> Result<bool> {
             if (!chain.check(segment, id)) return false;
             chain.add(segment, id, is_here);
             return true;
           }));
  (void)intact;
  return {};
}

Result<std::optional<Delivered>> PartObject::Impl::deliver_again(const BeforeNaming& before_naming) {
  if (!is_directory(dir->part_fd(), slot)) return std::optional<Delivered>();
  const std::string shown = escape_for_display(slot_path());
  DCDN_TRY(slot_fd, open_directory(dir->part_fd(), slot, Missing::fail, shown));
  const auto cut = cut_short();
  if (cut) DCDN_CHECK(know_chain(shown));
  auto tree = open_directory(slot_fd.get(), "tree", Missing::fail, shown + "/tree");
  if (tree) files.emplace(TreeRoot(*std::move(tree), options.name));
  const bool is_staged = files && is_there(staged().from_directory, staged().from_name);
  if (!cut || !chain.complete() || (is_staged && is_outdated(*cut))) {
    ::unlinkat(slot_fd.get(), kDeliverNote, 0);
    chain = PartChain(options.kind);
    return std::optional<Delivered>();
  }
  Delivered done = delivered_as(cut->name);
  if (!is_staged) {
    DCDN_CHECK(tidy_up());
    return std::optional<Delivered>(done);
  }
  settled = Settled{cut->laid_over.has_value(), {}};
  if (cut->laid_over) {
    options.collision = *cut->laid_over;
    DCDN_CHECK(open_laid_over());
  } else {
    DCDN_CHECK(settle_again());
  }
  DCDN_TRY(done.path, give_names(before_naming));
  return std::optional<Delivered>(done);
}

Result<void> PartObject::Impl::settle_again() {
  Settler settler(files->tree(), options, false);
  DCDN_CHECK(for_each_entry(*log, [&](const WholeEntry& entry) { return settler.settle_again(entry); }));
  return {};
}

}  // namespace dcdn::store
