#include "store/extras_setter.hpp"

#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <string_view>

#include "base/text.hpp"
#include "dcdn/error.hpp"

namespace dcdn::store {

// Open, or a name in a folder whose last component is not followed.
struct ExtrasSetter::Place {
  int fd = -1;
  int parent = -1;
  std::string leaf;
  std::string shown;

  // There is no call that takes a folder and a name.
  [[nodiscard]] std::string path() const { return "/proc/self/fd/" + std::to_string(parent) + "/" + leaf; }
  [[nodiscard]] int own(uid_t uid, gid_t gid) const {
    return fd >= 0 ? ::fchown(fd, uid, gid) : ::fchownat(parent, leaf.c_str(), uid, gid, AT_SYMLINK_NOFOLLOW);
  }
  [[nodiscard]] ssize_t list(char* names, std::size_t size) const {
    return fd >= 0 ? ::flistxattr(fd, names, size) : ::llistxattr(path().c_str(), names, size);
  }
  [[nodiscard]] int set(const wire::Attribute& attribute) const {
    const char* name = attribute.name.c_str();
    const Bytes& value = attribute.value;
    return fd >= 0 ? ::fsetxattr(fd, name, value.data(), value.size(), 0)
                   : ::lsetxattr(path().c_str(), name, value.data(), value.size(), 0);
  }
  [[nodiscard]] bool has(const wire::Attribute& attribute) const {
    Bytes found(attribute.value.size() + 1);
    const char* name = attribute.name.c_str();
    const ssize_t got = fd >= 0 ? ::fgetxattr(fd, name, found.data(), found.size())
                                : ::lgetxattr(path().c_str(), name, found.data(), found.size());
    found.resize(got < 0 ? 0 : static_cast<std::size_t>(got));
    return got >= 0 && found == attribute.value;
  }
  void remove(const std::string& name) const {
    (void)!(fd >= 0 ? ::fremovexattr(fd, name.c_str()) : ::lremovexattr(path().c_str(), name.c_str()));
  }
};

namespace {

constexpr std::size_t kMostListed = std::size_t{64} << 10;
constexpr std::size_t kMostDatabase = std::size_t{64} << 10;

template <class Place>
std::vector<std::string> names_at(const Place& place) {
  std::string all(kMostListed, '\0');
  const ssize_t got = place.list(all.data(), all.size());
  std::vector<std::string> names;
  if (got <= 0) return names;
  all.resize(static_cast<std::size_t>(got));
  for (std::size_t at = 0; at < all.size(); at += names.back().size() + 1)
    names.emplace_back(all.c_str() + at);
  return names;
}

// Labels and capabilities are the system's: they are overwritten, and not taken away.
void remove_others(const auto& place, const std::vector<wire::Attribute>& kept) {
  for (const std::string& name : names_at(place)) {
    const bool stays = !wire::is_kept(name, wire::KeptAttributes::common) ||
                       std::ranges::any_of(kept, [&](const auto& one) { return one.name == name; });
    if (!stays) place.remove(name);
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
  return set_at({fd, -1, {}, shown}, extras);
}

bool ExtrasSetter::set_named(int parent, const std::string& leaf, const Bytes& extras,
                             const std::string& shown) {
  return set_at({-1, parent, leaf, shown}, extras);
}

bool ExtrasSetter::has_named(int parent, const std::string& leaf, const Bytes& extras) {
  const Place place{-1, parent, leaf, {}};
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
    if (!place.has(attribute)) return false;
  }
  return std::ranges::count_if(names_at(place), goes) == wanted;
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
  remove_others(place, attributes);
  for (const wire::Attribute& attribute : attributes) {
    if (place.set(attribute) == 0) continue;
    attributes_.add(place.shown + ": " + errno_error(errno, escape_for_display(attribute.name)).message);
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
  struct Open {
    int fd;
    [[nodiscard]] ssize_t list(char* names, std::size_t size) const { return ::flistxattr(fd, names, size); }
    void remove(const std::string& name) const { (void)!::fremovexattr(fd, name.c_str()); }
  };
  bool all = true;
  struct stat info {};
  if (kept.owner) all = ::fstat(from, &info) == 0 && ::fchown(to, info.st_uid, info.st_gid) == 0;
  if (kept.attributes == wire::KeptAttributes::none) return all;
  std::vector<wire::Attribute> attributes;
  for (const std::string& name : names_at(Open{from})) {
    if (!wire::is_kept(name, kept.attributes)) continue;
    wire::Attribute attribute{name, Bytes(wire::kMaxExtras)};
    const ssize_t got = ::fgetxattr(from, name.c_str(), attribute.value.data(), attribute.value.size());
    all = all && got >= 0;
    if (got < 0) continue;
    attribute.value.resize(static_cast<std::size_t>(got));
    attributes.push_back(std::move(attribute));
  }
  remove_others(Open{to}, attributes);
  for (const wire::Attribute& attribute : attributes)
    all = ::fsetxattr(to, attribute.name.c_str(), attribute.value.data(), attribute.value.size(), 0) == 0 &&
          all;
  return all;
}

}  // namespace dcdn::store
