#include "dcdn-sign/sign_args.hpp"

namespace dcdn::tool {

namespace {

constexpr std::uint64_t kLargestFd = 1u << 20;
constexpr std::uint64_t kLeastHold = 1u << 20;
constexpr std::uint64_t kMostHold = 1u << 30;

void add_passphrase_fd(Command& command, SignArgs& args) {
  const auto apply = [&args](const std::vector<std::string>& values) -> Result<void> {
    DCDN_TRY(const std::uint64_t fd, parse_integer(values.back(), 0, kLargestFd));
    args.passphrase_fd = static_cast<int>(fd);
    return {};
  };
  command.custom("passphrase-fd", Arity::one, "FD", "read the passphrase from file descriptor FD", apply)
      .command_line_only();
}

void add_key_choice(Command& command, SignArgs& args) {
  command.text("key", args.name, "NAME", "which of your keys").formerly("name").command_line_only();
  command.text("key-file", args.file, "PEM", "a key file elsewhere (PKCS#8 PEM)")
      .formerly("file")
      .completes(Complete::file)
      .command_line_only();
  add_passphrase_fd(command, args);
}

void add_format(Command& command, SignArgs& args, const std::string& help) {
  command
      .choice("as", args.format,
              {{"dcdn", SignatureFormat::dcdn},
               {"openssl", SignatureFormat::openssl},
               {"minisign", SignatureFormat::minisign},
               {"signify", SignatureFormat::signify}},
              help)
      .command_line_only();
}

void add_keygen(Command& root, SignArgs& args) {
  Command& command = root.subcommand("keygen", "makes a key pair; prints its node id");
  command.usage("[--key NAME]");
  command.text("key", args.name, "NAME", "name of the new key").formerly("name").command_line_only();
  command.flag("passphrase", args.ask_passphrase, "ask for a passphrase and encrypt the key with it")
      .command_line_only();
  add_passphrase_fd(command, args);
  command.example("dcdn-sign keygen --key hq", "a key in keys/hq.pem; the first one is the default");
}

void add_id(Command& root, SignArgs& args) {
  Command& command = root.subcommand("id", "prints the node id of a key");
  add_key_choice(command, args);
  command.text("public", args.public_file, "FILE", "of this public key of openssl, minisign or signify")
      .completes(Complete::file)
      .command_line_only();
  add_format(command, args, "print the public key as that program's file");
  command.flag("words", args.words, "print its fingerprint in words, to be read out").command_line_only();
  command.example("dcdn-sign id", "give this line to those who should trust you");
  command.example("dcdn-sign id --words", "nine words with a check, for the telephone");
}

void add_rotate(Command& root, SignArgs& args) {
  Command& command = root.subcommand("rotate", "puts a new key in the place of one of yours");
  command.text("key", args.name, "NAME", "which of your keys").formerly("name").command_line_only();
  add_passphrase_fd(command, args);
  command.example("dcdn-sign rotate", "prints the new node id; the next streams and sessions tell of it");
}

void add_revoke(Command& root, SignArgs& args) {
  Command& command = root.subcommand("revoke", "withdraws one of your keys for ever");
  add_key_choice(command, args);
  command.text("object", args.revocation, "FILE", "with the revocation made by keygen, without the secret")
      .completes(Complete::file)
      .command_line_only();
  command.example("dcdn-sign revoke --object hq-revocation.dcs", "the key file itself may be lost or stolen");
}

void add_announce(Command& root) {
  Command& command = root.subcommand("announce", "writes what is known of keys as a chunk stream");
  command.usage("> STATEMENTS");
  command.example("dcdn-sign announce | cat - tree.dcs > stick.dcs",
                  "rotations and revocations travel along");
}

void add_audit(Command& root, SignArgs& args) {
  Command& audit = root.subcommand("audit", "reads the log of what was accepted and refused");
  Command& verify = audit.subcommand("verify", "checks that no line was altered, dropped or moved");
  verify.text("head", args.head, "HASH", "a hash noted earlier that must still be there").command_line_only();
  audit.subcommand("show", "prints the log, checked");
}

void add_sign(Command& root, SignArgs& args) {
  Command& command = root.subcommand("sign", "signs a chunk stream, or files beside them");
  command.usage("< STREAM > SIGNED").usage("--detached FILE...");
  add_key_choice(command, args);
  command.flag("detached", args.detached, "write FILE.sig beside each FILE").command_line_only();
  add_format(command, args, "with --detached: a signature for that program");
  command.flag("overwrite", args.overwrite, "replace a FILE.sig that is there").command_line_only();
  command.positionals("FILE", args.files, "what to sign, with --detached", false).completes(Complete::file);
  command.example("dcdn-send --stdout tree/ | dcdn-sign sign > tree.dcs", "a signature after every segment");
  command.example("dcdn-sign sign --detached report.pdf", "writes report.pdf.sig");
  command.example("dcdn-sign sign --detached --as minisign app.tar", "writes app.tar.minisig");
}

void add_verify(Command& root, SignArgs& args) {
  Command& command = root.subcommand("verify", "passes on what is signed by those you accept");
  command.usage("[--signer ID]... < SIGNED > VERIFIED").usage("--detached FILE [SIGNATURE]");
  command.list("signer", args.keys, "ID", "accept this node id or trusted name instead of every trusted key")
      .formerly("key")
      .command_line_only();
  command.integer("require", args.required, 1, 64, "how many of the accepted keys must have signed")
      .command_line_only();
  command.text("project", args.project, "NAME", "accept keys that may sign for this project")
      .command_line_only();
  command.size("hold", args.hold_bytes, kLeastHold, kMostHold, "how much may wait for its signature")
      .command_line_only();
  command.flag("detached", args.detached, "check FILE against FILE.sig").command_line_only();
  command
      .positionals("FILE", args.files, "with --detached: the file, then its signature if not FILE.sig", false)
      .completes(Complete::file);
  command.example("dcdn-sign verify --require 2 --signer ann --signer bob < plan.dcs > ok.dcs",
                  "two persons must agree");
  command.example("dcdn-sign verify --signer \"$HQ_ID\" < tree.dcs | dcdn-recv --stdin -o out",
                  "unpacks only what hq signed");
}

void add_encrypt(Command& root, SignArgs& args) {
  Command& command = root.subcommand("encrypt", "makes a chunk stream that only the recipients can read");
  command.usage("--to KEY... < STREAM > ENCRYPTED");
  command
      .list("to", args.to, "KEY", "who can read it: a trusted name, a node id or a public key file; repeated")
      .completes(Complete::file)
      .command_line_only();
  command.example("dcdn-send --stdout tree/ | dcdn-sign encrypt --to hq | dcdn-sign sign > tree.dcs",
                  "relays can check it, store it and repair it, and not read it");
}

void add_decrypt(Command& root, SignArgs& args) {
  Command& command = root.subcommand("decrypt", "what was encrypted to one of your keys, as it was");
  command.usage("[--key NAME] < ENCRYPTED > STREAM");
  add_key_choice(command, args);
  command.example("dcdn-sign verify < tree.dcs | dcdn-sign decrypt | dcdn-recv --stdin -o out",
                  "checks who it is from, then reads it");
}

void add_trust(Command& root, SignArgs& args) {
  Command& trust = root.subcommand("trust", "says whose signatures are accepted");
  Command& add = trust.subcommand("add", "trusts a node id under a name");
  add.positional("NAME", args.name, "1 to 64 of A-Z a-z 0-9 . _ -", true);
  add.positional("ID", args.id, "what dcdn-sign id printed there", true);
  add.text("scope", args.scopes, "SCOPES", "all, or some of send,relay,project:NAME").command_line_only();
  add.text("words", args.spoken, "WORDS", "the fingerprint its owner read out must fit").command_line_only();
  trust.subcommand("list", "prints names and node ids");
  Command& remove = trust.subcommand("remove", "trusts no longer");
  remove.positional("NAME-OR-ID", args.name_or_id, "a name, or a node id with all its names", true);
  Command& out = trust.subcommand("export", "prints names, keys and what became of them");
  out.flag("qr", args.qr, "in the characters of a QR code, one code for each line").command_line_only();
  out.positionals("NAME", args.names, "whom; without any, everybody", false);
  Command& in = trust.subcommand("import", "takes in what export printed");
  in.usage("< TEXT");
}

Error usage_error(const std::string& what, const std::string& hint) {
  return Error(Errc::usage, what).with_hint(hint);
}

Result<void> check(const CliApp& app, const SignArgs& args) {
  if (args.detached && args.files.empty()) return usage_error("--detached: FILE is missing", "");
  if (args.detached && (args.required > 1 || !args.project.empty()))
    return usage_error("--require and --project are for streams", "");
  if (!args.detached && !args.files.empty())
    return usage_error(
        "unexpected argument " + args.files.front(),
        "a stream is read from standard input; to " + args.command + " a file: --detached FILE");
  if (args.command == "sign" && args.format != SignatureFormat::dcdn && !args.detached)
    return usage_error("--as is for --detached", "a stream has one form");
  if (args.words && args.format != SignatureFormat::dcdn)
    return usage_error("--words and --as are two forms", "give one");
  if (!args.public_file.empty() && (!args.file.empty() || app.was_given("key")))
    return usage_error("--public is a key of its own", "leave out --key and --key-file");
  if (args.overwrite && !args.detached) return usage_error("--overwrite is for --detached", "");
  if (args.command == "verify" && args.files.size() > 2)
    return usage_error("unexpected argument " + args.files[2], "one FILE and at most one SIGNATURE");
  if (!args.file.empty() && app.was_given("key"))
    return usage_error("--key and --key-file are two keys", "give one");
  if (!args.revocation.empty() && (!args.file.empty() || app.was_given("key")))
    return usage_error("--object names its key itself", "leave out --key and --key-file");
  if (args.ask_passphrase && args.passphrase_fd >= 0)
    return usage_error("--passphrase and --passphrase-fd are two sources", "give one");
  if (args.command == "encrypt" && args.to.empty())
    return usage_error("encrypt: --to KEY is missing", "dcdn-sign trust list shows the names you know");
  if ((args.command == "decrypt" || (args.command == "sign" && !args.detached)) && args.passphrase_fd == 0)
    return usage_error("--passphrase-fd 0: standard input is the stream",
                       "use another: --passphrase-fd 3 3< FILE");
  return {};
}

}  // namespace

Result<Parsed> parse_sign_args(int argc, const char* const* argv, Report& report, SignArgs& args) {
  CliApp app("dcdn-sign", "makes keys, signs and verifies chunk streams and files");
  Command& root = app.root();
  root.usage("COMMAND");
  root.example("dcdn-sign keygen --key hq; dcdn-sign id",
               "makes the key of this place and prints its node id");
  root.example("dcdn-sign sign < tree.dcs | dcdn-sign verify --signer \"$HQ_ID\" > verified.dcs",
               "what comes out was signed by hq, byte for byte");
  add_keygen(root, args);
  add_id(root, args);
  add_sign(root, args);
  add_verify(root, args);
  add_encrypt(root, args);
  add_decrypt(root, args);
  add_trust(root, args);
  add_rotate(root, args);
  add_revoke(root, args);
  add_announce(root);
  add_audit(root, args);
  DCDN_TRY(const Parsed parsed, app.parse(argc, argv, report));
  args.command = app.command();
  args.key_chosen = app.was_given("key") || !args.file.empty();
  if (parsed == Parsed::run) DCDN_CHECK(check(app, args));
  return parsed;
}

}  // namespace dcdn::tool
