// segment_vectors.hpp - the vectors of segments: columns, packs and packed records.
#pragma once
#include <algorithm>
#include <initializer_list>
#include <limits>
#include <map>

#include "unit/wire/column_fields.hpp"
#include "unit/wire/vector_file.hpp"
#include "unit/wire/wire_samples.hpp"

namespace dcdn::message {

class VectorSet {
 public:
  const std::map<std::string, wire::VectorFile>& all() const { return all_; }

 protected:
  void add(const std::string& name, const std::string& note, const std::string& reads,
           const std::string& expect, Bytes body, const std::string& result = "") {
    all_[name] = {note, reads, expect, result, std::move(body)};
  }
  static Bytes flipped(Bytes bytes, std::size_t at) {
    bytes.at(at) ^= 1;
    return bytes;
  }
  static Bytes cut(const Bytes& bytes, std::size_t size) {
    return {bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(size)};
  }
  static Bytes with(Bytes bytes, std::size_t at, std::uint8_t value) {
    bytes.at(at) = value;
    return bytes;
  }
  static Bytes longer(Bytes bytes) {
    bytes.push_back(0);
    return bytes;
  }

 private:
  std::map<std::string, wire::VectorFile> all_;
};

class SegmentVectors : public VectorSet {
 protected:
  void segments() {
    const auto chain = wire::samples::tree_chain();
    for (std::size_t i = 0; i < chain.size(); ++i)
      good("segment-tree-" + std::to_string(i), "a segment of a tree", wire::samples::plain_body(chain[i]));
    heads();
    paths();
    columns();
    ends();
    packs();
    pasts();
    links();
    extras();
    across();
    packed_records();
  }

 private:
  using ColumnFields = wire::samples::ColumnFields;
  using Records = std::vector<wire::Record>;

  void good(const std::string& name, const std::string& note, const Bytes& body) {
    add(name, note, "segment", "accept", body, "id " + id_of(body));
  }
  void bad(const std::string& name, const std::string& note, Bytes body,
           const std::string& expect = "corrupt") {
    add(name, note, "segment", expect, std::move(body));
  }
  static std::string id_of(const Bytes& body) { return to_hex(wire::segment_id(body).view()); }
  static wire::Segment whole_tree(Records records) {
    wire::Segment segment = wire::samples::tree_chain()[0];
    segment.final = true;
    segment.records = std::move(records);
    return segment;
  }
  static Bytes tree_of(Records records) { return wire::samples::plain_body(whole_tree(std::move(records))); }
  static Bytes tree_of(const ColumnFields& fields) {
    const Bytes plain = fields.plain();
    return wire::samples::segment_body(whole_tree({}), plain.size(), plain);
  }

  void heads() {
    const auto chain = wire::samples::tree_chain();
    const Bytes first =
        wire::samples::plain_body(chain[0]);  // flags, index, kind, object flags, name(7), ...
    const Bytes last = wire::samples::plain_body(chain[2]);
    bad("segment-cut", "the last byte is missing", cut(first, first.size() - 1));
    bad("segment-trailing", "a byte too many", longer(first));
    bad("segment-flags", "a flag bit that version 1 does not define", with(first, 0, 8), "unsupported");
    bad("segment-kind", "an object kind that version 1 does not define", with(first, 2, 9), "unsupported");
    bad("segment-long-index", "an index that is not in its shortest form",
        wire::samples::joined({Bytes{last[0], 0x82, 0x00}, Bytes(last.begin() + 2, last.end())}));
    wire::Segment empty = chain[0];
    empty.records.clear();
    bad("segment-empty", "no records although it is not the final one", wire::samples::plain_body(empty));
    empty.final = true;
    empty.chunk_bytes = wire::kMinChunkContent - 1;
    bad("segment-chunk-size", "a chunk size that nobody can ask for", wire::samples::plain_body(empty));
    empty.chunk_bytes = wire::kMinChunkContent;
    empty.rung = wire::kMaxRung + 1;
    bad("segment-rung", "a rung that nobody can ask for", wire::samples::plain_body(empty));
  }

  void paths() {
    const auto of = [](std::string_view name) {
      return tree_of(Records{wire::samples::directory(std::string(name))});
    };
    bad("segment-path-up", "a path with \"..\"", of("a/../../b"));
    bad("segment-path-absolute", "an absolute path", of("/etc"));
    bad("segment-path-empty-component", "a path with an empty component", of("a//b"));
    bad("segment-path-nul", "a path with a NUL", of(std::string_view("a\0b", 3)));
    ColumnFields fields = ColumnFields::of({wire::samples::directory("ab"), wire::samples::directory("ac")});
    fields.set(wire::samples::kShared, {0, 0}).set(wire::samples::kRests, {2, 2, 'a', 'b', 'a', 'c'});
    bad("segment-shared", "a path that shares more with the one before than it says", tree_of(fields));
  }

  void columns() {
    const ColumnFields fields = ColumnFields::of(wire::samples::tree_chain()[0].records);
    ColumnFields other = fields;
    other.columns[wire::samples::kKinds][0] = 5;
    bad("segment-entry-kind", "an entry kind that version 1 does not define", tree_of(other), "unsupported");
    other = fields;
    other.columns[wire::samples::kCodecs][0] = 9;
    bad("segment-codec", "a codec that version 1 does not define", tree_of(other), "unsupported");
    other = fields;
    ++other.entries;
    bad("segment-count", "an entry fewer than promised", tree_of(other));
    bad("segment-column", "a byte too many in the column of modes",
        tree_of(ColumnFields(fields).byte(wire::samples::kModes, 0)));
    Records times;
    for (const std::int64_t time : {std::numeric_limits<std::int64_t>::min(), std::int64_t{-1},
                                    std::int64_t{0}, std::numeric_limits<std::int64_t>::max()}) {
      wire::EntryBegin entry = wire::samples::directory(std::to_string(times.size()));
      entry.mtime_ns = time;
      times.emplace_back(entry);
    }
    good("segment-times", "the earliest time, one before 1970, 0, the latest", tree_of(times));
  }

  void ends() {
    using namespace wire::samples;
    ColumnFields fields = ColumnFields::of({file("a", 2), raw_chunk("hi"), whole("hi")});
    fields.item(kEndItem).number(kEndSizes, 2).digest(kEndDigests);
    bad("segment-end", "the end of a file that needs no telling", tree_of(fields));
    good("segment-given-up-whole", "a file that its only chunk has ended is given up",
         tree_of(Records{file("a", 2), raw_chunk("hi"), wire::LeftOut{wire::LeftOutReason::changed, "a"}}));
    fields = ColumnFields::of({file("a"), raw_chunk("hi")});
    bad("segment-given-up", "a file is given up, and nothing is left out",
        tree_of(fields.item(kGivenUpItem)));
  }

  void pasts() {
    using namespace wire::samples;
    const auto after = [](std::uint8_t past) {
      return tree_of(Records{file("a"), raw_chunk("once"), raw_chunk("twice"), chunk_after(past, 500, 9, "p"),
                             wire::EntryEnd{509, digest_of("all")}});
    };
    good("segment-past", "a chunk that is compressed after the two before it", after(2));
    bad("segment-past-none", "a chunk that is compressed after nothing", after(0));
    bad("segment-past-more", "a chunk that is compressed after more chunks than there are", after(3));
    const auto far = [](std::uint32_t bytes) {
      const wire::ChunkRecord large{wire::CodecId::raw, bytes, bytes, digest_of("l"), digest_of("l"), 0};
      return tree_of(Records{file("a"), large, large, chunk_after(2, 1u << 20, 9, "p"),
                             wire::EntryEnd{2 * std::uint64_t{bytes} + (1u << 20), digest_of("all")}});
    };
    good("segment-past-longest", "a chunk and its past of 8 MiB", far((7u << 20) / 2));
    const auto many = [](int chunks) {
      const wire::ChunkRecord large{wire::CodecId::raw, 4u << 20,       4u << 20,
                                    digest_of("l"),     digest_of("l"), 0};
      Records records{file("a"), large};
      for (int i = 0; i < chunks; ++i) {
        records.emplace_back(chunk_after(1, 4u << 20, 9, "p"));
      }
      records.emplace_back(wire::EntryEnd{(chunks + 1) * std::uint64_t{4u << 20}, digest_of("all")});
      return tree_of(records);
    };
    good("segment-pasts-longest", "pasts of 256 MiB together", many(64));
    bad("segment-pasts-longer", "pasts of more than 256 MiB together", many(65));
    bad("segment-past-longer", "a chunk and its past of more than 8 MiB", far((7u << 20) / 2 + 1));
  }

  void packs() {
    using namespace wire::samples;
    const Bytes body = tree_of(pack_of_three());
    Bytes stream = make_frame(wire::FrameType::chunk, chunk_body("onethreetwo"));
    append_frame(stream, wire::FrameType::segment, body);
    add("object-pack", "three files in one chunk, a directory and an empty file between them", "object",
        "accept", stream, "id " + id_of(body));
    const auto then = [](std::initializer_list<wire::Record> more) {
      Records records{file("a", 1), raw_chunk("abcd"), in_pack(1)};
      records.insert(records.end(), more.begin(), more.end());
      return tree_of(records);
    };
    good("segment-pack", "two files in one chunk", then({file("b", 3), in_pack(3)}));
    bad("segment-pack-short", "a file that reaches beyond the chunk that it begins in",
        then({file("b", 4), whole("bcde")}));
    bad("segment-pack-long", "a chunk that is longer than the files in it", then({file("b", 2), in_pack(2)}));
    bad("segment-pack-unknown", "a file in a pack whose size is not known beforehand",
        then({file("b"), whole("bcd")}));
  }

  void links() {
    using namespace wire::samples;
    const auto then = [](std::initializer_list<wire::Record> more) {
      Records records{file("a", 0), whole(""), file("b", 5), raw_chunk("hello"), whole("hello")};
      records.insert(records.end(), more);
      return tree_of(records);
    };
    const auto object = [&](const std::string& name, const std::string& note, const Bytes& body,
                            bool is_good) {
      const Bytes stream = joined({make_frame(wire::FrameType::chunk, chunk_body("hello")),
                                   make_frame(wire::FrameType::segment, body)});
      add(name, note, "object", is_good ? "accept" : "corrupt", stream, is_good ? "id " + id_of(body) : "");
    };
    object("object-links", "other names of two files; the third passes over the links before it",
           then({hard_link("c", 5, 1), hard_link("d", 0, 2), hard_link("e", 5, 1)}), true);
    object("object-link-nowhere", "another name of no file", then({hard_link("c", 5, 0)}), false);
    object("object-link-beyond", "another name of a file before the first one",
           then({hard_link("c", 5, 1), hard_link("d", 5, 3)}), false);
    ColumnFields fields = ColumnFields::of({hard_link("l", 5)});
    bad("segment-link-size", "a hard link that does not tell the size of its file",
        tree_of(fields.set(kSizes, {0})));
    bad("segment-link-mode", "a hard link that has a mode of its own",
        tree_of(ColumnFields::of({hard_link("l", 5)}).number(kModes, 0644)));
  }

  void extras() {
    using namespace wire::samples;
    good("segment-extras", "an owner and attributes", tree_of(Records{owned(directory("d"))}));
    const auto with = [](std::initializer_list<Bytes> extras) {
      ColumnFields fields = ColumnFields::of({directory("d"), hard_link("l", 5)});
      return tree_of(fields.set(kExtras, joined(extras)));
    };
    // The distance of its entry, kind, length, then an attribute's name with its length, and value.
    const Bytes attribute{0, 2, 8, 6, 'u', 's', 'e', 'r', '.', 'b', 'v'};
    good("segment-extras-by-hand", "one attribute", with({attribute}));
    bad("segment-extras-kind", "an extra of a kind that version 1 does not define", with({Bytes{0, 3, 0}}),
        "unsupported");
    bad("segment-extras-order", "attributes that do not ascend",
        with({attribute, Bytes{0, 2, 7, 6, 'u', 's', 'e', 'r', '.', 'a'}}));
    bad("segment-extras-owner-late", "an owner behind an attribute",
        with({attribute, Bytes{0, 1, 4, 0, 0, 0, 0}}));
    bad("segment-extras-link", "an attribute of a hard link",
        with({Bytes{1, 2, 8, 6, 'u', 's', 'e', 'r', '.', 'b', 'v'}}));
    bad("segment-extras-beyond", "an attribute of no entry",
        with({Bytes{2, 2, 8, 6, 'u', 's', 'e', 'r', '.', 'b', 'v'}}));
    bad("segment-extras-nul", "an attribute with a NUL in its name",
        with({Bytes{0, 2, 7, 6, 'u', 's', 'e', 'r', '.', 0}}));
    bad("segment-extras-slash", "a group with a slash in its name",
        with({Bytes{0, 1, 7, 0, 0, 0, 3, 'a', '/', 'b'}}));
    bad("segment-extras-id", "an owner whose number stands for none",
        with({Bytes{0, 1, 8, 0xFF, 0xFF, 0xFF, 0xFF, 0x0F, 0, 0, 0}}));
    wire::EntryBegin long_one = directory("d");
    long_one.extras = encode_extras({std::nullopt, {{"user.a", Bytes(wire::kMaxExtras - 10)}}});
    bad("segment-extras-long", "an attribute that is a byte longer than an entry may have",
        tree_of(Records{long_one}));
    wire::Segment stream = stream_segment("hello");
    std::get<wire::EntryBegin>(stream.records[0]).extras = owned(directory("d")).extras;
    add("object-stream-owned", "a stream that has an owner", "object", "corrupt",
        joined({make_frame(wire::FrameType::chunk, chunk_body("hello")),
                make_frame(wire::FrameType::segment, plain_body(stream))}));
  }

  void across() {
    using namespace wire::samples;
    std::vector<wire::Segment> chain(2);
    chain[0].object = whole_tree({}).object;
    chain[1].inside_file = true;
    const auto frames = [&](Records first, Records second) {
      chain[0].records = std::move(first);
      chain[1].records = std::move(second);
      link_chain(chain);
      return joined({make_frame(wire::FrameType::segment, plain_body(chain[0])),
                     make_frame(wire::FrameType::segment, plain_body(chain[1]))});
    };
    const Records rest{raw_chunk("hi"), raw_chunk("ho"), whole("hiho")};
    const Bytes inside = frames({file("a", 4)}, rest);
    add("object-inside-file", "the second segment begins inside a file of which the first has only the name",
        "object", "accept", inside, "id " + id_of(plain_body(chain[1])));
    add("object-inside-nothing", "the second segment begins inside a file, and none is open", "object",
        "corrupt", frames({file("a", 4), raw_chunk("hiho"), whole("hiho")}, rest));
    add("object-end-later", "the end of a file is in a segment behind that with the last of its content",
        "object", "corrupt", frames({file("a", 4), raw_chunk("hi"), raw_chunk("ho")}, {whole("hiho")}));
    add("object-pack-across", "a pack begins with a file of the segment before", "object", "corrupt",
        frames({file("a", 1)},
               {raw_chunk("ab"), whole("a"), file("b", 1), HoleRecord{1}, EntryEnd{1, whole("").content}}));
  }

  // One Zstandard frame of less than 256 bytes in three blocks, the second a run of equal bytes: no library
  // decides.
  static Bytes packed_by_hand(const Bytes& plain, std::size_t run_at, std::size_t run) {
    Bytes frame{0x28, 0xB5, 0x2F, 0xFD, 0x20, static_cast<std::uint8_t>(plain.size())};
    const auto block = [&](std::size_t size, unsigned type, bool last, ByteView bytes) {
      const std::size_t header = size << 3 | type << 1 | (last ? 1 : 0);
      for (unsigned i = 0; i < 3; ++i) frame.push_back(static_cast<std::uint8_t>(header >> (8 * i)));
      frame.insert(frame.end(), bytes.begin(), bytes.end());
    };
    const ByteView all(plain);
    block(run_at, 0, false, all.first(run_at));
    block(run, 1, false, all.subspan(run_at, 1));
    block(plain.size() - run_at - run, 0, true, all.subspan(run_at + run));
    return frame;
  }

  void packed_records() {
    constexpr std::size_t run = 180;
    const wire::Segment segment = whole_tree({wire::samples::directory(std::string(run, 'n'))});
    const Bytes plain = encode_columns(segment.records, false);
    const auto run_at = static_cast<std::size_t>(std::find(plain.begin(), plain.end(), 'n') - plain.begin());
    const Bytes packed = packed_by_hand(plain, run_at, run);
    const auto body = [&](std::uint64_t plain_bytes, const Bytes& records) {
      return wire::samples::segment_body(segment, plain_bytes, records, wire::samples::kPackedFlag);
    };
    good("segment-packed", "packed records", body(plain.size(), packed));
    bad("segment-packed-size", "packed records that are a byte shorter than promised",
        body(plain.size() + 1, packed));
    bad("segment-packed-limit", "packed records that promise to be longer than all may be",
        body(wire::kMaxPlainRecords + 1, packed));
    bad("segment-packed-flag", "packed records, and the flag says that they are not",
        wire::samples::segment_body(segment, plain.size(), packed));
    bad("segment-packed-trailing", "a byte behind the packed records", body(plain.size(), longer(packed)));
    bad("segment-packed-no-use", "packed records that are longer than they were",
        body(plain.size(), packed_by_hand(plain, run_at, 1)));
  }
};

}  // namespace dcdn::message
