#include "node/node.hpp"

#include "dcdn/version.hpp"
#include "trust/key_files.hpp"

namespace dcdn::node {

namespace {

constexpr std::chrono::milliseconds kTick{200};

}  // namespace

Node::Node(NodeOptions options, Note note)
    : options_(std::move(options)), note_(std::move(note)), watch_(loop_), front_desk_(executor(), note_) {}

std::string Node::agent() {
  return std::string("dcdn ") + version();
}

Result<void> Node::open_sessions() {
  DCDN_TRY(sessions_, SessionTable::open(options_.home.sessions_path(), note_));
  consoles_ = std::make_unique<SessionConsoles>(executor(), options_.home, *sessions_);
  return {};
}

Result<void> Node::identify() {
  DCDN_TRY(key_, trust::load_key(options_.home, options_.key_name, options_.passphrase));
  DCDN_TRY(trust_, NodeTrust::open(executor(), options_.home, key_->id(), note_));
  DCDN_TRY(identity_, transport_identity(*key_, options_.cert_file, keyring().history()));
  return {};
}

Result<std::string> Node::listen(const std::string& address, const TransportOptions& transport,
                                 const PeerRules& rules) {
  DCDN_TRY(listener_, net::listen(executor(), address, transport, identity_, rules.policy));
  front_desk_.set_verdict(rules.verdict);
  return listener_->local_address();
}

Result<void> Node::run() {
  if (roles_.empty()) return Error(Errc::internal, "a node without a role");
  DCDN_CHECK(
      watch_.on_interrupt(options_.interrupt_fd, [this] { stop(Error(Errc::interrupted, "interrupted")); }));
  watch_.on_time_limit(options_.max_time, [this] { stop(Error(Errc::limit, "--max-time is over")); });
  watch_.every(kTick, [this] { tick(); });
  running_ = roles_;
  for (Role* role : roles_)
    net::spawn(executor(), role->run(), [this, role](const Result<void>& result) { ended(*role, result); });
  if (listener_) front_desk_.open(listener_, [this](const Error& error) { stop(error); });
  loop_.run();
  drain();
  return result_;
}

void Node::stop(const Error& why) {
  for (Role* role : std::vector<Role*>(running_)) role->stop(why);
}

void Node::reload() {
  for (Role* role : running_) role->reload();
}

void Node::tick() {
  for (Role* role : std::vector<Role*>(running_)) role->tick();
  if (sessions_) sessions_->tick();
  if (trust_ && trust_->tick()) judge_again();
}

// Our own key first: without it there is nothing to judge for.
void Node::judge_again() {
  if (const auto own = trust_->judge_own_key(); !own) {
    const std::string why = "our own key is no longer good: " + own.error().message;
    return stop(Error(own.error().code, why).with_hint("make a new one: dcdn-sign keygen --key NAME"));
  }
  front_desk_.judge_again();
  for (Role* role : std::vector<Role*>(running_)) role->trust_changed();
}

void Node::ended(Role& role, const Result<void>& result) {
  if (!result && result_) result_ = result;
  role.tick();
  std::erase(running_, &role);
  if (!running_.empty()) return;
  watch_.stop();
  if (consoles_) consoles_->close_all();
  front_desk_.stop();
  watch_.end_soon(loop_);
}

// A job may still post to the loop, what it posts may ask for another job, and so on: the loop must not go
// while one could.
void Node::drain() {
  constexpr int kMostTurns = 100;
  for (int turn = 0; turn < kMostTurns; ++turn) {
    bool drained = true;
    for (Role* role : roles_) drained = role->drain() && drained;
    if (trust_) trust_->drain();
    loop_.restart();
    loop_.poll();
    if (drained) return;
  }
}

}  // namespace dcdn::node
