// extras_setter.hpp - gives entries their owners and attributes, as far as that was asked for here.
#pragma once
#include <sys/types.h>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "wire/extras.hpp"

namespace dcdn::store {

/// What of an entry's extras is set. It takes the word of whoever receives: to a sender it would be a way to
/// make anything.
struct KeptExtras {
  bool owner = false;        ///< with it set-user-id, set-group-id and sticky bits; only root can
  bool numeric_ids = false;  ///< by number even where there is a user or group of that name
  wire::KeptAttributes attributes = wire::KeptAttributes::none;
};

/// What cannot be set is counted and told at the end; nothing fails of it.
class ExtrasSetter {
 public:
  explicit ExtrasSetter(KeptExtras kept) : kept_(kept) {}

  /// Before the mode: a new owner takes bits of it away, and a mode may forbid to set attributes. What of the
  /// attributes that are kept it has already and should not have goes. Returns whether it has the owner that
  /// was sent, so that it may have set-user-id and the like. `shown` names it.
  bool set(int fd, const Bytes& extras, const std::string& shown);
  /// The same of what has that name; a symbolic link is not followed.
  bool set_named(int parent, const std::string& leaf, const Bytes& extras, const std::string& shown);
  /// Whether there is nothing that set_named() would change.
  bool has_named(int parent, const std::string& leaf, const Bytes& extras);
  /// Whether an owner came along that is to be set.
  [[nodiscard]] bool owns(const Bytes& extras) const;
  /// What a person should know of all that was set, and was not; each a sentence's worth.
  [[nodiscard]] std::vector<std::string> notes() const;

 private:
  struct Place;
  struct Failures {
    std::uint64_t count = 0;
    std::string first;
    void add(const std::string& what);
    [[nodiscard]] std::string note(const char* of) const;
  };
  bool set_at(const Place& place, const Bytes& extras);
  bool set_owner(const Place& place, const wire::Owner& owner);
  void set_attributes(const Place& place, const std::vector<wire::Attribute>& attributes);
  uid_t user_of(const wire::Owner& owner);
  gid_t group_of(const wire::Owner& owner);

  KeptExtras kept_;
  std::map<std::string, std::optional<uid_t>> users_;
  std::map<std::string, std::optional<gid_t>> groups_;
  Failures owners_;
  Failures attributes_;
  bool owner_ignored_ = false;
  bool attribute_ignored_ = false;
  bool rights_ignored_ = false;  // security.*, trusted.*
};

/// Gives one file or folder what of another's owner and attributes is kept. False: not all of it.
bool copy_extras(int from, int to, const KeptExtras& kept);

}  // namespace dcdn::store
