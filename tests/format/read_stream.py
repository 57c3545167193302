#!/usr/bin/env python3
"""A second reader of chunk streams, written from dcdn-format(5) alone, so that the page and the tools check each other.

Usage: read_stream.py FOLDER < STREAM      verifies the objects in a stream and makes them in FOLDER, which is made
       read_stream.py --vectors FILE...    whether it takes the vectors of segments and objects as they say

What it cannot check is said in stream_format.py. Signatures are passed over, and what is encrypted stays so. It keeps the
whole stream in memory."""
import os
import sys

sys.dont_write_bytecode = True
import stream_format as form  # noqa: E402
from stream_format import Refused, Unfinished, Unsupported, require  # noqa: E402


def chains(bodies):
    """The segments of each object in their order, and its id. A segment that comes again does no harm."""
    bodies = list(dict.fromkeys(bodies))
    ids = form.blake3([b"dcdn segment 1\n" + body for body in bodies])
    segments = {name: form.Segment(body) for name, body in zip(ids, bodies)}
    for start in [name for name, segment in segments.items() if segment.index == 0]:
        rest = {segment.index: (name, segment) for name, segment in segments.items() if segment.stream == start}
        chain, last = [segments[start]], start
        while not chain[-1].final:
            if len(chain) not in rest:
                raise Unfinished("a segment is missing")
            name, segment = rest[len(chain)]
            require(segment.previous == last, "a segment does not follow the one before")
            chain.append(segment)
            last = name
        require(len(rest) == len(chain) - 1, "something follows the final segment")
        yield chain, last
    require(all(segment.index == 0 or segment.stream in segments for segment in segments.values()),
            "a segment is of no chain")


class Entry:
    def __init__(self, kind, path, mode, time, target, extras):
        self.kind, self.path, self.mode, self.time, self.target = kind, path, mode, time, target
        self.extras = extras
        self.link_to = None  # of a hard link, the entry of its file
        self.parts = []  # (chunk record, where in its content, bytes), or (None, 0, bytes) for a hole
        self.size, self.digest = 0, None


class Object:
    """Follows a chain, refuses what can only be judged along it, and keeps its entries."""

    def __init__(self, chain):
        self.kind, self.name = chain[0].kind, chain[0].name
        self.entries, self.left_out = [], []
        self.chunks = []  # also of files that were left out: others may be compressed after them
        self.last = None  # the path of the last entry, as it is compared
        self.directories = {b""}
        self.just_begun = None  # path of a directory, if that was the last record
        self.file = self.promised = None
        self.begun_here = False  # the file began in this segment
        self.pack = None  # (chunk record, how much of it is used)
        self.total = 0
        self.files = []
        for segment in chain:
            require(segment.inside_file == (self.file is not None), "a segment and the file before it do not fit")
            self.begun_here = False
            for what, *fields in segment.records:
                getattr(self, "add_" + what)(*fields)
            require(not self.file or self.file.size != self.promised, "a file ends in a later segment than its content")
        require(self.file is None, "a file does not end")
        require(self.kind == form.TREE or len(self.entries) == 1, "not one entry")

    def go_to(self, path):
        form.check_path(path)
        compared = path.replace(b"/", b"\0")  # smaller than every other byte, and in no path
        require(self.last is None or self.last < compared, f"{path!r} is out of order")
        require(path.rpartition(b"/")[0] in self.directories, f"{path!r} has no parent")
        self.last = compared

    def add_entry(self, kind, path, mode, time, size, target, back, extras):
        if self.kind != form.TREE:
            require(kind == form.KIND_FILE and not path, "something else than one file without a path")
            require(self.kind == form.FILE or time == 0, "a stream has a time")
            require(self.kind == form.FILE or not extras, "a stream has extras")
        elif path or kind != form.KIND_DIRECTORY:
            self.go_to(path)
        else:
            require(not self.entries and self.last is None, "the tree's own directory is not the first")
        entry = Entry(kind, path, mode, time, target, extras)
        self.entries.append(entry)
        if kind == form.KIND_HARD_LINK:
            require(0 < back <= len(self.files), "a hard link names no file before it")
            entry.link_to, entry.size = self.files[-back], size
            self.total += size
            require(self.total <= form.MOST_OBJECT, "the object is too long")
        self.just_begun = path if kind == form.KIND_DIRECTORY else None
        if kind == form.KIND_DIRECTORY:
            self.directories.add(path)
        if kind != form.KIND_FILE:
            return
        self.files.append(entry)
        self.file, self.promised, self.begun_here = entry, size, True
        if self.pack and size:
            record, used = self.pack
            entry.parts.append((record, used, size))
            entry.size = size
            self.pack = (record, used + size) if used + size < record[1] else None

    def add_left(self, reason, path):
        require(self.kind == form.TREE, "something is left out of what is no tree")
        if self.file:
            require(path == self.file.path, "another path is left out than that of the file")
            self.entries.pop()
            self.file = None
        elif path != self.just_begun:
            self.go_to(path)
        self.just_begun = None
        self.left_out.append((path, reason))

    def add_given_up(self, reason, path):
        entry = self.entries.pop()
        require(not any(part[0] and part[0][1] > entry.size for part in entry.parts), "a file in a pack is given up")
        self.left_out.append((path, reason))

    def add_chunk(self, *record):
        self.chunks.append(record)
        size = part = record[1]
        if self.file.size == 0 and self.promised and size > self.promised:
            require(self.begun_here, "a pack begins with a file of an earlier segment")
            part = self.promised
            self.pack = (record, part)
        self.grow(size, part)
        self.file.parts.append((record, 0, part))

    def add_hole(self, size):
        self.grow(size, size)
        self.file.parts.append((None, 0, size))

    def grow(self, of_object, of_file):
        self.total += of_object
        self.file.size += of_file
        require(self.total <= form.MOST_OBJECT, "the object is too long")
        require(self.promised is None or self.file.size <= self.promised, "a file is longer than was promised")

    def add_end(self, size, digest):
        require(size == self.file.size and self.promised in (None, size), "a file ends with another size")
        self.file.digest = digest
        self.file = None


def contents_of(records, carried):
    """The content of each of these chunk records, verified: first what is carried, then what comes out of it."""
    contents, known = {}, {}
    for codec, size, content, name, past in records:
        require(name in carried, "a chunk is missing")
        plain = carried[name]
        if codec in (form.ZSTD, form.AFTER):
            plain = form.unzstd(plain, size, b"".join(known[digest] for digest in past))
        if codec == form.LZ4:
            plain = form.unlz4(plain, size)
        require(len(plain) == size, "a chunk has another size than the manifest says")
        contents[codec, size, content, name, past] = known[content] = plain
    for record, digest in zip(contents, form.blake3(contents.values())):
        require(record[2] == digest, "a chunk has another content than the manifest says")
    return contents


def verify_files(entries, contents):
    told = [entry for entry in entries if entry.digest is not None]
    data = (b"".join(contents[record][at:at + size] for record, at, size in entry.parts if record) for entry in told)
    for entry, digest in zip(told, form.blake3(data)):
        require(entry.digest == digest, f"{entry.path!r} has another digest than the manifest says")


def write_entry(path, top, entry, contents):
    if entry.kind == form.KIND_DIRECTORY:
        os.makedirs(path, exist_ok=not entry.path)
    elif entry.kind == form.KIND_SYMLINK:
        os.symlink(entry.target, path)
    elif entry.kind == form.KIND_HARD_LINK:
        require(entry.size == entry.link_to.size, "a hard link has another size than its file")
        os.link(os.path.join(top, entry.link_to.path), path)
    else:
        with open(path, "xb") as file:
            for record, at, size in entry.parts:
                if record:
                    file.write(contents[record][at:at + size])
                else:
                    file.seek(size, os.SEEK_CUR)
            file.truncate(entry.size)


def make(it, contents, folder):
    top = os.path.join(folder, it.name or b"stream")
    if it.kind == form.TREE:
        os.mkdir(top)
    paths = [(os.path.join(top, entry.path) if entry.path else top, entry) for entry in it.entries]
    given = set(map(id, it.entries))  # and not given up
    paths = [(path, entry) for path, entry in paths if entry.link_to is None or id(entry.link_to) in given]
    for path, entry in paths:
        write_entry(path, top, entry, contents)
    for path, entry in reversed(paths):  # a directory after all that is in it
        if entry.kind == form.KIND_HARD_LINK:
            continue
        for kind, name, value in entry.extras:
            if kind == form.ATTRIBUTE and name.startswith(b"user."):
                os.setxattr(path, name, value, follow_symlinks=False)
        if entry.kind != form.KIND_SYMLINK:
            os.chmod(path, entry.mode & 0o777)
        if it.kind != form.STREAM:
            os.utime(path, ns=(entry.time, entry.time), follow_symlinks=False)
    for path, reason in it.left_out:
        print(f"left out, reason {reason}: {os.fsdecode(path)}", file=sys.stderr)


def take_apart(stream):
    """The chunks of a stream by digest, verified, and the bodies of its segments."""
    chunks, segments = [], []
    for kind, body in form.frames(stream):
        if kind == form.CHUNK:
            require(len(body) > 32, "a chunk is empty")
            chunks.append(body)
        elif kind == form.SEGMENT:
            segments.append(body)
    digests = form.blake3([body[32:] for body in chunks])
    require(all(body[:32] == digest for body, digest in zip(chunks, digests)), "a chunk does not have its digest")
    return {body[:32]: body[32:] for body in chunks}, segments


def read_stream(folder):
    carried, bodies = take_apart(sys.stdin.buffer.read())
    os.mkdir(folder)
    for chain, name in chains(bodies):
        it = Object(chain)
        contents = contents_of(dict.fromkeys(it.chunks), carried)
        verify_files(it.entries, contents)
        make(it, contents, os.fsencode(folder))
        print(name.hex())


def judge(reads, body):
    try:
        if reads == "segment":
            form.Segment(body)
            return "accept", "id " + form.blake3([b"dcdn segment 1\n" + body])[0].hex()
        ids = [(Object(chain), name.hex())[1] for chain, name in chains(take_apart(body)[1])]
        return ("accept", "id " + ids[0]) if len(ids) == 1 else ("truncated", "")
    except Unsupported:
        return "unsupported", ""
    except Unfinished:
        return "truncated", ""
    except Refused:
        return "corrupt", ""


def read_vectors(paths):
    """Those with signatures that do not hold are passed over; and a chain in another order is no fault to this reader, to
    which it is unfinished."""
    seen, wrong = 0, 0
    for path in paths:
        with open(path, encoding="ascii") as file:
            head, body = file.read().split("body:\n")
        fields = dict(line.split(": ", 1) for line in head.splitlines() if not line.startswith("#"))
        if fields["reads"] not in ("segment", "object") or fields["expect"] == "bad_signature":
            continue
        seen += 1
        outcome, result = judge(fields["reads"], bytes.fromhex(body))
        expected = (fields["expect"], fields.get("result", ""))
        if (outcome, result) != expected and not {outcome, expected[0]} <= {"corrupt", "truncated"}:
            wrong += 1
            print(f"{path}: {outcome} {result}, not {' '.join(expected)}", file=sys.stderr)
    print(f"{seen} vectors, {wrong} taken otherwise than they say")
    return 1 if wrong or not seen else 0


def main(arguments):
    if arguments[:1] == ["--vectors"]:
        return read_vectors(arguments[1:])
    if len(arguments) != 1:
        print(__doc__, file=sys.stderr)
        return 2
    try:
        read_stream(arguments[0])
    except (Refused, Unsupported, Unfinished) as error:
        print(f"read_stream.py: {error}", file=sys.stderr)
        return 4
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
