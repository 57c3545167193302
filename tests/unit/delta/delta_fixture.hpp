// delta_fixture.hpp - what the tests of the delta layer share: seeded files, edits, and a delta in memory.
#pragma once
#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "delta/delta_search.hpp"

namespace dcdn::delta {

class Seeded {
 public:
  explicit Seeded(std::uint64_t seed) : engine_(seed) {}
  std::size_t below(std::size_t limit) { return limit == 0 ? 0 : engine_() % limit; }
  Bytes bytes(std::size_t size, unsigned values = 256) {
    Bytes made(size);
    for (auto& byte : made) byte = static_cast<std::uint8_t>(below(values));
    return made;
  }
  /// A few random insertions, deletions, moves, duplications, truncations and overwrites.
  Bytes edited(Bytes file) {
    for (std::size_t edits = below(6); edits > 0; --edits) edit(file);
    return file;
  }

 private:
  void edit(Bytes& file) {
    const std::size_t at = below(file.size() + 1);
    const auto from = file.begin() + static_cast<std::ptrdiff_t>(at);
    const std::size_t size = std::min(below(700), file.size() - at);
    const Bytes part(from, from + static_cast<std::ptrdiff_t>(size));
    const auto cut = [&] { file.erase(from, from + static_cast<std::ptrdiff_t>(size)); };
    const auto put = [&](const Bytes& what) {
      file.insert(file.begin() + static_cast<std::ptrdiff_t>(below(file.size() + 1)), what.begin(),
                  what.end());
    };
    switch (below(6)) {
      case 0:
        return put(bytes(below(300)));
      case 1:
        return cut();
      case 2:
        return cut(), put(part);
      case 3:
        return put(part);
      case 4:
        return file.resize(at);
      default:
        std::ranges::copy(bytes(size), from);
    }
  }
  std::mt19937_64 engine_;
};

/// Every way to compute that this processor has.
inline std::vector<Target> targets_here() {
  std::vector<Target> targets{Target::plain};
  if (best_target() >= Target::avx2) targets.push_back(Target::avx2);
  if (best_target() >= Target::avx512) targets.push_back(Target::avx512);
  return targets;
}

inline Bytes signature_of(const SignatureShape& shape, ByteView file) {
  Bytes signature = encode_signature_header(shape);
  sign_blocks(shape, file, signature);
  return signature;
}

/// `windows(i)`: how many bytes the i-th window adds.
template <class Windows>
Bytes delta_of(const Bytes& signature, ByteView file, std::size_t tasks, Windows windows,
               std::optional<DeltaTrailer> trailer = std::nullopt) {
  const auto table = SignatureTable::make(signature);
  EXPECT_TRUE(table);
  Bytes delta;
  DeltaWriter writer([&](ByteView bytes) -> Result<void> {
    delta.insert(delta.end(), bytes.begin(), bytes.end());
    return {};
  });
  // From the last task to the first: the order must not matter.
  const auto run = [](std::size_t count, const auto& task) {
    while (count-- > 0) task(count);
  };
  DeltaSearch search(*table, tasks, run, writer);
  std::size_t begin = 0;
  std::size_t end = 0;
  for (bool last = false; !last;) {
    end = std::min(end + windows(), file.size());
    last = end == file.size();
    const auto used = search.add(file.subspan(begin, end - begin), last);
    EXPECT_TRUE(used);
    begin += *used;
  }
  EXPECT_TRUE(writer.end(trailer));
  return delta;
}

/// The new file; error as DeltaReader's, or corrupt if the delta reaches past the old file.
inline Result<Bytes> patched(ByteView old, ByteView delta, std::size_t piece, std::size_t limit = 1u << 24) {
  DeltaReader reader;
  Bytes made;
  for (std::size_t at = 0;;) {
    DCDN_TRY(const DeltaStep step, reader.next());
    if (std::holds_alternative<MoreStep>(step)) {
      const std::size_t size = std::min(piece, delta.size() - at);
      reader.push(delta.subspan(at, size));
      at += size;
      if (size < piece) reader.finish();
    } else if (const auto* copy = std::get_if<CopyStep>(&step)) {
      if (copy->offset + copy->size > old.size() || made.size() + copy->size > limit)
        return Error(Errc::corrupt, "past the end");
      const ByteView part = old.subspan(copy->offset, copy->size);
      made.insert(made.end(), part.begin(), part.end());
    } else if (const auto* literal = std::get_if<LiteralStep>(&step)) {
      made.insert(made.end(), literal->bytes.begin(), literal->bytes.end());
    } else {
      return made;
    }
  }
}

}  // namespace dcdn::delta
