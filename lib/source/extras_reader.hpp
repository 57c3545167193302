// extras_reader.hpp - who owns what is sent, and its attributes, if that was asked for.
#pragma once
#include <sys/types.h>

#include <map>
#include <string>

#include "source/source_file.hpp"
#include "source/source_walk.hpp"
#include "wire/extras.hpp"

namespace dcdn::source {

/// Threads  one at a time
class ExtrasReader {
 public:
  /// `note` may be empty; it is told what of an entry cannot be sent. Both outlive it.
  ExtrasReader(const WalkRules& rules, const SkipNote& note) : rules_(rules), note_(note) {}

  /// As EntryBegin has it, of a directory or link.
  Bytes of(const SourceEntry& entry);
  /// Of a file that was opened.
  Bytes of(const SourceEntry& entry, const SourceFile& file);

 private:
  struct Place;
  Bytes read(const Place& place, uid_t uid, gid_t gid);
  void add_attributes(const Place& place, std::size_t room, wire::Extras& extras) const;
  std::string user_name(uid_t uid);
  std::string group_name(gid_t gid);

  const WalkRules& rules_;
  const SkipNote& note_;
  std::map<uid_t, std::string> users_;
  std::map<gid_t, std::string> groups_;
};

}  // namespace dcdn::source
