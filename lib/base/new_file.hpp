// new_file.hpp - the one way in which a file is made or replaced: written without a name, on disk, then
// named.
//
// Until finish() the content has no name (O_TMPFILE) where the file system can do that, so that a kill leaves
// nothing. Elsewhere, and for the moment between two names of one that replaces another, it is
// ".NAME.dcdn-newN" beside the final name, locked; the next writer of NAME removes one that nobody holds.
//
// What replaces a file takes over its mode, its owner where the system allows that, and its access list
// (POSIX ACL); set-user-id and set-group-id bits are not taken over: the content is another. Where the owning
// group cannot be kept, it gets no more than everybody.
//
// A symbolic link is followed: the file that it leads to is replaced, and the link stays; one that leads
// nowhere is an error. Devices, named pipes, sockets and folders are never replaced. Of several hard links
// only the named one becomes the new file.
// Threads  any; two writers of one name do not meet, and the last one to finish is what is there
#pragma once
#include <sys/types.h>

#include <string>

#include "base/unique_fd.hpp"

namespace dcdn {

struct NewFileRules {
  bool replace = false;       ///< a regular file that is there is replaced; else error exists
  mode_t mode = 0666;         ///< of a file where none was, as the umask allows
  bool secret = false;        ///< 0600 and ours from the first byte, whatever is replaced
  std::string exists_hint{};  ///< the way out, if something is there and may not be replaced
};

class NewFile {
 public:
  /// error exists: it is there and shall not be replaced, or is nothing that can be; not_found: no such
  /// folder; permission, io, no_space; locked: too many others write it.
  static Result<NewFile> create(const std::string& path, const NewFileRules& rules);
  NewFile(NewFile&& other) noexcept;
  NewFile& operator=(NewFile&&) = delete;
  ~NewFile();  ///< what was not finished leaves no file

  /// To read and write; stays owned.
  [[nodiscard]] int fd() const { return fd_.get(); }
  /// Both would get one name.
  [[nodiscard]] bool is_same_name(const NewFile& other) const;
  /// Mode, owner and content are on disk; what is left is the name. For several files that get theirs
  /// together.
  Result<void> sync();
  /// sync(), then the name, on disk as well. A new name is taken back if it is not; of a file that replaced
  /// another either may be there then.
  /// error exists: something got the name meanwhile
  Result<void> finish();

 private:
  NewFile() = default;
  Result<void> find_place(const std::string& path);
  Result<void> follow_link(std::string& path);
  Result<void> open_file(mode_t mode);
  Result<void> look_again();
  Result<void> give_name();
  Result<void> link_to(const std::string& name, bool& there) const;
  Result<void> take_over_name();
  Result<void> name_beside();
  [[nodiscard]] std::string beside_name(unsigned number) const;
  void remove_leftovers() const;
  [[nodiscard]] bool is_named(const std::string& name) const;
  [[nodiscard]] Error exists() const;

  NewFileRules rules_;
  std::string shown_;   // the path as it was given, safe to show
  std::string name_;    // in folder_
  std::string beside_;  // the name it has until it has its own; empty: none
  UniqueFd folder_;
  UniqueFd fd_;
  UniqueFd replaced_;        // what stands there, by O_PATH; not valid: nothing
  bool unsyncable_ = false;  // a folder that may be written and not be read is left to the system
  bool unnamed_ = false;
  bool synced_ = false;
};

/// A whole file with this content. error as NewFile.
Result<void> write_new_file(const std::string& path, ByteView bytes, const NewFileRules& rules);
/// The same, replacing what is there; `mode` of one where none was.
Result<void> write_file_atomically(const std::string& path, ByteView bytes, mode_t mode);

/// A file without a name in `folder`, for reading and writing. error io, no_space, permission.
Result<UniqueFd> open_unnamed(const std::string& folder);

}  // namespace dcdn
