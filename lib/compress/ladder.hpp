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
  // Measured on C headers: a first guess, which what is measured here replaces.
  double seconds_a_megabyte = 0;  ///< of one processor
  double share = 1;               ///< of bytes, in relation to those of the usual rung
};

inline constexpr std::array<Rung, 7> kLadder{{
    {0, 0, 0, 0.0005, 3.75},
    {1, 0, std::size_t{1} << 20, 0.004, 1.1},
    {3, 1u << 20, std::size_t{4} << 20, 0.006, 1},
    {6, 1u << 20, std::size_t{6} << 20, 0.015, 0.94},
    {9, 1u << 20, std::size_t{14} << 20, 0.025, 0.895},
    {19, 1u << 20, std::size_t{34} << 20, 0.53, 0.805},
    {19, 3u << 20, std::size_t{50} << 20, 1.3, 0.795},
}};
inline constexpr std::uint8_t kUsualRung = 2;
inline constexpr std::uint8_t kBestRung = kLadder.size() - 1;

/// For the tables of all threads that compress for one object.
inline constexpr std::size_t kMostTableBytes = std::size_t{48} << 20;

/// A past of many times the chunk costs more to look through than it saves.
inline constexpr std::size_t kMostPastToContent = 4;

}  // namespace dcdn::compress
