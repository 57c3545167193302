// vector_cases.hpp - makes every vector of tests/vectors/wire: the good ones, and their corrupt twins from
// them.
#pragma once
#include "base/checksum.hpp"
#include "message/difference_message.hpp"
#include "unit/message/segment_vectors.hpp"
#include "unit/wire/vector_file.hpp"
#include "unit/wire/wire_samples.hpp"

namespace dcdn::message {

using namespace wire;  // the format that messages are made of

class VectorCases : public SegmentVectors {
 public:
  VectorCases() {
    streams();
    objects();
    segments();
    signed_bodies();
    messages();
  }

 private:
  // Changes one byte of the first frame's header and makes its check right again.
  static Bytes reheaded(Bytes stream, std::size_t at, std::uint8_t value) {
    stream.at(at) = value;
    const std::uint64_t check = xxh3_64(ByteView(stream).first(16));
    for (unsigned i = 0; i < 8; ++i) stream[16 + i] = static_cast<std::uint8_t>(check >> (8 * i));
    return stream;
  }

  void streams() {
    const Bytes a = make_frame(wire::FrameType::chunk, samples::chunk_body("hello"));  // 61 bytes
    const Bytes b = make_frame(wire::FrameType::pause, Bytes{0});                      // 25
    const Bytes unknown = make_frame(static_cast<wire::FrameType>(0xEE), samples::noise(9, 1));
    const Bytes good = samples::joined({a, unknown, b, a});
    const std::string frames = "frames 01:37 ee:9 46:1 01:37";
    add("stream", "a chunk, a frame of unknown type, a pause, the chunk again", "stream", "accept", good,
        frames);
    add("stream-empty", "no frame at all", "stream", "accept", {}, "frames");
    add("stream-flags", "flag bits that version 1 does not define are ignored", "stream", "accept",
        reheaded(a, 7, 0x80), "frames 01:37");
    add("stream-bad-magic", "the first byte is wrong", "stream", "corrupt", flipped(good, 0));
    add("stream-bad-header", "a bit of the first header's length is flipped", "stream", "corrupt",
        flipped(good, 8));
    add("stream-bad-body", "a bit of the first body is flipped", "stream", "corrupt", flipped(good, 60));
    add("stream-cut-header", "the input ends inside a header", "stream", "truncated", cut(good, 61 + 20));
    add("stream-cut-body", "the input ends inside a body", "stream", "truncated", cut(good, 60));
    add("stream-version-2", "an intact header of version 2", "stream", "unsupported", reheaded(good, 4, 2));
    add("stream-too-long", "an intact header whose length is over the limit of its type", "stream", "corrupt",
        reheaded(b, 10, 0x02));
    const std::string rest = " 46:1 01:37 damage ";
    add("damaged-garbage", "garbage before, between and after frames", "damaged-stream", "accept",
        samples::joined({samples::noise(10, 2), a, samples::noise(7, 3), b, samples::noise(3, 4)}),
        "frames 01:37 46:1 damage 0+10 71+7 103+3");
    add("damaged-header", "the first header is damaged", "damaged-stream", "accept", flipped(good, 8),
        "frames ee:9" + rest + "0+61");
    add("damaged-body", "the unknown frame's body is damaged", "damaged-stream", "accept",
        flipped(good, 61 + 30), "frames 01:37" + rest + "61+33");
    add("damaged-lost-bytes", "bytes are lost from the first body: its claim covers the frames after it",
        "damaged-stream", "accept", samples::joined({cut(a, 40), b, b, b}),
        "frames 46:1 46:1 46:1 damage 0+40");
    add("damaged-fake-magic", "the magic in garbage, and half of it at the end", "damaged-stream", "accept",
        samples::joined({cut(a, 4), cut(a, 3), b, cut(a, 2)}), "frames 46:1 damage 0+7 32+2");
    add("damaged-version-2", "version 2 directly after an intact frame is not damage", "damaged-stream",
        "unsupported", samples::joined({b, reheaded(a, 4, 2)}));
  }

  void objects() {
    const Bytes stream = samples::signed_stream("hello");
    const std::string id = to_hex(segment_id(samples::plain_body(samples::stream_segment("hello"))).view());
    add("object-stream", "a nameless stream of one chunk, signed", "object", "accept", stream, "id " + id);
    Bytes tree;
    for (const wire::Segment& segment : samples::tree_chain()) {
      append_frame(tree, wire::FrameType::segment, samples::plain_body(segment));
      append_frame(tree, wire::FrameType::signature, encode(samples::signature_of(samples::key(1), segment)));
    }
    const auto chain = samples::tree_chain();
    const std::string tree_id = to_hex(segment_id(samples::plain_body(chain.back())).view());
    add("object-tree", "the manifest of a tree in three signed segments; its chunks are elsewhere", "object",
        "accept", tree, "id " + tree_id);
    Bytes reordered;
    append_frame(reordered, wire::FrameType::segment, samples::plain_body(chain[1]));
    append_frame(reordered, wire::FrameType::segment, samples::plain_body(chain[0]));
    add("object-gap", "segment 1 where segment 0 is due", "object", "corrupt", reordered);
    add("object-unfinished", "the final segment is missing", "object", "truncated",
        make_frame(wire::FrameType::segment, samples::plain_body(chain[0])));
    const wire::Segment segment = samples::stream_segment("hello");
    wire::SegmentSignature forged = samples::signature_of(samples::key(1), segment);
    forged.time_s += 1;
    add("object-forged", "the time of a signature was changed afterwards", "object", "bad_signature",
        samples::joined({make_frame(wire::FrameType::segment, samples::plain_body(segment)),
                         make_frame(wire::FrameType::signature, encode(forged))}));
    add("object-wrong-chunk", "a chunk frame whose digest is not that of its bytes", "object", "corrupt",
        make_frame(wire::FrameType::chunk, flipped(samples::chunk_body("hello"), 36)));
    wire::Segment escape = chain[0];
    escape.records = {samples::symlink("a", "/etc"), samples::symlink("a/passwd", "x")};
    add("object-symlink-parent", "an entry below a symlink", "object", "corrupt",
        make_frame(wire::FrameType::segment, samples::plain_body(escape)));
    left_out();
  }

  void left_out() {
    using wire::LeftOut, wire::LeftOutReason;
    wire::Segment partial = samples::tree_chain()[0];
    partial.final = true;
    partial.records = {samples::directory("a"),
                       LeftOut{LeftOutReason::limit, "a"},
                       LeftOut{LeftOutReason::permission, "a/closed"},
                       samples::file("b", 10),
                       samples::raw_chunk("hello"),
                       LeftOut{LeftOutReason::changed, "b"},
                       LeftOut{LeftOutReason::not_found, "c"}};
    const Bytes body = samples::plain_body(partial);
    add("object-left-out", "a tree of which something could not be read: in a, a/closed, the rest of b, c",
        "object", "accept", make_frame(wire::FrameType::segment, body),
        "id " + to_hex(segment_id(body).view()));
    partial.records = {samples::file("b"), LeftOut{LeftOutReason::io, "c"}};
    add("object-left-out-elsewhere", "inside a file another path is left out", "object", "corrupt",
        make_frame(wire::FrameType::segment, samples::plain_body(partial)));
  }

  void signed_bodies() {
    const Bytes signature = encode(samples::signature_of(samples::key(1), samples::tree_chain()[1]));
    add("signature", "of segment 1 of a tree, by the key with the seed 01 01 01", "signature", "accept",
        signature);
    add("signature-altered", "one bit of the signature is flipped", "signature", "bad_signature",
        flipped(signature, 175));
    add("signature-time", "the time was changed", "signature", "bad_signature", flipped(signature, 104));
    add("signature-cut", "a byte too few", "signature", "corrupt", cut(signature, 175));
    add("signature-trailing", "a byte too many", "signature", "corrupt", longer(signature));
    add("signature-index-0", "index 0, but the segment is not its stream", "signature", "corrupt",
        with(signature, 64, 0));
    const auto made =
        sign_receipt(samples::key(2), samples::key(1).id(), samples::digest_of("object"), 5, 1793491200);
    const Bytes receipt = encode(*made);
    add("receipt", "by the key with the seed 02 02 02 for the sender with the seed 01 01 01", "receipt",
        "accept", receipt);
    add("receipt-altered", "one bit of the size is flipped", "receipt", "bad_signature",
        flipped(receipt, 96));
    add("receipt-cut", "a byte too few", "receipt", "corrupt", cut(receipt, 175));
    add("receipt-size", "more bytes than an object may have", "receipt", "corrupt", with(receipt, 103, 0x80));
  }

  template <class Message>
  void message(const std::string& name, const Message& value, std::size_t bad_at, std::uint8_t bad_value) {
    const Bytes good = encode(value);
    add(name, "a message", name, "accept", good);
    add(name + "-cut", "the last byte is missing", name, "corrupt", cut(good, good.size() - 1));
    add(name + "-trailing", "a byte too many", name, "corrupt", longer(good));
    add(name + "-range", "a field out of its range", name, "corrupt", with(good, bad_at, bad_value));
  }

  void messages() {
    message("hello", Hello{1, "dcdn 0.1.0", {1, 2, 3, 4}}, 1, 65);
    message("welcome", Welcome{1, "dcdn 0.1.0", wire::kMaxChunkContent}, 12, 0x81);
    message("offer", Offer{1, wire::ObjectKind::tree, "photos", 123456, 7, Priority::high, 65536, 4096}, 13,
            3);
    message("answer",
            Answer{1,
                   true,
                   2,
                   samples::digest_of("s"),
                   true,
                   {{0, 65536}, {1, 4096}},
                   70000,
                   {{0, samples::digest_of("a")}}},
            1, 4);
    message("want", Want{1, 2, {true, false, true}}, 3, 0x0D);
    message("stored", Stored{1, 2, 70000}, 4, 0x84);
    message("pause", PauseResume{"operator"}, 0, 0x09);
    message("resume", PauseResume{"operator"}, 0, 0x07);
    message("cancel", Cancel{1, "changed my mind"}, 1, 0x10);
    message("failure", Failure{1, code_number(Errc::no_space), "disk full"}, 2, 0x08);
    message("join", Join{1, {1, 2, 3, 4}, 2}, 17, 16);
    message("joined", Joined{2}, 0, 0);
    message("differences", Differences{1}, 0, 0);
    message("compare", Compare{1, 2, {{3, std::nullopt}, {1, 0}}}, 3, 0);
    add("compare-version", "with the version of differences", "compare", "accept",
        encode(Compare{1, 2, {{3, std::nullopt}, {1, 0}}, 2}));
    const Bytes basis = encode(BasisPiece{1, 2, 10, 4, Bytes(6, 'x')});
    add("basis", "a message", "basis", "accept", basis);
    add("basis-beyond", "a byte more than it announces", "basis", "corrupt", longer(basis));
    add("basis-empty", "no bytes", "basis", "corrupt", cut(basis, 4));
    const Bytes difference =
        encode(Difference{samples::digest_of("c"), 1, 2, DifferenceCodec::raw, 3, {1, 2, 3}});
    add("difference", "a message", "difference", "accept", difference);
    add("difference-context", "steps and literals", "difference", "accept",
        encode(Difference{samples::digest_of("c"), 1, 2, DifferenceCodec::in_context, 2, {2, 1, 0, 9}}));
    add("difference-cut", "raw, and a byte too few", "difference", "corrupt", cut(difference, 38));
    add("difference-codec", "an unknown codec", "difference", "corrupt", with(difference, 34, 4));
    message("again", Again{2}, 0, 0x80);
  }
};

}  // namespace dcdn::message
