#include "netsim/emulator.hpp"

#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>

namespace dcdn::netsim {
namespace {

constexpr std::size_t kMostPacket = 65536;
constexpr std::size_t kMostAtOnce = 64;  // so that arrivals are not kept waiting by a flood

Error system_error(const std::string& what) {
  const std::error_code cause(errno, std::system_category());
  return Error(Errc::io, what + ": " + cause.message(), cause);
}

Result<UniqueFd> open_tun(const std::string& device) {
  UniqueFd fd(::open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC));
  if (!fd.valid()) return system_error("/dev/net/tun");
  ifreq request{};
  request.ifr_flags = IFF_TUN | IFF_NO_PI;
  if (device.size() >= sizeof request.ifr_name)
    return Error(Errc::usage, device + ": too long for a device name");
  std::memcpy(request.ifr_name, device.data(), device.size());
  if (::ioctl(fd.get(), TUNSETIFF, &request) != 0) return system_error("cannot make " + device);
  return fd;
}

/// A device belongs to the namespace of the thread that makes it, and stays there when the thread goes back.
Result<UniqueFd> open_tun_in(const EndOptions& end) {
  const UniqueFd home(::open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC));
  const UniqueFd space(::open(("/run/netns/" + end.space).c_str(), O_RDONLY | O_CLOEXEC));
  if (!home.valid() || !space.valid()) return system_error("network namespace " + end.space);
  if (::setns(space.get(), CLONE_NEWNET) != 0) return system_error("cannot enter " + end.space);
  auto tun = open_tun(end.device);
  if (::setns(home.get(), CLONE_NEWNET) != 0) return system_error("cannot leave " + end.space);
  return tun;
}

std::string direction_json(const char* name, const ChannelCounters& c, std::uint64_t unwritten) {
  const std::uint64_t passed = c.sent - c.dropped;
  const auto ms = [](Time t) { return std::chrono::duration<double, std::milli>(t).count(); };
  std::array<char, 512> text{};
  std::snprintf(
      text.data(), text.size(),
      "\"%s\":{\"sent\":%ju,\"sent_bytes\":%ju,\"delivered\":%ju,\"delivered_bytes\":%ju,\"lost\":%ju,"
      "\"lost_in_outage\":%ju,\"dropped\":%ju,\"unwritten\":%ju,\"mean_queue_delay_ms\":%.3f,"
      "\"most_queue_delay_ms\":%.3f}",
      name, c.sent, c.sent_bytes, c.delivered, c.delivered_bytes, c.lost, c.lost_in_outage, c.dropped,
      unwritten, passed > 0 ? ms(c.queue_delay_sum) / static_cast<double>(passed) : 0.0,
      ms(c.queue_delay_most));
  return text.data();
}

}  // namespace

Emulator::Emulator(const LinkOptions& link)
    : channels_{Channel(link.forth, 2 * link.seed), Channel(link.back, 2 * link.seed + 1)} {}

Result<Emulator> Emulator::open(const EndOptions& near, const EndOptions& far, const LinkOptions& link) {
  Emulator emulator(link);
  DCDN_TRY(emulator.ends_[0], open_tun_in(near));
  DCDN_TRY(emulator.ends_[1], open_tun_in(far));
  DCDN_CHECK(emulator.watch());
  return emulator;
}

Result<void> Emulator::watch() {
  sigset_t set;
  sigemptyset(&set);
  for (const int signal : {SIGTERM, SIGINT, SIGUSR1}) sigaddset(&set, signal);
  sigprocmask(SIG_BLOCK, &set, nullptr);
  signals_.reset(::signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC));
  timer_.reset(::timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC));
  epoll_.reset(::epoll_create1(EPOLL_CLOEXEC));
  for (const int fd : {ends_[0].get(), ends_[1].get(), timer_.get(), signals_.get()}) {
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.fd = fd;
    if (::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event) != 0) return system_error("epoll");
  }
  began_ = std::chrono::steady_clock::now();
  began_unix_s_ = std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
  return {};
}

Time Emulator::now() const {
  return std::chrono::steady_clock::now() - began_;
}

Result<void> Emulator::take(std::size_t from) {
  static std::array<std::uint8_t, kMostPacket> buffer;
  for (std::size_t i = 0; i < kMostAtOnce; ++i) {
    const ssize_t size = ::read(ends_[from].get(), buffer.data(), buffer.size());
    if (size < 0 && (errno == EAGAIN || errno == EINTR)) return {};
    if (size < 0) return system_error("cannot read a packet");
    const auto arrives = channels_[from].offer(now(), static_cast<std::uint64_t>(size));
    if (arrives) flying_.push({*arrives, order_++, 1 - from, Bytes(buffer.begin(), buffer.begin() + size)});
  }
  return {};
}

void Emulator::deliver() {
  while (!flying_.empty() && flying_.top().arrives <= now()) {
    const Flying& packet = flying_.top();
    const ssize_t size = ::write(ends_[packet.to].get(), packet.packet.data(), packet.packet.size());
    if (size < 0) ++unwritten_[packet.to];
    flying_.pop();
  }
}

Result<void> Emulator::arm() {
  const Time next = flying_.empty() ? Time(0) : flying_.top().arrives;
  itimerspec spec{};
  if (next != Time(0)) {
    const Time when = std::max(Time(1), next + Time(began_.time_since_epoch()));
    spec.it_value.tv_sec = when.count() / 1'000'000'000;
    spec.it_value.tv_nsec = when.count() % 1'000'000'000;
  }
  if (::timerfd_settime(timer_.get(), TFD_TIMER_ABSTIME, &spec, nullptr) != 0) return system_error("timerfd");
  return {};
}

Result<bool> Emulator::on_signal() {
  signalfd_siginfo info{};
  if (::read(signals_.get(), &info, sizeof info) != static_cast<ssize_t>(sizeof info)) return true;
  DCDN_CHECK(print_counters());
  return info.ssi_signo == SIGUSR1;
}

Result<void> Emulator::print_counters() {
  const std::string line = counters() + "\n";
  return write_all(STDOUT_FILENO, {reinterpret_cast<const std::uint8_t*>(line.data()), line.size()},
                   "standard output");
}

Result<void> Emulator::run() {
  std::array<epoll_event, 4> events{};
  while (true) {
    const int count = ::epoll_wait(epoll_.get(), events.data(), static_cast<int>(events.size()), -1);
    if (count < 0 && errno != EINTR) return system_error("epoll_wait");
    for (int i = 0; i < count; ++i) {
      const int fd = events[static_cast<std::size_t>(i)].data.fd;
      if (fd == signals_.get()) {
        DCDN_TRY(const bool goes_on, on_signal());
        if (!goes_on) return {};
      } else if (fd != timer_.get()) {
        DCDN_CHECK(take(fd == ends_[0].get() ? 0 : 1));
      }
    }
    deliver();
    DCDN_CHECK(arm());
  }
}

std::string Emulator::counters() {
  std::array<char, 96> head{};
  std::snprintf(head.data(), head.size(), "{\"began_unix_s\":%.6f,\"seconds\":%.6f,", began_unix_s_,
                std::chrono::duration<double>(now()).count());
  return head.data() + direction_json("forth", channels_[0].counters(), unwritten_[1]) + "," +
         direction_json("back", channels_[1].counters(), unwritten_[0]) + "}";
}

}  // namespace dcdn::netsim
