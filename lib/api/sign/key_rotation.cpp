// New keys in the place of old ones, and withdrawn ones: rotate_key, revoke_key, announce_keys.
#include <sys/stat.h>

#include <cerrno>

#include "base/clock.hpp"
#include "dcdn/sign.hpp"
#include "sink/frame_output.hpp"
#include "trust/audit_log.hpp"
#include "trust/chosen_keys.hpp"
#include "trust/key_files.hpp"
#include "trust/keyring_file.hpp"
#include "trust/trust_ledger.hpp"
#include "wire/frame_reader.hpp"

namespace dcdn {

namespace {

constexpr std::size_t kMaxObjectFile = 64u << 10;

Error replaced(const NodeId& key, const NodeId& by) {
  return Error(Errc::untrusted,
               "the key " + sign::to_text(key) + " has been replaced by " + sign::to_text(by) + " already")
      .with_hint("this is an old copy of its file; the new key is needed");
}

/// The log first: no change of a key that counts is missing there, wherever a kill falls. A line may speak of
/// one that did not come about then, which the next call begins anew.
Result<void> keep(const Home& home, const sign::KeyStatement& statement) {
  const auto learn = [&](sign::Keyring& ring) -> Result<void> {
    const std::string says = trust::describe_statement(statement, ring);
    DCDN_CHECK(ring.learn(statement, true));
    return trust::append_audit(home, {trust::kAuditKey, {{"what", says}}}, now_s());
  };
  return trust::change_keyring(home, learn);
}

/// The last steps, also of a rotation that was cut short.
Result<RotationInfo> put_in_place(const KeyChoice& choice, const trust::PendingKey& pending,
                                  const sign::SecretKey& old_key, const sign::SecretKey& next,
                                  std::uint64_t epoch) {
  RotationInfo info;
  info.old_id = sign::to_text(old_key.id());
  info.epoch = epoch;
  const std::string name = choice.name + ".epoch-" + std::to_string(epoch);
  DCDN_TRY(const sign::KeyRevocation revocation, sign::make_revocation(next, now_s()));
  const Bytes frame =
      wire::make_frame(wire::FrameType::key_revocation, encode(sign::KeyStatement(revocation)));
  DCDN_TRY(const std::string put, trust::store_revocation(choice.home, name, frame));
  DCDN_TRY(const sign::Keyring ring, trust::load_keyring(choice.home));
  DCDN_TRY(info.old_path, trust::put_next_key(pending, ring.history().epoch_of(old_key.id())));
  DCDN_TRY(info.key, describe_key(choice));
  info.key.revocation = put;
  return info;
}

Result<std::optional<RotationInfo>> finish_rotation(const KeyChoice& choice, const sign::SecretKey& old_key,
                                                    const sign::KeyHistory& history) {
  DCDN_TRY(const auto pending, trust::find_next_key(choice.home, choice.name));
  if (!pending) return std::optional<RotationInfo>();
  const auto next = trust::load_key_file(pending->next, choice.passphrase);
  // Half a file is one whose statement was never made.
  if (!next)
    return next.error().code == Errc::corrupt ? Result<std::optional<RotationInfo>>(std::nullopt)
                                              : next.error();
  const auto standing = history.standing_of(old_key.id());
  if (standing.state != sign::KeyHistory::State::good || standing.past.empty() ||
      standing.current != next->id())
    return std::optional<RotationInfo>();
  DCDN_TRY(RotationInfo info, put_in_place(choice, *pending, old_key, *next, standing.epoch));
  return std::optional<RotationInfo>(std::move(info));
}

Result<sign::KeyStatement> read_object(const std::string& path) {
  DCDN_TRY(const Bytes bytes, read_file(path, kMaxObjectFile));
  BufferPool pool(kMaxObjectFile);
  wire::FrameReader reader(wire::OnDamage::strict, pool);
  reader.push(bytes);
  for (;;) {
    auto step = reader.next();
    if (!step) return step.error().during(path);
    const auto* frame = std::get_if<wire::Frame>(&*step);
    if (frame == nullptr) return Error(Errc::corrupt, path + ": holds no revocation");
    if (frame->type != wire::FrameType::key_revocation) continue;
    auto statement = trust::statement_of(*frame);
    if (!statement) return statement.error().during(path);
    DCDN_CHECK(verify(*statement));
    return statement;
  }
}

}  // namespace

Result<RotationInfo> rotate_key(const KeyChoice& choice) {
  if (!choice.file.empty())
    return Error(Errc::usage, "--key-file: a key elsewhere cannot be put in another's place")
        .with_hint("--key NAME");
  DCDN_TRY(const trust::FolderLock lock, trust::lock_keys(choice.home));
  DCDN_TRY(const sign::SecretKey old_key, trust::load_chosen_key(choice));
  DCDN_TRY(const sign::Keyring ring, trust::load_keyring(choice.home));
  DCDN_TRY(auto finished, finish_rotation(choice, old_key, ring.history()));
  if (finished) return *std::move(finished);
  DCDN_TRY(const NodeId now, ring.current(old_key.id()));
  if (now != old_key.id()) return replaced(old_key.id(), now);
  const std::uint64_t epoch = ring.history().epoch_of(old_key.id()) + 1;
  DCDN_TRY(const sign::SecretKey next, sign::SecretKey::generate());
  // The secret is on disk before anybody is told of it, and told before it is used: see finish_rotation.
  DCDN_TRY(const trust::PendingKey pending,
           trust::store_next_key(choice.home, choice.name, next, choice.passphrase));
  DCDN_TRY(const sign::KeyRotation rotation, sign::make_rotation(old_key, next, epoch, now_s()));
  DCDN_CHECK(keep(choice.home, rotation));
  return put_in_place(choice, pending, old_key, next, epoch);
}

Result<std::string> revoke_key(const KeyChoice& choice, const std::string& object) {
  if (!object.empty()) {
    DCDN_TRY(const sign::KeyStatement statement, read_object(object));
    DCDN_CHECK(keep(choice.home, statement));
    return sign::to_text(std::get<sign::KeyRevocation>(statement).key);
  }
  DCDN_TRY(const sign::SecretKey key, trust::load_chosen_key(choice));
  DCDN_TRY(const sign::KeyRevocation revocation, sign::make_revocation(key, now_s()));
  DCDN_CHECK(keep(choice.home, revocation));
  return sign::to_text(key.id());
}

Result<std::uint64_t> key_age_s(const KeyChoice& choice) {
  std::string path = choice.file;
  if (path.empty()) {
    DCDN_TRY(path, trust::find_key_file(choice.home, choice.name));
  }
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0) return errno_error(errno, path);
  const std::uint64_t now = now_s();
  const auto written = static_cast<std::uint64_t>(std::max<std::int64_t>(info.st_mtim.tv_sec, 0));
  return now > written ? now - written : 0;
}

Result<int> announce_keys(const Home& home, int output_fd) {
  DCDN_TRY(const sign::Keyring ring, trust::load_keyring(home));
  sink::FrameOutput output(output_fd, "standard output");
  for (const sign::KeyStatement& statement : ring.history().statements())
    DCDN_CHECK(output.put(trust::frame_type_of(statement), encode(statement)));
  DCDN_CHECK(output.flush());
  return static_cast<int>(ring.history().statements().size());
}

}  // namespace dcdn
