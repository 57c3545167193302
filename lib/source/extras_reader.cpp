#include "source/extras_reader.hpp"

#include <fcntl.h>
#include <grp.h>
#include <pwd.h>

#include <algorithm>
#include <cerrno>
#include <utility>
#include <vector>

#include "base/file_attributes.hpp"
#include "base/text.hpp"

namespace dcdn::source {

struct ExtrasReader::Place {
  FileAttributes attributes;
  std::string shown;
};

namespace {

constexpr std::size_t kOwnerBytes = 2 * wire::kMaxExtraName + 32;
constexpr std::size_t kMostDatabase = std::size_t{64} << 10;  // a line of /etc/group may be long

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

Bytes ExtrasReader::of(const SourceEntry& entry) {
  const bool top = entry.parent == AT_FDCWD;
  const FileAttributes attributes = entry.opened >= 0 ? FileAttributes(entry.opened)
                                    : top             ? FileAttributes(entry.leaf + "/.")
                                                      : FileAttributes(entry.parent, entry.leaf);
  return read({attributes, escape_for_display(entry.disk_path)}, entry.uid, entry.gid);
}

Bytes ExtrasReader::of(const SourceEntry& entry, const SourceFile& file) {
  return read({FileAttributes(file.fd()), escape_for_display(entry.disk_path)}, file.status().st_uid,
              file.status().st_gid);
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
  const auto names = place.attributes.names();
  if (!names) return leave_out("its attributes", names.error());
  for (const std::string& name : *names) {
    if (!wire::is_kept(name, rules_.attributes)) continue;
    const std::string what = "attribute " + escape_for_display(name);
    auto value = wire::is_extra_name(name)
                     ? place.attributes.value(name, wire::kMaxExtras)
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
