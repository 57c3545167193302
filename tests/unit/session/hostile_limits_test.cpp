// A sender with an accepted key that announces more than it is allowed, in every way there is, against every
// limit: it is refused before anything is written, and nothing of it stays.
#include "unit/session/hostile_sender.hpp"

namespace dcdn::session {
namespace {

namespace fs = std::filesystem;
using store::ReceiveLimits;

constexpr std::uint64_t kMega = 1'000'000;

class HostileLimits : public HostileSender {
 protected:
  void with(const ReceiveLimits& limits) {
    limits_ = limits;
    again_with(options.carrier);
  }
  /// What the disk has to have more than, when 100 MB above it may be used.
  static ReceiveLimits little_room(const std::string& path) {
    const auto dir = store::ReceiveDir::open(path);
    return {0, 0, (*dir)->room()->bytes - 100 * kMega};
  }
  std::uint64_t bytes_on_disk() const {
    std::uint64_t bytes = 0;
    for (const auto& entry : fs::recursive_directory_iterator(out()))
      if (entry.is_regular_file()) bytes += entry.file_size();
    return bytes;
  }
  /// An object that is told, or not, to have all that its records make.
  static MadeObject many_times(std::size_t times, std::optional<std::uint64_t> told) {
    test::ObjectMaker maker(wire::ObjectKind::file, kMega, 64);
    maker.begin_file("", 0644, 0, told);
    const Bytes chunk = pattern(kMega, 1);
    for (std::size_t i = 0; i < times; ++i) maker.add_piece(chunk);
    maker.end_file(times * kMega, {});
    return maker.finish();
  }
  static MadeObject hole_of(std::uint64_t bytes, std::optional<std::uint64_t> told) {
    test::ObjectMaker maker(wire::ObjectKind::file);
    maker.begin_file("", 0644, 0, told);
    maker.add(wire::HoleRecord{bytes});
    maker.end_file(bytes, digest::blake3({}));
    return maker.finish();
  }
  /// How an object ends that is sent, whatever is answered.
  std::optional<Errc> ends(const MadeObject& object) {
    const auto stream = begin();
    send_all(stream, object);
    EXPECT_TRUE(
        run_until([&] { return peer_.failed(stream) || peer_.count(stream, FrameType::receipt) > 0; }));
    shared_->worker.drain();
    return peer_.failed(stream);
  }
};

TEST_F(HostileLimits, AChunkThatIsListed400TimesCounts400Times) {
  for (const bool told : {false, true}) {
    const std::optional<std::uint64_t> bytes = told ? std::optional(400 * kMega) : std::nullopt;
    const MadeObject object = many_times(400, bytes);
    with({kMega, 0, 0});
    EXPECT_EQ(ends(object), Errc::limit) << "--max-object";
    EXPECT_LT(bytes_on_disk(), 10'000u);
    with({0, 2 * kMega, 0});
    EXPECT_EQ(ends(object), Errc::limit) << "--quota";
    EXPECT_LT(bytes_on_disk(), 10'000u);
    with(little_room(temp_.path() + "/other"));
    EXPECT_EQ(ends(object), Errc::no_space) << "--reserve";
    EXPECT_LT(bytes_on_disk(), 110 * kMega);
    fs::remove_all(out());
  }
}

// Nobody else waits for it either.
TEST_F(HostileLimits, AHoleOf2To58EndsItsObjectAtOnce) {
  for (const ReceiveLimits& limits :
       {ReceiveLimits{}, ReceiveLimits{kMega, 0, 0}, ReceiveLimits{0, kMega, 0}}) {
    with(limits);
    EXPECT_EQ(ends(hole_of(std::uint64_t{1} << 58, std::nullopt)), Errc::limit);
    expect_delivery(1, "next");
    fs::remove_all(out());
  }
  with({});
  // Who said so before gets it where the file system has files that long (tmpfs), which cost nothing.
  constexpr std::uint64_t kLong = std::uint64_t{1} << 58;
  const auto told = ends(hole_of(kLong, kLong));
  const bool is_there = std::ranges::any_of(
      fs::directory_iterator(out()),
      [](const fs::directory_entry& entry) { return entry.is_regular_file() && entry.file_size() == kLong; });
  EXPECT_EQ(told, is_there ? std::nullopt : std::optional(Errc::no_space));
  expect_delivery(1, "next");
}

TEST_F(HostileLimits, TwentyOffersAtOnceShareOneQuota) {
  with({0, 10 * kMega, 0});
  hello();
  std::vector<net::StreamId> streams;
  for (std::uint32_t i = 0; i < 20; ++i) streams.push_back(offer(i, "name" + std::to_string(i), 9 * kMega));
  const auto counted = [&](auto what) {
    return static_cast<std::size_t>(std::ranges::count_if(streams, what));
  };
  EXPECT_TRUE(run_until([&] {
    return counted([&](auto stream) {
             return peer_.failed(stream) || peer_.count(stream, FrameType::answer) > 0;
           }) == streams.size();
  }));
  EXPECT_EQ(counted([&](auto stream) { return peer_.failed(stream) == Errc::limit; }), 19u);
}

TEST_F(HostileLimits, TwentyObjectsOfUntoldLengthShareOneQuota) {
  with({0, 10 * kMega, 0});
  hello();
  std::vector<net::StreamId> streams;
  std::vector<MadeObject> objects;
  for (std::uint32_t i = 0; i < 20; ++i) {
    streams.push_back(offer(i, "name" + std::to_string(i)));
    test::ObjectMaker maker(wire::ObjectKind::file, kMega, 2);
    maker.begin_file("", 0644, 0, std::nullopt);
    for (std::uint64_t chunk = 0; chunk < 4; ++chunk) maker.add_piece(pattern(kMega, 100 * i + chunk));
    maker.end_file(4 * kMega, {});
    objects.push_back(maker.finish());
  }
  for (std::size_t segment = 0; segment < objects[0].segments.size(); ++segment)
    for (std::size_t i = 0; i < streams.size(); ++i) send_segment(streams[i], objects[i], segment);
  EXPECT_TRUE(run_until([&] {
    return std::ranges::count_if(streams, [&](auto s) { return peer_.failed(s).has_value(); }) >= 18;
  }));
  for (std::size_t i = 0; i < streams.size(); ++i)
    for (const auto& [digest, content] : objects[i].chunks)
      if (!peer_.failed(streams[i])) send_chunk(content);
  EXPECT_TRUE(run_until([&] {  // of the others, the digest at the end is wrong
    return std::ranges::all_of(streams, [&](auto stream) { return peer_.failed(stream).has_value(); });
  }));
  shared_->worker.drain();
  EXPECT_LE(bytes_on_disk(), 10 * kMega + 100'000);
}

TEST_F(HostileLimits, OfWhatWasRefusedNothingStays) {
  with({3 * kMega, 0, 0});
  const auto stream = begin();
  test::ObjectMaker maker(wire::ObjectKind::file, kMega, 2);
  maker.begin_file("", 0644, 0, std::nullopt);
  for (std::uint64_t chunk = 0; chunk < 8; ++chunk) maker.add_piece(pattern(kMega, chunk));
  maker.end_file(8 * kMega, {});
  const MadeObject object = maker.finish();
  send_segment(stream, object, 0);
  send_chunk(object.chunks.at(object.order[0]));
  EXPECT_TRUE(run_until([&] { return bytes_on_disk() > kMega; }));
  send_segment(stream, object, 1);
  EXPECT_TRUE(run_until([&] { return peer_.failed(stream).has_value(); }));
  EXPECT_EQ(peer_.failed(stream), Errc::limit);
  shared_->worker.drain();
  EXPECT_LT(bytes_on_disk(), 10'000u);
  expect_delivery(1, "next");
}

}  // namespace
}  // namespace dcdn::session
