#include "pipeline/signature_batch.hpp"

#include "wire/signed_frames.hpp"

namespace dcdn::pipeline {

std::vector<bool> SignatureBatch::check(const std::vector<wire::Frame>& frames) {
  std::vector<bool> good(frames.size(), false);
  std::vector<std::size_t> which;
  for (std::size_t i = 0; i < frames.size(); ++i)
    if (frames[i].type == wire::FrameType::signature) which.push_back(i);
  if (which.size() < kLeast) return good;
  std::vector<char> found(which.size(), 0);  // not bits: written by several threads
  run_all_(which.size(), [&](std::size_t i) {
    const auto signature = wire::parse_segment_signature(frames[which[i]].body.view());
    found[i] = signature && wire::verify_segment_signature(*signature) ? 1 : 0;
  });
  for (std::size_t i = 0; i < which.size(); ++i) good[which[i]] = found[i] != 0;
  return good;
}

}  // namespace dcdn::pipeline
