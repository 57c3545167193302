"""Frames, segments and their columns, as dcdn-format(5) has them. Written from that page alone; shares no code with dcdn.

BLAKE3 is b3sum's, Zstandard is zstd's. XXH3, which only finds damage, is not computed, because no tool for it is among the
packages of the tests; whatever is damaged does not have its BLAKE3 digest either."""
import os
import subprocess
import tempfile
from itertools import islice

MAGIC = bytes.fromhex("89444346")
CHUNK, SEGMENT = 0x01, 0x02
LIMITS = {CHUNK: 4198400, SEGMENT: 1052672, 0x11: 4198400, 0x12: 4198400, 0x1A: 4198400, 0x5B: 4198400}
RAW, ZSTD, LZ4, AFTER = 0, 1, 2, 3
STREAM, FILE, TREE = 0, 1, 2
HOLE, END, GIVEN_UP = 0, 1, 2
KIND_FILE, KIND_DIRECTORY, KIND_SYMLINK, KIND_HARD_LINK, KIND_LEFT_OUT = 0, 1, 2, 3, 4
OWNER, ATTRIBUTE = 1, 2
MOST_ENTRIES, MOST_ITEMS, MOST_RECORDS, MOST_NAMES, MOST_EXTRAS = 16384, 4096, 1 << 20, 1 << 20, 65536
LEAST_CHUNK, MOST_CHUNK, MOST_OBJECT = 4096, 4194304, 1 << 60
MOST_RUNG, MOST_PAST, MOST_PAST_BYTES, MOST_PASTS = 15, 63, 8 << 20, 256 << 20
COLUMNS = ("kinds shared rests modes seconds nanoseconds sizes backs targets reasons items holes codecs pasts carried_sizes "
           "digests end_sizes end_digests extras").split()


class Refused(Exception):
    """What no honest writer makes."""


class Unsupported(Exception):
    """What a later version may define."""


class Unfinished(Exception):
    """Good as far as it goes."""


def require(holds, what):
    if not holds:
        raise Refused(what)


# --- what other programs compute -----------------------------------------------------------------------------------


def blake3(contents):
    """The digests of many contents, in their order."""
    digests = []
    waiting = iter(contents)
    while batch := list(islice(waiting, 500)):
        with tempfile.TemporaryDirectory() as folder:
            for number, content in enumerate(batch):
                with open(os.path.join(folder, str(number)), "wb") as file:
                    file.write(content)
            names = [str(number) for number in range(len(batch))]
            done = subprocess.run(["b3sum", "--no-names", *names], cwd=folder, capture_output=True, check=True)
        digests += [bytes.fromhex(line) for line in done.stdout.decode().split()]
    return digests


def unzstd(packed, size, past=b""):
    with tempfile.TemporaryFile() as file, tempfile.NamedTemporaryFile() as before:
        file.write(packed)
        file.seek(0)
        before.write(past)
        before.flush()
        after = ["-D", before.name] if past else []
        with subprocess.Popen(["zstd", "-dcq", *after], stdin=file, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as zstd:
            plain = zstd.stdout.read(size + 1)
            zstd.stdout.close()
    require(zstd.returncode == 0 and len(plain) == size, "a zstd frame does not unpack to what it says")
    return plain


def unlz4(block, size):
    """An LZ4 block: tokens, literals, matches."""
    plain, at = bytearray(), 0

    def length(short):
        nonlocal at
        more = 255 if short == 15 else 0
        while more == 255:
            more = block[at]
            at += 1
            short += more
        return short

    try:
        while True:
            token = block[at]
            at += 1
            count = length(token >> 4)
            require(at + count <= len(block), "an LZ4 block is cut off")
            plain += block[at:at + count]
            at += count
            if at == len(block):
                break
            distance = block[at] | block[at + 1] << 8
            at += 2
            count = 4 + length(token & 15)
            require(0 < distance <= len(plain) and len(plain) + count <= size, "an LZ4 block points nowhere")
            for _ in range(count):
                plain.append(plain[-distance])
    except IndexError:
        raise Refused("an LZ4 block is cut off") from None
    require(len(plain) == size, "an LZ4 block does not unpack to what it says")
    return bytes(plain)


# --- numbers and texts ---------------------------------------------------------------------------------------------


class Reader:
    def __init__(self, data):
        self.data, self.at, self.lengths = data, 0, {}

    def raw(self, count):
        require(self.at + count <= len(self.data), "it is cut off")
        self.at += count
        return self.data[self.at - count:self.at]

    def fixed(self, count):
        return int.from_bytes(self.raw(count), "little")

    def varint(self):
        value = 0
        for place in range(10):
            byte = self.fixed(1)
            value |= (byte & 0x7F) << (7 * place)
            if byte < 0x80:
                require(byte > 0 or place == 0, "a number is not in its shortest form")
                require(value < 1 << 64, "a number has more than 64 bits")
                return value
        raise Refused("a number is too long")

    def number(self, least, most, what):
        value = self.varint()
        require(least <= value <= most, f"{what} is out of range")
        return value

    def text(self):
        return self.raw(self.varint())

    def texts(self, count):
        lengths = [self.varint() for _ in range(count)]
        return [self.raw(length) for length in lengths]

    def left(self):
        return len(self.data) - self.at

    def rest(self):
        return self.raw(self.left())


def known_flags(flags, known, what):
    if flags & ~known:
        raise Unsupported(f"{what} {flags}")


def check_path(path):
    require(0 < len(path) <= 4096 and b"\0" not in path, "a path is empty, too long or has a NUL")
    components = path.split(b"/")
    require(len(components) <= 128, "a path is too deep")
    for component in components:
        require(0 < len(component) <= 255 and component not in (b".", b".."), f"{path!r} is no path of a tree")


# --- frames --------------------------------------------------------------------------------------------------------


def frames(stream):
    reader = Reader(stream)
    while reader.left() > 0:
        if reader.left() < 24:
            raise Unfinished("the stream ends inside a header")
        require(reader.raw(4) == MAGIC, "no frame where one is due")
        version, kind = reader.fixed(1), reader.fixed(1)
        reader.fixed(2)  # flags, which a reader of version 1 ignores
        length = reader.fixed(4)
        reader.raw(12)  # the two checks
        if version != 1:
            raise Unsupported(f"version {version}")
        require(length <= LIMITS.get(kind, 65536), "a frame is too long")
        if reader.left() < length:
            raise Unfinished("the stream ends inside a body")
        yield kind, reader.raw(length)


# --- segments ------------------------------------------------------------------------------------------------------


class Segment:
    def __init__(self, body):
        require(len(body) <= LIMITS[SEGMENT], "a segment is too long")
        reader = Reader(body)
        flags = reader.fixed(1)
        self.index = reader.varint()
        known_flags(flags, 7, "segment flags")
        self.final, self.inside_file = bool(flags & 1), bool(flags & 2)
        self.stream = self.previous = None
        if self.index > 0:
            self.stream, self.previous = reader.raw(32), reader.raw(32)
        else:
            self.kind, object_flags, self.name = reader.fixed(1), reader.fixed(1), reader.text()
            if self.kind > TREE:
                raise Unsupported(f"object kind {self.kind}")
            known_flags(object_flags, 3 if self.kind == 2 else 1, "object flags")
            if self.name or self.kind != STREAM:
                check_path(self.name)
                require(b"/" not in self.name, "the name of an object is a path")
        reader.number(LEAST_CHUNK, MOST_CHUNK, "a chunk size")
        require(reader.fixed(1) <= MOST_RUNG, "a rung is out of range")
        length = reader.number(0, MOST_RECORDS, "the length of records")
        records = reader.rest()
        if flags & 4:
            require(len(records) < length, "records are packed to no use")
            records = unzstd(records, length)
        require(len(records) == length, "the records are not as long as they say")
        self.records = list(Records(records, self.inside_file).all())
        require(self.final or self.records, "no records, and not the final segment")


def check_name(name, least):
    require(least <= len(name) <= 255 and b"\0" not in name and b"/" not in name, f"{name!r} is no name of an extra")


def extra(kind, reader):
    """(kind, name, value) of one, its reader used up."""
    if kind == OWNER:
        value = [reader.number(0, 0xFFFFFFFE, "an owner"), reader.number(0, 0xFFFFFFFE, "a group")]
        value += [reader.text(), reader.text()]
        check_name(value[2], 0)
        check_name(value[3], 0)
        require(reader.left() == 0, "an owner is too long")
        return kind, b"", value
    if kind != ATTRIBUTE:
        raise Unsupported(f"extra of kind {kind}")
    name = reader.text()
    check_name(name, 1)
    return kind, name, reader.rest()


def extras_of(column):
    """By the number of their entry."""
    extras, number = {}, 0
    while column.left() > 0:
        number += column.varint()
        begin, kind = column.at, column.fixed(1)
        one = extra(kind, Reader(column.text()))
        of_entry = extras.setdefault(number, [])
        require(not of_entry or of_entry[-1][:2] < one[:2], "extras are out of order")
        of_entry.append(one)
        column.lengths[number] = column.lengths.get(number, 0) + column.at - begin
    require(all(length <= MOST_EXTRAS for length in column.lengths.values()), "the extras of an entry are too long")
    return extras


class Records:
    """The columns, given out record by record: ("entry", kind, path, mode, time, size, target, back, extras), of which a
    hard link has no mode, time and extras and all others no back, ("left", reason, path),
    ("given_up", reason, path) for a file that had ended,
    ("chunk", codec, size, content digest, carried digest, content digests of its past), ("hole", size) and
    ("end", size, digest), where no digest is told, None."""

    def __init__(self, plain, inside_file):
        reader = Reader(plain)
        self.entries = reader.number(0, MOST_ENTRIES, "the number of entries")
        self.items = reader.number(0, MOST_ITEMS, "the number of items")
        self.columns = {name: Reader(reader.text()) for name in COLUMNS}
        require(reader.left() == 0, "something is behind the columns")
        kinds = self.columns["kinds"].data
        require(len(kinds) == self.entries, "not as many kinds as entries")
        self.rests = iter(self.columns["rests"].texts(self.entries))
        self.targets = iter(self.columns["targets"].texts(kinds.count(KIND_SYMLINK)))
        self.extras = extras_of(self.columns["extras"])
        self.path, self.names, self.seconds = b"", 0, 0
        self.file = {"size": None, "items": 0} if inside_file else None
        self.ended = None  # the path of the file that has just ended, if nothing told its end
        self.chunks, self.pasts = [], 0  # size and content digest; bytes of all pasts
        self.in_pack = 0  # bytes of the last chunk for the files to come

    def take(self, column):
        return self.columns[column].varint()

    def all(self):
        while self.file is not None or self.entries > 0:
            if self.file is None:
                yield from self.entry()
            elif self.items > 0:
                yield from self.item()
            else:
                break
        require(self.entries == 0, "an entry follows a file that is open")
        require(self.items == 0, "an item is of no file")
        require(self.in_pack == 0, "a pack is not used up")
        require(all(column.left() == 0 for column in self.columns.values()), "a column is not used up")
        require(not self.extras, "an extra is of no entry")

    def entry(self):
        self.entries -= 1
        number = self.columns["kinds"].at
        kind = self.columns["kinds"].fixed(1)
        if kind > KIND_LEFT_OUT:
            raise Unsupported(f"entry kind {kind}")
        path = self.next_path()
        if kind == KIND_LEFT_OUT:
            yield ("given_up" if path == self.ended else "left"), self.columns["reasons"].fixed(1), path
            self.ended = None
            return
        self.ended = None
        if kind == KIND_HARD_LINK:
            size = self.columns["sizes"].number(1, MOST_OBJECT + 1, "the size of a hard link") - 1
            yield "entry", kind, path, 0, 0, size, b"", self.take("backs"), []
            return
        mode = self.columns["modes"].number(0, 0o7777, "a mode")
        time, size, target = self.time(), None, b""
        if kind == KIND_SYMLINK:
            target = next(self.targets)
            require(0 < len(target) <= 4096 and b"\0" not in target, "a target is out of range")
            self.count_names(target)
        if kind == KIND_FILE:
            size = self.columns["sizes"].number(0, MOST_OBJECT + 1, "a size") - 1
            size = None if size < 0 else size
        yield "entry", kind, path, mode, time, size, target, 0, self.extras.pop(number, [])
        if kind == KIND_FILE:
            yield from self.begin_file(size)

    def begin_file(self, size):
        if size == 0:
            yield from self.told(0, None)
        elif self.in_pack > 0:
            require(size is not None and size <= self.in_pack, "a file reaches beyond its pack")
            self.in_pack -= size
            yield from self.told(size, None)
        else:
            self.file = {"size": size, "items": 0}

    def next_path(self):
        shared, rest = self.take("shared"), next(self.rests)
        require(shared <= len(self.path), "a path shares more than there is")
        require(self.path[shared:shared + 1] != rest[:1] or not rest, "a path shares more than it says")
        self.path = self.path[:shared] + rest
        self.count_names(self.path)
        if self.path:
            check_path(self.path)
        return self.path

    def count_names(self, name):
        self.names += len(name)
        require(self.names <= MOST_NAMES, "the names are too long together")

    def time(self):
        folded = self.take("seconds")
        self.seconds += -(folded + 1) // 2 if folded & 1 else folded // 2
        nanoseconds = self.columns["nanoseconds"].fixed(4)
        require(nanoseconds < 10**9, "nanoseconds are out of range")
        time = self.seconds * 10**9 + nanoseconds
        require(-1 << 63 <= time < 1 << 63, "a time is out of range")
        return time

    def item(self):
        self.items -= 1
        self.ended = None
        self.file["items"] += 1
        first, size = self.file["items"] == 1, self.file["size"]
        code = self.take("items")
        if code == HOLE:
            hole = self.columns["holes"].number(1, MOST_OBJECT, "a hole")
            yield "hole", hole
            if first and hole == size:
                yield from self.told(size, None)
        elif code == END:
            yield from self.told(self.columns["end_sizes"].number(0, MOST_OBJECT, "a size"),
                                 self.columns["end_digests"].raw(32))
        elif code == GIVEN_UP:
            self.file = None
            require(self.entries > 0 and self.columns["kinds"].data[-self.entries] == KIND_LEFT_OUT,
                    "a file is given up without a word")
        else:
            require(code - 2 <= MOST_CHUNK, "a chunk is too long")
            yield self.chunk(code - 2)
            if first and size is not None and code - 2 == size:
                yield from self.told(size, None)
            elif first and size is not None and code - 2 > size:
                self.in_pack = code - 2 - size
                yield from self.told(size, None)

    def told(self, size, digest):
        self.file = None
        self.ended = self.path if digest is None else None
        yield "end", size, digest

    def chunk(self, size):
        codec = self.columns["codecs"].fixed(1)
        if codec > AFTER:
            raise Unsupported(f"codec {codec}")
        content = carried = self.columns["digests"].raw(32)
        if codec != RAW:
            self.columns["carried_sizes"].number(1, size - 1, "a carried size")
            carried = self.columns["digests"].raw(32)
        past = self.past(size) if codec == AFTER else ()
        self.chunks.append((size, content))
        return "chunk", codec, size, content, carried, past

    def past(self, size):
        count = self.columns["pasts"].number(1, min(MOST_PAST, len(self.chunks)), "a past")
        past = self.chunks[-count:]
        length = sum(before for before, _ in past)
        self.pasts += length
        require(size + length <= MOST_PAST_BYTES and self.pasts <= MOST_PASTS, "a past is too long")
        return tuple(content for _, content in past)
