// netsim - a bad link between two network namespaces, for tests and measurements. Needs root.
#include <sched.h>

#include <cstdio>
#include <string>

#include "dcdn/units.hpp"
#include "netsim/emulator.hpp"

namespace {

using namespace dcdn;
using namespace dcdn::netsim;

struct Arguments {
  LinkOptions link;
  EndOptions near{"", "near0"};
  EndOptions far{"", "far0"};
  bool help = false;
  bool list = false;
};

void print_help() {
  std::printf(
      "Usage: netsim --near NAMESPACE --far NAMESPACE [--profile NAME] [OPTION...]\n"
      "       netsim --list-profiles\n\n"
      "Joins two network namespaces (ip netns) by a bad link: a TUN device in each,\n"
      "near0 and far0, which the caller gives addresses once netsim says \"ready\".\n"
      "On SIGUSR1, SIGTERM and SIGINT a line of JSON with the counters goes to\n"
      "standard output; the last two end it. Packets are counted with their IP header.\n\n"
      "  --profile NAME        start from a named link; options override it\n"
      "  --seed N              what is drawn by chance; default 1\n"
      "  --near-device NAME, --far-device NAME\n"
      "  --list-profiles\n\n"
      "The link, both ways (--back-rate, --back-delay, ...: only from far to near):\n");
  for (const LinkOption& option : link_options()) {
    const std::string left = std::string(option.name) + " " + std::string(option.value);
    std::printf("  %-24s %s\n", left.c_str(), std::string(option.summary).c_str());
  }
}

void list_profiles() {
  for (const Profile& profile : profiles()) {
    std::printf("%-12s %s\n", std::string(profile.name).c_str(), std::string(profile.summary).c_str());
  }
}

/// The profile first, wherever it stands: options override it.
Result<LinkOptions> read_profile(int argc, char** argv) {
  LinkOptions link;
  for (int i = 1; i + 1 < argc; ++i) {
    if (std::string_view(argv[i]) != "--profile") continue;
    DCDN_TRY(link, find_profile(argv[i + 1]));
  }
  return link;
}

Result<void> read_option(Arguments& arguments, const std::string& name, const std::string& value) {
  if (is_link_option(name)) return set_option(arguments.link, name, value);
  if (name == "--near") {
    arguments.near.space = value;
  } else if (name == "--far") {
    arguments.far.space = value;
  } else if (name == "--near-device") {
    arguments.near.device = value;
  } else if (name == "--far-device") {
    arguments.far.device = value;
  } else if (name == "--seed") {
    DCDN_TRY(arguments.link.seed, parse_size(value));
  } else if (name != "--profile") {
    return Error(Errc::usage, "no option " + name).with_hint("netsim --help lists them");
  }
  return {};
}

Result<Arguments> read_arguments(int argc, char** argv) {
  Arguments arguments;
  DCDN_TRY(arguments.link, read_profile(argc, argv));
  for (int i = 1; i < argc; ++i) {
    const std::string name = argv[i];
    if (name == "--help") {
      arguments.help = true;
    } else if (name == "--list-profiles") {
      arguments.list = true;
    } else if (i + 1 == argc) {
      return Error(Errc::usage, name + " needs a value or is no option")
          .with_hint("netsim --help lists them");
    } else {
      DCDN_CHECK(read_option(arguments, name, argv[++i]));
    }
  }
  const bool runs = !arguments.help && !arguments.list;
  if (runs && (arguments.near.space.empty() || arguments.far.space.empty())) {
    return Error(Errc::usage, "which namespaces?").with_hint("netsim --near NAMESPACE --far NAMESPACE");
  }
  return arguments;
}

/// Other work on this machine must not look like a worse link. Without the right to this it is only less
/// exact.
void come_first() {
  sched_param parameter{};
  parameter.sched_priority = 1;
  if (::sched_setscheduler(0, SCHED_RR, &parameter) != 0) {
    std::fprintf(stderr, "netsim: no real-time priority: less exact beside other work\n");
  }
}

Result<void> run(const Arguments& arguments) {
  DCDN_TRY(Emulator emulator, Emulator::open(arguments.near, arguments.far, arguments.link));
  come_first();
  std::fprintf(stderr, "netsim: ready\n");
  return emulator.run();
}

int end_with(const Error& error) {
  std::fprintf(stderr, "netsim: %s\n", error.message.c_str());
  if (!error.hint.empty()) std::fprintf(stderr, "netsim: hint: %s\n", error.hint.c_str());
  return error.code == Errc::usage ? 2 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  const auto arguments = read_arguments(argc, argv);
  if (!arguments) return end_with(arguments.error());
  if (arguments->help) print_help();
  if (arguments->list) list_profiles();
  if (arguments->help || arguments->list) return 0;
  const auto result = run(*arguments);
  return result ? 0 : end_with(result.error());
}
