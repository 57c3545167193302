#include "trust/keyring_file.hpp"

#include <fcntl.h>

#include <cerrno>
#include <charconv>

#include "base/new_file.hpp"
#include "base/text.hpp"
#include "base/unique_fd.hpp"
#include "digest/hasher.hpp"
#include "trust/careful_file.hpp"

namespace dcdn::trust {

namespace {

std::string verified_path(const Home& home) {
  return home.key_statements_path() + ".verified";
}

std::string digest_of(std::string_view text) {
  digest::Hasher hasher;
  hasher.update(as_bytes("dcdn verified statements 1\n"));
  hasher.update(as_bytes(text));
  return to_hex(hasher.digest().view());
}

/// "LENGTH DIGEST\n": so many bytes at the beginning of key_statements hold nothing but good signatures.
std::string verified_note(std::string_view text) {
  return std::to_string(text.size()) + " " + digest_of(text) + "\n";
}

/// How many bytes of `statements` need not be verified. Whatever is wrong with the note: none.
std::size_t verified_bytes(const Home& home, std::string_view statements) {
  const auto note = read_trust_file(verified_path(home));
  if (!note) return 0;
  std::size_t length = 0;
  const char* const end = note->data() + note->size();
  const auto [at, problem] = std::from_chars(note->data(), end, length);
  if (problem != std::errc() || length > statements.size()) return 0;
  return verified_note(statements.substr(0, length)) == *note ? length : 0;
}

/// Without the half line that a killed writer left. A last line without its end that is a whole statement was
/// written by hand.
std::string_view whole_lines(std::string_view text) {
  const std::size_t last = text.rfind('\n');
  const std::string_view tail = last == std::string_view::npos ? text : text.substr(last + 1);
  if (tail.empty() || tail.front() == '#' || sign::parse_statement(tail)) return text;
  return text.substr(0, text.size() - tail.size());
}

struct LoadedRing {
  sign::Keyring ring;
  std::string statements_text;
  bool verified_whole = false;
};

Result<LoadedRing> load(const Home& home) {
  LoadedRing loaded;
  const std::string path = home.trusted_keys_path();
  DCDN_TRY(const std::string keys, read_trust_file(path));
  auto ring = sign::Keyring::parse(keys);
  if (!ring) return ring.error().during(path);
  loaded.ring = *std::move(ring);
  const std::string about = home.key_statements_path();
  DCDN_TRY(const std::string read, read_trust_file(about));
  loaded.statements_text = whole_lines(read);
  const std::size_t verified = verified_bytes(home, loaded.statements_text);
  loaded.verified_whole = verified == loaded.statements_text.size();
  auto history = sign::KeyHistory::parse(loaded.statements_text, verified);
  if (!history) return history.error().during(about);
  loaded.ring.set_history(*std::move(history));
  return loaded;
}

/// Writes `lines` at `offset`, which becomes the end of what was there: all of them, or none.
Result<void> append(const std::string& path, std::size_t offset, std::string_view lines) {
  const UniqueFd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, kOwnerOnly));
  if (!fd.valid()) return errno_error(errno, path);
  if (::ftruncate(fd.get(), static_cast<off_t>(offset)) != 0) return errno_error(errno, path);
  auto written = write_all_at(fd.get(), as_bytes(lines), offset, path);
  if (written && ::fsync(fd.get()) != 0) written = errno_error(errno, path + ": fsync");
  if (written) return offset == 0 ? sync_folder(folder_of(path)) : Result<void>();
  // Half a line would do no harm, a whole one would be believed.
  if (::ftruncate(fd.get(), static_cast<off_t>(offset)) != 0) return errno_error(errno, path);
  // cppcheck-suppress identicalConditionAfterEarlyExit  // it is the error
  return written;
}

}  // namespace

Result<sign::Keyring> load_keyring(const Home& home) {
  DCDN_TRY(LoadedRing loaded, load(home));
  return std::move(loaded.ring);
}

Result<KeyringChange> KeyringChange::begin(const Home& home) {
  DCDN_TRY(FolderLock lock, FolderLock::take(home.config_dir));
  KeyringChange change(home, std::move(lock));
  DCDN_TRY(LoadedRing loaded, load(home));
  change.ring_ = std::move(loaded.ring);
  change.keys_ = change.ring_.keys();
  change.statements_text_ = std::move(loaded.statements_text);
  change.known_ = change.ring_.history().statements().size();
  change.verified_whole_ = loaded.verified_whole;
  return change;
}

Result<void> KeyringChange::save() {
  // The statements first: an epoch that is known without them would look like a rollback.
  DCDN_CHECK(add_statements());
  if (ring_.keys() == keys_) return {};
  return write_file_atomically(home_.trusted_keys_path(), as_bytes(ring_.to_text()), kOwnerOnly);
}

Result<void> KeyringChange::add_statements() {
  const auto& statements = ring_.history().statements();
  std::string lines =
      statements_text_.empty() ? "# what keys said about themselves; each line proves itself\n" : "";
  if (!statements_text_.empty() && statements_text_.back() != '\n') lines = "\n";
  for (std::size_t i = known_; i < statements.size(); ++i)
    lines += sign::statement_text(statements[i]) + "\n";
  if (known_ < statements.size()) {
    DCDN_CHECK(append(home_.key_statements_path(), statements_text_.size(), lines));
    statements_text_ += lines;
    known_ = statements.size();
  } else if (verified_whole_) {
    return {};
  }
  // Lost, it costs time at the next start and nothing else.
  verified_whole_ =
      write_file_atomically(verified_path(home_), as_bytes(verified_note(statements_text_)), kOwnerOnly)
          .has_value();
  return {};
}

}  // namespace dcdn::trust
