#include "dcdn-sign/sign_commands.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include "common/passphrase.hpp"
#include "common/terminal.hpp"
#include "dcdn-sign/trust_commands.hpp"

namespace dcdn::tool {

namespace {

constexpr std::uint64_t kDay = 24 * 60 * 60;
constexpr std::uint64_t kRemindAfterDays = 30;

Fields fields_of(const KeyInfo& key) {
  return {{"name", key.name},
          {"id", key.id},
          {"path", key.path},
          {"default", key.is_default},
          {"epoch", key.epoch}};
}

const char* name_of(SignatureFormat format) {
  switch (format) {
    case SignatureFormat::openssl:
      return "openssl";
    case SignatureFormat::minisign:
      return "minisign";
    case SignatureFormat::signify:
      return "signify";
    case SignatureFormat::dcdn:
      break;
  }
  return "dcdn";
}

Fields fields_of(const FileSignature& signature) {
  return {{"path", signature.path},
          {"signature", signature.signature_path},
          {"blake3", signature.digest},
          {"signer", signature.signer},
          {"name", signature.signer_name},
          {"size", signature.size},
          {"time", signature.time_s},
          {"comment", signature.comment},
          {"format", name_of(signature.format)}};
}

Result<KeyChoice> chosen_key(const SignArgs& args) {
  KeyChoice choice;
  DCDN_TRY(choice.home, find_home());
  choice.name = args.name;
  choice.file = args.file;
  DCDN_CHECK(unlock(choice, args.passphrase_fd));
  return choice;
}

/// Shown and nothing else: a clock that is wrong makes this line wrong, and no decision.
void remind(const KeyChoice& choice, Report& report) {
  const auto age = key_age_s(choice);
  if (age && *age >= kRemindAfterDays * kDay)
    report.note(
        0,
        fmt::format("this key is {} days old by this machine's clock; a new one is made by: dcdn-sign rotate",
                    *age / kDay));
}

Result<void> keygen(const SignArgs& args, Report& report) {
  KeyChoice choice;
  DCDN_TRY(choice.home, find_home());
  choice.name = args.name;
  if (args.ask_passphrase) {
    DCDN_TRY(choice.passphrase, ask_new_passphrase());
  } else if (args.passphrase_fd >= 0) {
    DCDN_TRY(choice.passphrase, read_passphrase(args.passphrase_fd));
  }
  DCDN_TRY(const KeyInfo key, make_key(choice));
  report.note(0,
              fmt::format("secret key written to {}{}", key.path, key.is_default ? ", the default key" : ""));
  if (!key.is_default)
    report.note(0, fmt::format("the default key is another; use this one with --key {}", key.name));
  report.note(0, "its revocation is in " + key.revocation + ": keep it in another place than the key");
  report.line(key.id);
  report.json("key", fields_of(key));
  return {};
}

Result<KeyInfo> described(const SignArgs& args, Report& report) {
  KeyInfo key;
  if (args.public_file.empty()) {
    DCDN_TRY(const KeyChoice choice, chosen_key(args));
    DCDN_TRY(key, describe_key(choice));
    remind(choice, report);
    return key;
  }
  DCDN_TRY(key.id, id_of_public_key(args.public_file));
  key.path = args.public_file;
  return key;
}

Result<void> print_id(const SignArgs& args, Report& report) {
  DCDN_TRY(const KeyInfo key, described(args, report));
  DCDN_TRY(const std::string words, fingerprint_words(key.id));
  DCDN_TRY(std::string text, public_key_text(key.id, args.format));
  text.pop_back();  // line() ends it
  report.line(args.words ? words : text);
  Fields fields = fields_of(key);
  fields.set("words", words);
  report.json("key", fields);
  return {};
}

Result<void> check_pipe(const std::string& command) {
  if (is_terminal(STDIN_FILENO))
    return Error(Errc::usage, "standard input is a terminal, not a chunk stream")
        .with_hint("dcdn-send --stdout PATH | dcdn-sign " + command + "; for a file: dcdn-sign " + command +
                   " --detached FILE");
  return refuse_binary_on_terminal(STDOUT_FILENO, "a chunk stream", false);
}

Result<void> sign_files_beside(const SignArgs& args, Report& report) {
  DCDN_TRY(const KeyChoice choice, chosen_key(args));
  DCDN_TRY(const auto signatures, sign_files(choice, args.files, args.overwrite, args.format));
  for (const FileSignature& signature : signatures) {
    report.note(0, signature.signature_path + " written");
    report.json("file_signature", fields_of(signature));
  }
  return {};
}

Result<void> sign(const SignArgs& args, Report& report) {
  if (args.detached) return sign_files_beside(args, report);
  report.stdout_carries_data();
  DCDN_CHECK(check_pipe(args.command));
  SignOptions options;
  DCDN_TRY(options.key, chosen_key(args));
  remind(options.key, report);
  DCDN_TRY(const SignReport done, sign_stream(options));
  report.note(
      1, fmt::format("{} segments of {} objects signed as {}", done.segments, done.objects, done.signer));
  report.json("summary", {{"signer", done.signer},
                          {"objects", done.objects},
                          {"segments", done.segments},
                          {"frames", done.frames}});
  return {};
}

Result<void> verify_beside(const SignArgs& args, const Home& home, Report& report) {
  const std::string signature_path = args.files.size() > 1 ? args.files[1] : "";
  DCDN_TRY(const FileSignature good, verify_file(home, args.keys, args.files[0], signature_path,
                                                 [&](const std::string& text) { report.note(0, text); }));
  const std::string who = good.signer_name.empty() ? good.signer : good.signer_name + " " + good.signer;
  report.line(escape(good.path) + ": good signature by " + who);
  report.json("file_signature", fields_of(good));
  return {};
}

Result<void> verify(const SignArgs& args, Report& report) {
  VerifyOptions options;
  DCDN_TRY(options.home, find_home());
  if (args.detached) return verify_beside(args, options.home, report);
  report.stdout_carries_data();
  DCDN_CHECK(check_pipe(args.command));
  options.keys = args.keys;
  options.hold_bytes = args.hold_bytes;
  options.project = args.project;
  options.required = args.required;
  options.on_note = [&](const std::string& text) { report.note(0, text); };
  DCDN_TRY(const VerifyReport done, verify_stream(options));
  report.note(0, fmt::format("verified {} objects, {} segments, {} chunks, signed by {}", done.objects,
                             done.segments, done.chunks, fmt::join(done.signers, " and ")));
  if (done.dropped > 0)
    report.note(0, fmt::format("left out {} frames that no accepted signature covers", done.dropped));
  report.json("summary", {{"signers", done.signers},
                          {"objects", done.objects},
                          {"segments", done.segments},
                          {"chunks", done.chunks},
                          {"bytes", done.bytes},
                          {"dropped", done.dropped}});
  return {};
}

Result<void> encrypt(const SignArgs& args, Report& report) {
  report.stdout_carries_data();
  DCDN_CHECK(refuse_binary_on_terminal(STDOUT_FILENO, "a chunk stream", false));
  EncryptOptions options;
  DCDN_TRY(options.home, find_home());
  options.to = args.to;
  DCDN_TRY(const EncryptReport done, encrypt_stream(options));
  report.note(1, fmt::format("encrypted to {}", fmt::join(done.recipients, " and ")));
  report.json("summary", {{"recipients", done.recipients}, {"bytes", done.bytes}});
  return {};
}

Result<void> decrypt(const SignArgs& args, Report& report) {
  report.stdout_carries_data();
  if (is_terminal(STDIN_FILENO))
    return Error(Errc::usage, "standard input is a terminal, not a chunk stream")
        .with_hint("dcdn-sign decrypt < ENCRYPTED > STREAM");
  DCDN_CHECK(refuse_binary_on_terminal(STDOUT_FILENO, "what was encrypted", false));
  DecryptOptions options;
  DCDN_TRY(options.home, find_home());
  if (args.key_chosen) {
    DCDN_TRY(options.key, chosen_key(args));
  }
  DCDN_TRY(const DecryptReport done, decrypt_stream(options));
  report.json("summary", {{"bytes", done.bytes}});
  return {};
}

Result<void> run(const SignArgs& args, Report& report) {
  if (args.command == "keygen") return keygen(args, report);
  if (args.command == "id") return print_id(args, report);
  if (args.command == "sign") return sign(args, report);
  if (args.command == "verify") return verify(args, report);
  if (args.command == "encrypt") return encrypt(args, report);
  if (args.command == "decrypt") return decrypt(args, report);
  return run_trust_command(args, report);
}

}  // namespace

Result<int> run_sign_command(const SignArgs& args, Report& report) {
  DCDN_CHECK(run(args, report));
  return 0;
}

}  // namespace dcdn::tool
