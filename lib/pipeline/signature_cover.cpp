#include "pipeline/signature_cover.hpp"

#include <optional>

#include "base/text.hpp"

namespace dcdn::pipeline {

namespace {

constexpr std::size_t kShownDigest = 6;  // bytes

/// What is signed says where it belongs, and so does who signs it.
Error other_place(const SegmentPlace& place) {
  return {Errc::bad_signature, segment_text(place) + ": what is signed is about another place"};
}

}  // namespace

SegmentPlace place_of(const wire::SegmentHead& segment, const Digest& id) {
  return {segment.index, segment.index == 0 ? id : segment.stream};
}

std::string short_hex(const Digest& digest) {
  return to_hex(digest.view().first(kShownDigest));
}

std::string segment_text(const SegmentPlace& place) {
  return "segment " + std::to_string(place.index) + " of object " + short_hex(place.stream);
}

Error too_many(const std::string& what) {
  return {Errc::limit, what + ": more than can be kept in mind"};
}

CoverRules::Accepts CoverRules::one_of(std::set<NodeId> keys) {
  return [keys = std::move(keys)](const NodeId& signer) { return keys.contains(signer); };
}

void SignatureCover::set_accepts(CoverRules::Accepts accepted) {
  rules_.accepts = std::move(accepted);
  const auto gone = [this](const NodeId& signer) { return !accepts(signer); };
  for (auto& [id, waiting] : waiting_) std::erase_if(waiting.signers, gone);
  for (auto& [id, ahead] : ahead_) std::erase_if(ahead.signers, gone);
}

Result<SignatureCover::Covered> SignatureCover::add_segment(const Digest& id,
                                                            const wire::SegmentHead& segment) {
  if (rules_.unsigned_is_fine) return Covered{id};
  if (waiting_.contains(id) || covered_.contains(id)) return Covered();
  if (waiting_.size() >= rules_.most_waiting) return too_many("segments that nobody has signed");
  const SegmentPlace place = place_of(segment, id);
  waiting_.emplace(id, Waiting{place, segment.previous, {}});
  const auto ahead = ahead_.extract(id);
  if (ahead.empty()) return Covered();
  if (ahead.mapped().place != place) return other_place(place);
  return vouch(id, ahead.mapped().signers);
}

SignatureCover::Standing SignatureCover::standing_of(const wire::SegmentSignature& signature) const {
  Standing standing{accepts(signature.signer), About::unknown};
  if (const auto found = waiting_.find(signature.segment); found != waiting_.end())
    standing.about = found->second.place == place_of(signature) ? About::waiting : About::elsewhere;
  else if (covered_.contains(signature.segment))
    standing.about = About::covered;
  return standing;
}

Result<SignatureCover::Covered> SignatureCover::add_signature(const wire::SegmentSignature& signature,
                                                              bool checked) {
  const Standing standing = standing_of(signature);
  if (!standing.accepted || standing.about == About::covered) return Covered();
  const SegmentPlace place = place_of(signature);
  if (standing.about == About::elsewhere) return other_place(place);
  if (!checked) DCDN_CHECK(wire::verify_segment_signature(signature));
  if (standing.about == About::waiting) return vouch(signature.segment, {signature.signer});
  DCDN_CHECK(expect(signature.segment, place, {signature.signer}));
  return Covered();
}

/// A segment that is signed, or before one that is, and not here: it need not wait when it comes.
Result<void> SignatureCover::expect(const Digest& id, const SegmentPlace& place,
                                    const std::set<NodeId>& signers) {
  if (covered_.contains(id)) return {};
  if (!ahead_.contains(id) && ahead_.size() >= rules_.most_ahead)
    return too_many("signed segments that did not come");
  Ahead& ahead = ahead_[id];
  ahead.place = place;
  ahead.signers.insert(signers.begin(), signers.end());
  return {};
}

/// For it and, since each segment names the one before by digest, for all before it.
Result<SignatureCover::Covered> SignatureCover::vouch(const Digest& id, const std::set<NodeId>& signers) {
  std::optional<Digest> ready;  // the last one that enough have signed: so have they all before it
  for (Digest next = id;;) {
    Waiting& waiting = waiting_.at(next);
    const std::size_t before = waiting.signers.size();
    waiting.signers.insert(signers.begin(), signers.end());
    if (!ready && waiting.signers.size() >= rules_.required) ready = next;
    if (!rules_.chain || waiting.place.index == 0 || waiting.signers.size() == before) break;
    const SegmentPlace earlier{waiting.place.index - 1, waiting.place.stream};
    const auto previous = waiting_.find(waiting.previous);
    if (previous == waiting_.end()) {
      DCDN_CHECK(expect(waiting.previous, earlier, waiting.signers));
      break;
    }
    if (previous->second.place != earlier) return other_place(earlier);
    next = waiting.previous;
  }
  return ready ? cover(*ready) : Covered();
}

/// It and all before it that wait: vouch() has seen that they belong there.
SignatureCover::Covered SignatureCover::cover(const Digest& id) {
  Covered covered;
  Digest next = id;
  for (auto found = waiting_.find(next); found != waiting_.end(); found = waiting_.find(next)) {
    const bool goes_on = rules_.chain && found->second.place.index > 0;
    covered.push_back(next);
    covered_.insert(next);
    next = found->second.previous;
    waiting_.erase(found);
    if (!goes_on) break;
  }
  return covered;
}

std::set<NodeId> SignatureCover::signers_of(const Digest& id) const {
  const auto found = waiting_.find(id);
  return found == waiting_.end() ? std::set<NodeId>() : found->second.signers;
}

std::vector<SegmentPlace> SignatureCover::ahead() const {
  std::vector<SegmentPlace> places;
  places.reserve(ahead_.size());
  for (const auto& [id, ahead] : ahead_) places.push_back(ahead.place);
  return places;
}

}  // namespace dcdn::pipeline
