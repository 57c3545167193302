#include "node/node_trust.hpp"

#include <asio/post.hpp>
#include <thread>

#include "trust/chosen_keys.hpp"

namespace dcdn::node {

Result<std::unique_ptr<NodeTrust>> NodeTrust::open(const asio::any_io_executor& executor, const Home& home,
                                                   const NodeId& own, Note note) {
  std::unique_ptr<NodeTrust> made(new NodeTrust(own, note));
  // What writes for the ledger warns as well, on its own thread.
  const auto warn = [executor, note = std::move(note),
                     ours = std::this_thread::get_id()](const std::string& text) {
    if (std::this_thread::get_id() == ours) return note(0, text);
    asio::post(executor, [note, text] { note(0, text); });
  };
  DCDN_TRY(auto ledger, trust::TrustLedger::open(home, warn));
  made->ledger_ = std::make_shared<trust::TrustLedger>(std::move(ledger));
  made->records_ = std::make_shared<trust::AuditWriter>(home, warn);
  made->ledger_->write_by(
      [records = made->records_](std::function<void()> job) { records->post(std::move(job)); },
      [records = made->records_](const trust::AuditEvent& event) { records->add(event); });
  made->ledger_->watch(own);
  made->judged_ = made->ledger_->revision();
  made->about_own_ = made->ledger_->ring().history().about(own);
  DCDN_CHECK(made->judge_own_key());
  return made;
}

Bytes NodeTrust::statements() const {
  return trust::statement_frames(ledger_->ring(), own_, about_own_);
}

bool NodeTrust::tick() {
  records_->tick();
  (void)ledger_->look_sometimes();  // its revision tells
  const std::uint64_t revision = ledger_->revision();
  return std::exchange(judged_, revision) != revision;
}

Result<void> NodeTrust::judge_own_key() {
  DCDN_TRY(const NodeId now, trust::current_own_key(ledger_->ring(), own_));
  if (now == own_ || std::exchange(told_of_new_key_, true)) return {};
  note_(0, "our key has been replaced by " + sign::to_text(now) +
               ": whoever knows that will refuse this one, which is used until the next start");
  return {};
}

}  // namespace dcdn::node
