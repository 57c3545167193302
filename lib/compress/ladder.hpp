// ladder.hpp - the steps of compression, from none to what a slow link is worth.
#pragma once
#include <array>
#include <cstddef>
#include <cstdint>

namespace dcdn::compress {

/// What chunks are made with.
struct Rung {
  int level = 0;                 ///< zstd; 0: raw
  std::uint32_t past_bytes = 0;  ///< of the content before a chunk that it is compressed after, at most
  std::size_t memory_bytes = 0;  ///< of each thread that compresses so
  /// Of one processor, measured on C headers: a first guess, which what is measured here replaces.
  double seconds_a_megabyte = 0;
};

inline constexpr std::array<Rung, 7> kLadder{{
    {0, 0, 0, 0.0005},
    {1, 0, std::size_t{1} << 20, 0.004},
    {3, 1u << 20, std::size_t{4} << 20, 0.006},
    {6, 1u << 20, std::size_t{6} << 20, 0.015},
    {9, 1u << 20, std::size_t{14} << 20, 0.025},
    {19, 1u << 20, std::size_t{34} << 20, 0.53},
    {19, 3u << 20, std::size_t{50} << 20, 1.4},
}};
inline constexpr std::uint8_t kUsualRung = 2;
inline constexpr std::uint8_t kBestRung = kLadder.size() - 1;

/// For the tables of all threads that compress for one object.
inline constexpr std::size_t kMostTableBytes = std::size_t{48} << 20;

/// A past of many times the chunk costs more to look through than it saves.
inline constexpr std::size_t kMostPastToContent = 4;

}  // namespace dcdn::compress
