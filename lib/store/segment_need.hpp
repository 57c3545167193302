// segment_need.hpp - what of a segment is still to come.
#pragma once
#include <vector>

namespace dcdn::store {

/// needed[i] for its i-th ChunkRecord.
struct SegmentNeed {
  std::vector<bool> needed;
  bool any = false;
};

}  // namespace dcdn::store
