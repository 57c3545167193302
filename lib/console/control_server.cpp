// The listening side of control_socket.hpp.
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <asio/local/stream_protocol.hpp>
#include <asio/read_until.hpp>
#include <asio/steady_timer.hpp>
#include <asio/write.hpp>
#include <cerrno>
#include <chrono>
#include <set>

#include "base/text.hpp"
#include "base/unique_fd.hpp"
#include "console/control_socket.hpp"
#include "console/socket_path.hpp"

namespace dcdn::console {

namespace {

using Protocol = asio::local::stream_protocol;

constexpr std::size_t kMaxClients = 32;  // more than one person's terminals; the rest are hung up on
constexpr std::chrono::seconds kClientPatience{10};  // for one whole line, and for taking one whole answer
constexpr std::chrono::milliseconds kAcceptPause{200};
constexpr const char* kLineTooLong =
    "{\"ok\":false,\"code\":\"limit\",\"message\":\"a request is one line of at most 65536 bytes\"}\n";

class Client;

// What the server and its clients share; clients outlive the server only until their pending operations end.
struct Listening {
  Listening(const asio::any_io_executor& executor, Handler handle_request)
      : acceptor(executor), pause(executor), handler(std::move(handle_request)) {}
  Protocol::acceptor acceptor;
  asio::steady_timer pause;
  Handler handler;
  std::set<std::shared_ptr<Client>> clients;
  bool stopped = false;
};

// Reads a line, answers it, reads the next: one request at a time, so a client cannot pile up work.
class Client : public std::enable_shared_from_this<Client> {
 public:
  Client(Protocol::socket socket, std::weak_ptr<Listening> server)
      : socket_(std::move(socket)), patience_(socket_.get_executor()), server_(std::move(server)) {}

  void read_request() {
    be_patient();
    asio::async_read_until(socket_, asio::dynamic_buffer(input_, kMaxLineBytes), '\n',
                           [self = shared_from_this()](std::error_code failure, std::size_t size) {
                             self->got_request(failure, size);
                           });
  }
  void close() {
    std::error_code ignored;
    (void)socket_.close(ignored);
    patience_.cancel();
  }

 private:
  void be_patient() {
    patience_.expires_after(kClientPatience);
    patience_.async_wait([self = shared_from_this()](std::error_code failure) {
      // A timer that was set anew after this one fired must not hang up.
      if (!failure && self->patience_.expiry() <= asio::steady_timer::clock_type::now()) self->leave();
    });
  }
  void got_request(std::error_code failure, std::size_t size) {
    const auto server = server_.lock();
    if (!server || server->stopped) return;
    if (failure == asio::error::not_found) return answer(kLineTooLong, true);
    if (failure) return leave();
    std::string line = input_.substr(0, size - 1);
    input_.erase(0, size);
    answer(server->handler(line) + "\n", false);
  }
  void answer(std::string text, bool last) {
    be_patient();
    output_ = std::move(text);
    asio::async_write(socket_, asio::buffer(output_),
                      [self = shared_from_this(), last](std::error_code failure, std::size_t) {
                        if (failure || last) return self->leave();
                        self->read_request();
                      });
  }
  void leave() {
    close();
    if (const auto server = server_.lock()) server->clients.erase(shared_from_this());
  }

  Protocol::socket socket_;
  asio::steady_timer patience_;
  std::weak_ptr<Listening> server_;
  std::string input_;
  std::string output_;
};

void accept_next(const std::shared_ptr<Listening>& server) {
  server->acceptor.async_accept([server](std::error_code failure, Protocol::socket socket) {
    if (server->stopped) return;
    if (!failure && server->clients.size() < kMaxClients && is_same_user(socket.native_handle())) {
      auto client = std::make_shared<Client>(std::move(socket), server);
      server->clients.insert(client);
      client->read_request();
    }
    if (!failure) return accept_next(server);
    // Out of descriptors, say: that fails again at once, so look again a little later.
    server->pause.expires_after(kAcceptPause);
    server->pause.async_wait([server](std::error_code) {
      if (!server->stopped) accept_next(server);
    });
  });
}

class LocalServer final : public ControlServer {
 public:
  LocalServer(std::shared_ptr<Listening> listening, SocketPath path, struct stat made)
      : listening_(std::move(listening)), path_(std::move(path)), made_(made) {}
  LocalServer(const LocalServer&) = delete;
  LocalServer& operator=(const LocalServer&) = delete;
  ~LocalServer() override {
    listening_->stopped = true;
    std::error_code ignored;
    (void)listening_->acceptor.close(ignored);
    listening_->pause.cancel();
    for (const auto& client : listening_->clients) client->close();
    listening_->clients.clear();
    // Somebody may have put another socket there since; that one is not ours to remove.
    struct stat there {};
    if (::fstatat(path_.directory(), path_.leaf().c_str(), &there, AT_SYMLINK_NOFOLLOW) == 0 &&
        there.st_ino == made_.st_ino && there.st_dev == made_.st_dev)
      ::unlinkat(path_.directory(), path_.leaf().c_str(), 0);
  }

 private:
  std::shared_ptr<Listening> listening_;
  SocketPath path_;
  struct stat made_;
};

// Whether a process answers at the path. A full queue of connections is an answer too.
bool somebody_listens(const SocketPath& path) {
  const UniqueFd probe(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  return probe.valid() && (::connect(probe.get(), path.generic(), path.size()) == 0 || errno == EAGAIN);
}

Result<UniqueFd> bind_and_listen(const SocketPath& path, const std::string& name) {
  UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd.valid()) return errno_error(errno, name + ": make socket");
  // On Linux the mode of the unbound socket becomes that of its file, so nobody else can connect even for a
  // moment.
  ::fchmod(fd.get(), 0600);
  if (::bind(fd.get(), path.generic(), path.size()) != 0) {
    if (errno != EADDRINUSE) return errno_error(errno, name + ": bind");
    struct stat there {};
    const bool is_socket =
        ::fstatat(path.directory(), path.leaf().c_str(), &there, AT_SYMLINK_NOFOLLOW) == 0 &&
        S_ISSOCK(there.st_mode);
    if (!is_socket)
      return Error(Errc::exists, name + ": is there and is not a socket").with_hint("move it away");
    if (somebody_listens(path))
      return Error(Errc::locked, name + ": another process answers there")
          .with_hint("the session is running already");
    ::unlinkat(path.directory(), path.leaf().c_str(), 0);
    if (::bind(fd.get(), path.generic(), path.size()) != 0) return errno_error(errno, name + ": bind");
  }
  if (::listen(fd.get(), SOMAXCONN) != 0) return errno_error(errno, name + ": listen");
  return fd;
}

}  // namespace

Result<std::unique_ptr<ControlServer>> serve_control(asio::any_io_executor executor, const std::string& path,
                                                     Handler handler) {
  const std::string name = escape_for_display(path);
  const std::size_t slash = path.rfind('/');
  if (slash != std::string::npos && slash > 0) DCDN_CHECK(make_directories(path.substr(0, slash), 0700));
  DCDN_TRY(auto place, SocketPath::of(path));
  // Two processes that both find a stale socket must not remove each other's new one: one at a time. The lock
  // goes with this descriptor.
  const UniqueFd turn(::openat(place.directory(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!turn.valid() || ::flock(turn.get(), LOCK_EX) != 0)
    return errno_error(errno, name + ": lock its directory");
  DCDN_TRY(UniqueFd fd, bind_and_listen(place, name));
  struct stat made {};
  if (::fstatat(place.directory(), place.leaf().c_str(), &made, AT_SYMLINK_NOFOLLOW) != 0)
    return errno_error(errno, name + ": look at the new socket");
  auto listening = std::make_shared<Listening>(executor, std::move(handler));
  std::error_code failure;
  (void)listening->acceptor.assign(Protocol(), fd.get(), failure);
  if (failure) return Error(Errc::io, name + ": " + failure.message(), failure);
  (void)fd.release();  // the acceptor's now
  accept_next(listening);
  return std::unique_ptr<ControlServer>(new LocalServer(std::move(listening), std::move(place), made));
}

}  // namespace dcdn::console
