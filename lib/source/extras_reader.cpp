#include "source/extras_reader.hpp"

#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <sys/xattr.h>

#include <algorithm>
#include <cerrno>
#include <utility>
#include <vector>

#include "base/text.hpp"

namespace dcdn::source {

// An open file, or a name, whose last component is not followed: a link has attributes, too.
struct ExtrasReader::Place {
  int fd = -1;
  std::string path;
  std::string shown;
  [[nodiscard]] ssize_t list(char* names, std::size_t size) const {
    return fd >= 0 ? ::flistxattr(fd, names, size) : ::llistxattr(path.c_str(), names, size);
  }
  [[nodiscard]] ssize_t get(const char* name, void* value, std::size_t size) const {
    return fd >= 0 ? ::fgetxattr(fd, name, value, size) : ::lgetxattr(path.c_str(), name, value, size);
  }
};

namespace {

constexpr std::size_t kMostListed = std::size_t{64} << 10;  // of names; Linux allows no more
constexpr std::size_t kOwnerBytes = 2 * wire::kMaxExtraName + 32;
constexpr std::size_t kMostDatabase = std::size_t{64} << 10;  // a line of /etc/group may be long

bool has_none(int reason) {
  return reason == ENOTSUP || reason == EOPNOTSUPP;
}

// Sorted.
template <class Place>
Result<std::vector<std::string>> names_at(const Place& place) {
  std::string all(kMostListed, '\0');
  const ssize_t got = place.list(all.data(), all.size());
  std::vector<std::string> names;
  if (got < 0 && has_none(errno)) return names;
  if (got < 0) return errno_error(errno, "attributes");
  all.resize(static_cast<std::size_t>(got));
  for (std::size_t at = 0; at < all.size(); at += names.back().size() + 1)
    names.emplace_back(all.c_str() + at);
  std::sort(names.begin(), names.end());
  return names;
}

template <class Place>
Result<Bytes> value_at(const Place& place, const std::string& name) {
  Bytes value(wire::kMaxExtras);
  const ssize_t got = place.get(name.c_str(), value.data(), value.size());
  if (got < 0 && errno == ERANGE) return Error(Errc::limit, "more than 64 KiB");
  if (got < 0) return errno_error(errno, "read");
  value.resize(static_cast<std::size_t>(got));
  return value;
}

// Room for a name and a value beside others.
std::size_t cost_of(const wire::Attribute& attribute) {
  constexpr std::size_t kNumbers = 8;
  return attribute.name.size() + attribute.value.size() + kNumbers;
}

}  // namespace

std::string ExtrasReader::user_name(uid_t uid) {
  const auto known = users_.find(uid);
  if (known != users_.end()) return known->second;
  std::vector<char> room(kMostDatabase);
  struct passwd entry {};
  struct passwd* found = nullptr;
  std::string name;
  if (::getpwuid_r(uid, &entry, room.data(), room.size(), &found) == 0 && found != nullptr)
    name = found->pw_name;
  if (!wire::is_extra_name(name)) name.clear();
  return users_[uid] = name;
}

std::string ExtrasReader::group_name(gid_t gid) {
  const auto known = groups_.find(gid);
  if (known != groups_.end()) return known->second;
  std::vector<char> room(kMostDatabase);
  struct group entry {};
  struct group* found = nullptr;
  std::string name;
  if (::getgrgid_r(gid, &entry, room.data(), room.size(), &found) == 0 && found != nullptr)
    name = found->gr_name;
  if (!wire::is_extra_name(name)) name.clear();
  return groups_[gid] = name;
}

// There is no call that takes a folder and a name.
Bytes ExtrasReader::of(const SourceEntry& entry) {
  const std::string shown = escape_for_display(entry.disk_path);
  const bool top = entry.parent == AT_FDCWD;
  const std::string path =
      top ? entry.leaf + "/." : "/proc/self/fd/" + std::to_string(entry.parent) + "/" + entry.leaf;
  return read({entry.opened, path, shown}, entry.uid, entry.gid);
}

Bytes ExtrasReader::of(const SourceEntry& entry, const SourceFile& file) {
  const std::string shown = escape_for_display(entry.disk_path);
  return read({file.fd(), {}, shown}, file.status().st_uid, file.status().st_gid);
}

Bytes ExtrasReader::read(const Place& place, uid_t uid, gid_t gid) {
  wire::Extras extras;
  if (rules_.owner) extras.owner = wire::Owner{uid, gid, user_name(uid), group_name(gid)};
  if (rules_.attributes != wire::KeptAttributes::none)
    add_attributes(place, wire::kMaxExtras - (extras.owner ? kOwnerBytes : 0), extras);
  return wire::encode_extras(extras);
}

void ExtrasReader::add_attributes(const Place& place, std::size_t room, wire::Extras& extras) const {
  const auto leave_out = [&](const std::string& what, const Error& why) {
    if (note_) note_(place.shown + ": " + what + ": not sent: " + why.message);
  };
  const auto names = names_at(place);
  if (!names) return leave_out("its attributes", names.error());
  for (const std::string& name : *names) {
    if (!wire::is_kept(name, rules_.attributes)) continue;
    const std::string what = "attribute " + escape_for_display(name);
    auto value = wire::is_extra_name(name)
                     ? value_at(place, name)
                     : Result<Bytes>(Error(Errc::limit, "there is a slash in its name"));
    if (!value) {
      leave_out(what, value.error());
      continue;
    }
    wire::Attribute attribute{name, *std::move(value)};
    if (cost_of(attribute) > room) {
      leave_out(what, Error(Errc::limit, "an entry has at most 64 KiB of them"));
      continue;
    }
    room -= cost_of(attribute);
    extras.attributes.push_back(std::move(attribute));
  }
}

}  // namespace dcdn::source
