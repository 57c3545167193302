#include "store/extras_setter.hpp"

#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "base/file_attributes.hpp"
#include "dcdn/error.hpp"

namespace dcdn::store {

// Open, or a name in a folder whose last component is not followed.
struct ExtrasSetter::Place {
  Place(int opened, std::string shown_in) : fd(opened), attributes(opened), shown(std::move(shown_in)) {}
  Place(int folder, std::string name, std::string shown_in)
      : parent(folder), leaf(std::move(name)), attributes(folder, leaf), shown(std::move(shown_in)) {}

  [[nodiscard]] int own(uid_t uid, gid_t gid) const {
    return fd >= 0 ? ::fchown(fd, uid, gid) : ::fchownat(parent, leaf.c_str(), uid, gid, AT_SYMLINK_NOFOLLOW);
  }

  int fd = -1;
  int parent = -1;
  std::string leaf;
  FileAttributes attributes;
  std::string shown;
};

namespace {

constexpr std::size_t kMostDatabase = std::size_t{64} << 10;

// Where there are none, or they cannot be seen.
std::vector<std::string> names_of(const FileAttributes& attributes) {
  auto names = attributes.names();
  return names ? *std::move(names) : std::vector<std::string>();
}

bool has(const FileAttributes& attributes, const wire::Attribute& wanted) {
  const auto value = attributes.value(wanted.name, wanted.value.size() + 1);
  return value && *value == wanted.value;
}

// Labels and capabilities are the system's: they are overwritten, and not taken away.
void remove_others(const FileAttributes& there, const std::vector<wire::Attribute>& kept) {
  for (const std::string& name : names_of(there)) {
    const bool stays = !wire::is_kept(name, wire::KeptAttributes::common) ||
                       std::ranges::any_of(kept, [&](const auto& one) { return one.name == name; });
    if (!stays) there.remove(name);
  }
}

}  // namespace

void ExtrasSetter::Failures::add(const std::string& what) {
  if (count++ == 0) first = what;
}

std::string ExtrasSetter::Failures::note(const char* of) const {
  return std::to_string(count) + " " + of + (count == 1 ? " was" : "s were") + " not set" +
         (count == 1 ? ": " : ", the first: ") + first;
}

bool ExtrasSetter::set(int fd, const Bytes& extras, const std::string& shown) {
  return set_at({fd, shown}, extras);
}

bool ExtrasSetter::set_named(int parent, const std::string& leaf, const Bytes& extras,
                             const std::string& shown) {
  return set_at({parent, leaf, shown}, extras);
}

bool ExtrasSetter::has_named(int parent, const std::string& leaf, const Bytes& extras) {
  const FileAttributes there(parent, leaf);
  const auto parsed = wire::parse_extras(extras);
  struct stat info {};
  if (!parsed || ::fstatat(parent, leaf.c_str(), &info, AT_SYMLINK_NOFOLLOW) != 0) return false;
  if (kept_.owner && parsed->owner &&
      (info.st_uid != user_of(*parsed->owner) || info.st_gid != group_of(*parsed->owner)))
    return false;
  if (kept_.attributes == wire::KeptAttributes::none) return true;
  // As remove_others(): labels and capabilities that nobody sent stay.
  const auto goes = [](const std::string& name) { return wire::is_kept(name, wire::KeptAttributes::common); };
  std::ptrdiff_t wanted = 0;
  for (const wire::Attribute& attribute : parsed->attributes) {
    if (!wire::is_kept(attribute.name, kept_.attributes)) continue;
    wanted += goes(attribute.name) ? 1 : 0;
    if (!has(there, attribute)) return false;
  }
  return std::ranges::count_if(names_of(there), goes) == wanted;
}

bool ExtrasSetter::owns(const Bytes& extras) const {
  const auto parsed = kept_.owner ? wire::parse_extras(extras) : Result<wire::Extras>(wire::Extras());
  return parsed && parsed->owner.has_value();
}

bool ExtrasSetter::set_at(const Place& place, const Bytes& extras) {
  const auto parsed = wire::parse_extras(extras);
  if (!parsed) return false;  // was checked with its segment
  owner_ignored_ = owner_ignored_ || (parsed->owner && !kept_.owner);
  const bool owned = kept_.owner && parsed->owner && set_owner(place, *parsed->owner);
  std::vector<wire::Attribute> attributes;
  for (const wire::Attribute& attribute : parsed->attributes) {
    if (wire::is_kept(attribute.name, kept_.attributes))
      attributes.push_back(attribute);
    else if (kept_.attributes == wire::KeptAttributes::none)
      attribute_ignored_ = true;
    else
      rights_ignored_ = true;
  }
  if (kept_.attributes != wire::KeptAttributes::none) set_attributes(place, attributes);
  return owned;
}

bool ExtrasSetter::set_owner(const Place& place, const wire::Owner& owner) {
  if (place.own(user_of(owner), group_of(owner)) == 0) return true;
  owners_.add(place.shown + ": " + errno_error(errno, "owner").message);
  return false;
}

void ExtrasSetter::set_attributes(const Place& place, const std::vector<wire::Attribute>& attributes) {
  remove_others(place.attributes, attributes);
  for (const wire::Attribute& attribute : attributes) {
    if (const auto set = place.attributes.set(attribute.name, attribute.value); !set)
      attributes_.add(place.shown + ": " + set.error().message);
  }
}

uid_t ExtrasSetter::user_of(const wire::Owner& owner) {
  if (kept_.numeric_ids || owner.user.empty()) return owner.uid;
  const auto [known, fresh] = users_.try_emplace(owner.user);
  if (fresh) {
    std::vector<char> room(kMostDatabase);
    struct passwd entry {};
    struct passwd* found = nullptr;
    if (::getpwnam_r(owner.user.c_str(), &entry, room.data(), room.size(), &found) == 0 && found != nullptr)
      known->second = found->pw_uid;
  }
  return known->second.value_or(owner.uid);
}

gid_t ExtrasSetter::group_of(const wire::Owner& owner) {
  if (kept_.numeric_ids || owner.group.empty()) return owner.gid;
  const auto [known, fresh] = groups_.try_emplace(owner.group);
  if (fresh) {
    std::vector<char> room(kMostDatabase);
    struct group entry {};
    struct group* found = nullptr;
    if (::getgrnam_r(owner.group.c_str(), &entry, room.data(), room.size(), &found) == 0 && found != nullptr)
      known->second = found->gr_gid;
  }
  return known->second.value_or(owner.gid);
}

std::vector<std::string> ExtrasSetter::notes() const {
  std::vector<std::string> notes;
  if (owner_ignored_) notes.emplace_back("owners came with it and are not set; --owner sets them");
  if (attribute_ignored_)
    notes.emplace_back("attributes came with it and are not set; --xattrs common sets them");
  if (rights_ignored_)
    notes.emplace_back(
        "security.* or trusted.* attributes came with it and are not set; --xattrs all sets them");
  if (owners_.count > 0) notes.push_back(owners_.note("owner"));
  if (attributes_.count > 0) notes.push_back(attributes_.note("attribute"));
  return notes;
}

bool copy_extras(int from, int to, const KeptExtras& kept) {
  bool all = true;
  struct stat info {};
  if (kept.owner) all = ::fstat(from, &info) == 0 && ::fchown(to, info.st_uid, info.st_gid) == 0;
  if (kept.attributes == wire::KeptAttributes::none) return all;
  const FileAttributes source(from);
  const FileAttributes target(to);
  std::vector<wire::Attribute> attributes;
  for (const std::string& name : names_of(source)) {
    if (!wire::is_kept(name, kept.attributes)) continue;
    auto value = source.value(name, wire::kMaxExtras);
    all = all && value;
    if (value) attributes.push_back({name, *std::move(value)});
  }
  remove_others(target, attributes);
  for (const wire::Attribute& attribute : attributes)
    all = target.set(attribute.name, attribute.value).has_value() && all;
  return all;
}

}  // namespace dcdn::store
