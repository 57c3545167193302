"""What walk.py tries: programs that receive, send, encode, patch, and change a home."""
import filecmp
import os
import random
import shutil
import signal
import stat
import subprocess
import time

BESIDE = ".dcdn-moving"  # what replaces a name by a link, for that moment; the next run removes it
LONGEST = 30  # seconds until a program counts as hanging


class Tools:
    """Where the programs are, and how to run them with or without a fault."""

    no_unnamed = False  # as on a file system that does not know O_TMPFILE

    def __init__(self, folder, shim):
        self.folder = folder
        self.shim = shim

    def environment(self, top, home, fault=None):
        env = {name: value for name, value in os.environ.items() if not name.startswith(("DCDN_", "FAULTS_"))}
        env["DCDN_HOME"] = os.path.join(top, home)
        env["HOME"] = top
        if fault:
            env.update(fault)
            env["LD_PRELOAD"] = self.shim
            if self.no_unnamed:
                env["FAULTS_NO_UNNAMED"] = "1"
        return env

    def run(self, top, words, home="home", fault=None, stdin=None, stdout=None):
        """The status of a program; None if it hung."""
        source = open(os.path.join(top, stdin), "rb") if stdin else subprocess.DEVNULL
        target = open(os.path.join(top, stdout), "wb") if stdout else subprocess.DEVNULL
        words = [os.path.join(self.folder, words[0]), *words[1:]]
        with open(os.path.join(top, "..", "errors"), "ab") as errors:
            try:
                return subprocess.run(words, cwd=top, env=self.environment(top, home, fault), stdin=source, stdout=target,
                                      stderr=errors, timeout=LONGEST, check=False).returncode
            except subprocess.TimeoutExpired:
                return None

    def output(self, top, words, home="home"):
        words = [os.path.join(self.folder, words[0]), *words[1:]]
        done = subprocess.run(words, cwd=top, env=self.environment(top, home), stdin=subprocess.DEVNULL,
                              capture_output=True, timeout=LONGEST, check=False)
        return done.stdout.decode() if done.returncode == 0 else None


def put(path, content, mode=0o644):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as file:
        file.write(content)
    os.chmod(path, mode)


def make_tree(top):
    """One of each kind of entry that is made in a way of its own."""
    noise = random.Random(1)
    put(f"{top}/a", b"new content of a\n")
    put(f"{top}/big", noise.randbytes(200_000), 0o600)
    put(f"{top}/empty", b"")
    os.makedirs(f"{top}/folder")
    put(f"{top}/sub/deep/empty too", b"")
    put(f"{top}/sub/deep/y", b"y\n", 0o755)
    os.makedirs(f"{top}/sub/empty folder")
    put(f"{top}/sub/x", b"new content of x\n")
    os.symlink("a", f"{top}/link")
    os.symlink("../a", f"{top}/sub/link")
    os.link(f"{top}/a", f"{top}/sub/deep/a again")
    os.link(f"{top}/big", f"{top}/sub/big again")
    put(f"{top}/holes", b"")
    with open(f"{top}/holes", "r+b") as file:
        file.write(b"begin")
        file.seek(400_000)
        file.write(b"middle")
        file.truncate(800_000)
    os.chmod(f"{top}/sub/deep", 0o750)
    os.chmod(top, 0o700)
    set_times(top)


def make_small_tree(top):
    """Small files, several to a chunk, and what stands between them."""
    noise = random.Random(5)
    put(f"{top}/a", b"new content of a\n")
    put(f"{top}/sub/x", b"new content of x\n", 0o600)
    for number in range(24):
        put(f"{top}/many/{number // 8}/{number}", noise.randbytes(50 + 137 * number % 900), 0o640)
    put(f"{top}/many/1/empty", b"")
    os.makedirs(f"{top}/many/2/folder")
    os.makedirs(f"{top}/sub/deep")
    os.symlink("../0/3", f"{top}/many/1/link")
    os.link(f"{top}/many/0/3", f"{top}/many/2/3 again")
    os.link(f"{top}/many/1/empty", f"{top}/sub/empty again")
    os.chmod(f"{top}/many/1", 0o750)
    set_times(top)


def set_times(top):
    for folder, _, names in os.walk(top, topdown=False):
        for name in names:
            os.utime(f"{folder}/{name}", (10**9, 10**9 + len(name)), follow_symlinks=False)
        os.utime(folder, (10**9, 10**9))


def entries(top):
    found = {}
    for folder, folders, names in os.walk(top):
        for name in folders + names:
            path = os.path.join(folder, name)
            found[os.path.relpath(path, top)] = path
    return found


def links_of(found):
    """The names of each file that has several."""
    groups = {}
    for name, path in found.items():
        info = os.lstat(path)
        if stat.S_ISREG(info.st_mode):
            groups.setdefault((info.st_dev, info.st_ino), set()).add(name)
    return {frozenset(names) for names in groups.values() if len(names) > 1}


def same_content(one, other):
    info, other_info = os.lstat(one), os.lstat(other)
    if stat.S_IFMT(info.st_mode) != stat.S_IFMT(other_info.st_mode):
        return False
    if stat.S_ISLNK(info.st_mode):
        return os.readlink(one) == os.readlink(other)
    return not stat.S_ISREG(info.st_mode) or filecmp.cmp(one, other, shallow=False)


def missing_of(source, target, others=(), folders_too=True, linked=True):
    """What of a tree is not in another one as it should be; names beyond those are wrong too, but for `others`.

    Without folders_too the folders' modes and times are their owner's; without linked names of one file may be copies."""
    if not os.path.isdir(target):
        return [f"{target} is not there"]
    wrong = []
    wanted, there = entries(source), entries(target)
    wanted["."], there["."] = source, target
    for name, path in wanted.items():
        if name not in there:
            wrong.append(f"{name} is missing")
        elif not same_content(path, there[name]):
            wrong.append(f"{name} is not what was sent")
        elif not os.path.islink(path) and (folders_too or not os.path.isdir(path)):
            info, arrived = os.lstat(path), os.lstat(there[name])
            if info.st_mode != arrived.st_mode:
                wrong.append(f"{name} has mode {oct(arrived.st_mode)}")
            if info.st_mtime_ns != arrived.st_mtime_ns:
                wrong.append(f"{name} has another time")
    if linked:
        wrong += [f"{sorted(names)} are not one file" for names in links_of(wanted) - links_of(there)]
    return wrong + [f"{name} should not be there" for name in there if name not in wanted and name not in others]


class Scenario:
    """prepare() makes a folder; run() does what is tried and says whether somebody was told that it is done; the rest looks.

    `calls`: only these calls count, if given."""

    calls = None
    durable = True  # "done" means on the disk

    def __init__(self, tools):
        self.tools = tools

    def prepare(self, top):
        raise NotImplementedError

    def run(self, top, fault):
        raise NotImplementedError

    def wrong(self, top, done):
        """After a fault: what is there and is not right, and, if it is said to be done, what is not there."""
        raise NotImplementedError

    def again(self, top):
        """Without a fault. True if it ended well."""
        return self.run(top, None)

    def wrong_at_last(self, top):
        return self.wrong(top, True)


class Receive(Scenario):
    """What arrives in a folder: `over` is what dcdn-recv does with what is there already."""

    make_tree = staticmethod(make_tree)
    chunk_size = "64KiB"
    sources = ["tree"]

    def __init__(self, tools, over=None):
        super().__init__(tools)
        self.over = over

    def options(self):
        return [f"--{self.over}"] if self.over else []

    def prepare(self, top):
        self.make_tree(f"{top}/tree")
        for home in ("home", "sender"):
            assert self.tools.run(top, ["dcdn-sign", "-q", "keygen"], home) == 0
        words = ["dcdn-send", "-q", "--stdout", "--chunk-size", self.chunk_size, *self.sources]
        assert self.tools.run(top, words, "sender", stdout="stream") == 0
        if self.over:
            put(f"{top}/in/tree/a", b"old\n")
            put(f"{top}/in/tree/sub/x", b"old\n")
            put(f"{top}/in/tree/sub/deep/other", b"other\n")
        if self.over == "skip":
            shutil.copytree(f"{top}/tree", f"{top}/in/tree", symlinks=True, dirs_exist_ok=True)
            for path in ("big", "empty", "sub/deep/empty too"):
                os.remove(f"{top}/in/tree/{path}")
            os.rmdir(f"{top}/in/tree/folder")

    def others(self):
        return ["sub/deep/other"] if self.over in ("overwrite", "skip") else []

    def target(self, top):
        """Where it is now: with --rename under another name than what was there before."""
        if self.over != "rename":
            return f"{top}/in/tree"
        return f"{top}/in/tree (1)"

    def wrong(self, top, done):
        found = [f"{name} should not have that name" for name in self.strange_names(top)]
        if self.over == "rename":
            found += missing_of_old(f"{top}/in/tree")
        if done:
            kept = self.over == "skip"
            return found + missing_of(f"{top}/tree", self.target(top), self.others(), not kept, not kept)
        if self.over in ("overwrite", "skip"):
            return found + self.wrong_content(top)
        if os.path.lexists(self.target(top)):
            found += missing_of(f"{top}/tree", self.target(top))
        return found

    def strange_names(self, top):
        if not os.path.isdir(f"{top}/in"):
            return []
        known = {"tree", ".dcdn-part", os.path.basename(self.target(top))}
        return [name for name in os.listdir(f"{top}/in") if name not in known]

    def wrong_content(self, top):
        """Half laid over another tree, each file must be the old one or the new one."""
        found = []
        there = entries(f"{top}/in/tree")
        for name, path in there.items():
            if name in self.others() or os.path.isdir(path) or os.path.basename(name) == BESIDE:
                continue
            source = f"{top}/tree/{name}"
            if not os.path.lexists(source):
                found.append(f"{name} should not be there")
            elif not same_content(source, path) and open(path, "rb").read() != b"old\n":
                found.append(f"{name} is neither old nor new")
        return found + [f"{name} is gone" for name in ("a", "sub/x", *self.others()) if name not in there]


def missing_of_old(tree):
    wrong = []
    for name in ("a", "sub/x"):
        if not os.path.exists(f"{tree}/{name}") or open(f"{tree}/{name}", "rb").read() != b"old\n":
            wrong.append(f"{name} is not what it was")
    return wrong


class Unpack(Receive):
    def run(self, top, fault):
        words = ["dcdn-recv", "-q", "--stdin", "-o", "in", *self.options()]
        return self.tools.run(top, words, fault=fault, stdin="stream") == 0


class UnpackAgain(Unpack):
    """A tree that was delivered comes again, changed, and its sender mirrors it."""

    def options(self):
        return ["--overwrite", "--allow-delete", "delivered"]

    def prepare(self, top):
        super().prepare(top)
        os.rename(f"{top}/stream", f"{top}/first")
        shutil.copytree(f"{top}/tree", f"{top}/old", symlinks=True)
        self.change(f"{top}/tree")
        set_times(f"{top}/tree")
        words = ["dcdn-send", "-q", "--stdout", "--delete", "--chunk-size", self.chunk_size, "tree"]
        assert self.tools.run(top, words, "sender", stdout="stream") == 0

    def run(self, top, fault):
        # Not before: a copy of what was delivered is another file, in another place.
        if os.path.exists(f"{top}/first"):
            assert self.tools.run(top, ["dcdn-recv", "-q", "--stdin", "-o", "in"], stdin="first") == 0
            os.remove(f"{top}/first")
        return super().run(top, fault)

    @staticmethod
    def change(tree):
        put(f"{tree}/big", open(f"{tree}/big", "rb").read()[:150_000] + b"another end", 0o600)
        put(f"{tree}/new/file", b"new\n")
        os.remove(f"{tree}/sub/x")
        os.rmdir(f"{tree}/sub/empty folder")
        os.rmdir(f"{tree}/folder")
        put(f"{tree}/folder", b"a file now\n")
        os.remove(f"{tree}/empty")
        os.makedirs(f"{tree}/empty/now a folder")
        os.chmod(f"{tree}/sub/deep/y", 0o640)

    def wrong(self, top, done):
        found = [f"{name} should not have that name" for name in self.strange_names(top)]
        if done:
            # What a disk has after a cut is no file that was delivered: it may stay.
            gone = set(entries(f"{top}/old")) - set(entries(f"{top}/tree"))
            return found + missing_of(f"{top}/tree", f"{top}/in/tree", gone)
        there, old, new = (entries(f"{top}/{name}") for name in ("in/tree", "old", "tree"))
        for name, path in there.items():
            if os.path.basename(name) == BESIDE:
                continue  # until the next run
            if not any(name in version and same_content(version[name], path) for version in (old, new)):
                found.append(f"{name} is neither old nor new")
        return found + [f"{name} is gone" for name in old if name in new and name not in there]


class Session(Receive):
    """A receiver and a sender on loopback; the fault is the receiver's, or the sender's."""

    def __init__(self, tools, over=None, faulty="home"):
        super().__init__(tools, over)
        self.faulty = faulty

    def prepare(self, top):
        super().prepare(top)
        os.remove(f"{top}/stream")
        self.tools_id = {home: self.tools.output(top, ["dcdn-sign", "id"], home).strip() for home in ("home", "sender")}

    def start(self, top, words, home, fault, log):
        words = [os.path.join(self.tools.folder, words[0]), *words[1:]]
        env = self.tools.environment(top, home, fault if home == self.faulty else None)
        with open(f"{top}/../{log}", "wb") as errors:
            return subprocess.Popen(words, cwd=top, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                    stderr=errors)

    def run(self, top, fault):
        receiver = self.start(top, ["dcdn-recv", "--listen", "127.0.0.1:0", "--progress", "none", "--once", "--allow",
                                    self.tools_id["sender"], "-o", "in", *self.options()], "home", fault, "receiver")
        sender = None
        try:
            address = self.address(top, receiver)
            if address is None:
                return False
            sender = self.start(top, ["dcdn-send", "-q", "--peer-id", self.tools_id["home"], "--retry-for", "20s",
                                      "--chunk-size", self.chunk_size, "--to", address, *self.sources], "sender", fault, "sender-log")
            return self.outcome(receiver, sender) == 0
        finally:
            for process in (receiver, sender):
                if process and process.poll() is None:
                    process.kill()
                    process.wait()

    @staticmethod
    def address(top, receiver):
        deadline = time.monotonic() + LONGEST
        while time.monotonic() < deadline:
            for line in open(f"{top}/../receiver", errors="replace"):
                if "listening on " in line and line.endswith("\n"):
                    return line.split("listening on ")[1].split(" ")[0]
            if receiver.poll() is not None:
                return None
            time.sleep(0.005)
        return None

    @staticmethod
    def outcome(receiver, sender):
        """The sender's status; a sender whose receiver is gone waits in vain and is ended."""
        deadline = time.monotonic() + LONGEST
        while sender.poll() is None and time.monotonic() < deadline:
            if receiver.poll() is not None:
                try:
                    sender.wait(0.3)
                except subprocess.TimeoutExpired:
                    sender.kill()
                    sender.wait()
                    return 1
            time.sleep(0.005)
        if sender.poll() is None:
            return None
        if sender.returncode != 0 and receiver.poll() is None:
            receiver.send_signal(signal.SIGINT)
        try:
            receiver.wait(10)
        except subprocess.TimeoutExpired:
            pass  # a sender that succeeded has what it was promised
        return sender.returncode


def small(kind, over=None):
    """The same with a tree of small files; what is there already has most of them, some as they were once."""
    class Small(kind):
        make_tree = staticmethod(make_small_tree)
        chunk_size = "4KiB"

        def prepare(self, top):
            super().prepare(top)
            if not over:
                return
            shutil.copytree(f"{top}/tree/many", f"{top}/in/tree/many", symlinks=True)
            for number in (2, 11):
                put(f"{top}/in/tree/many/{number // 8}/{number}", b"old\n")
            os.remove(f"{top}/in/tree/many/2/20")
    return lambda tools: Small(tools, over)


class SendReading(Session):
    """Reading what is sent fails."""

    calls = "read,pread"

    def __init__(self, tools):
        super().__init__(tools, faulty="sender")

    def wrong(self, top, done):
        """What cannot be read is left out, and then it is not done; what is there is right all the same."""
        if done or not os.path.lexists(self.target(top)):
            return super().wrong(top, done)
        there = entries(self.target(top))
        return [f"{name} is not what was sent" for name, path in there.items()
                if not os.path.isdir(path) and not same_content(f"{top}/tree/{name}", path)]


class SendAgain(Session):
    """A sender that has an index of what it sent before: files changed and went since."""

    def __init__(self, tools):
        super().__init__(tools, "overwrite", faulty="sender")

    def prepare(self, top):
        super().prepare(top)
        time.sleep(3)  # what was written just now is not believed
        assert self.run(top, None)
        assert os.listdir(f"{top}/sender/index")
        for name in ("a", "sub/x"):
            put(f"{top}/in/tree/{name}", b"old\n")
            put(f"{top}/tree/{name}", b"newer\n")


def left_beside(top):
    """What a writer had no right name for yet: it may be there after a kill, until the next run."""
    return [f"{path} was left" for name, path in entries(top).items() if ".dcdn-new" in os.path.basename(name)]


def make_objects(top):
    """Objects of one small file each, and some that are not: which have a staging folder."""
    noise = random.Random(6)
    for number in range(14):
        put(f"{top}/{number}", noise.randbytes(10 + 300 * number), 0o640)
    put(f"{top}/empty", b"")
    put(f"{top}/large", noise.randbytes(150_000))
    put(f"{top}/last", b"the last one\n", 0o400)
    set_times(top)


def objects(scenario, *more):
    """The same with many small objects instead of a tree. Each gets its name when all of it is on the disk."""

    class Objects(scenario):
        make_tree = staticmethod(make_objects)
        sources = [f"tree/{name}" for name in (*map(str, range(14)), "empty", "large", "last")]

        def wrong(self, top, done):
            if not os.path.isdir(f"{top}/in"):
                return ["nothing is there"] if done else []
            return [what for what in missing_of(f"{top}/tree", f"{top}/in", folders_too=False)
                    if not what.startswith(".dcdn-part") and (done or not what.endswith(" is missing"))]

    return lambda tools: Objects(tools, *more)


class Output(Scenario):
    """A command that makes one file, `made`, whose right content `expected` is."""

    made = ""
    expected = ""
    words = ()
    source = None  # for standard input
    over = ()      # added when the file may be there already

    def run(self, top, fault):
        return self.tools.run(top, list(self.words), fault=fault, stdin=self.source) == 0

    def again(self, top):
        return self.tools.run(top, [*self.words, *self.over], stdin=self.source) == 0

    def right(self, top):
        return filecmp.cmp(f"{top}/{self.made}", f"{top}/{self.expected}", shallow=False)

    def wrong(self, top, done):
        found = left_beside(top) if done else []
        if not os.path.lexists(f"{top}/{self.made}"):
            return found + ([f"{self.made} is not there"] if done else [])
        return found + ([] if self.right(top) else [f"{self.made} is not right"])


class Delta(Output):
    """Each command of dcdn-delta makes what it made without a fault."""

    def __init__(self, tools, words, made):
        super().__init__(tools)
        self.words = ("dcdn-delta", "-q", *words)
        self.made = made
        self.expected = f"right-{made}"
        self.over = ("--overwrite",)

    def prepare(self, top):
        noise = random.Random(2).randbytes(300_000)
        put(f"{top}/old", noise)
        put(f"{top}/wanted", noise[:100_000] + b"changed" + noise[100_000:])
        for words in (["signature", "old", "for-delta"], ["delta", "for-delta", "wanted", "for-patch"],
                      ["signature", "--compact", "wanted", "compact"], ["make", "--basis", "old", "wanted", "for-apply"],
                      ["needs", "--basis", "old", "compact", "ranges"], ["cut", "wanted", "ranges", "fetched"]):
            assert self.tools.run(top, ["dcdn-delta", "-q", *words]) == 0
        assert self.tools.run(top, list(self.words)) == 0
        os.rename(f"{top}/{self.made}", f"{top}/{self.expected}")


class DeltaOver(Delta):
    """The file that is there is the old one or the new one, and as private as it was."""

    def __init__(self, tools, words, made):
        super().__init__(tools, (words[0], "--overwrite", *words[1:]), made)
        self.over = ()

    def prepare(self, top):
        super().prepare(top)
        put(f"{top}/{self.made}", b"precious", 0o600)

    def wrong(self, top, done):
        if not os.path.exists(f"{top}/{self.made}"):
            return ["what was there is gone"]
        found = ["it can be read by others"] if os.stat(f"{top}/{self.made}").st_mode & 0o077 else []
        if not done and open(f"{top}/{self.made}", "rb").read() == b"precious":
            return found
        return found + super().wrong(top, done)


def beside(make):
    """The same where a file cannot be without a name."""
    def on_such(tools):
        scenario = make(tools)
        scenario.tools = Tools(tools.folder, tools.shim)
        scenario.tools.no_unnamed = True
        return scenario
    return on_such


class Fec(Scenario):
    """A stage that reads a file and writes standard output: what it says with its status must be so."""

    def __init__(self, tools, stage):
        super().__init__(tools)
        self.stage = stage

    calls = "write,writev,read,pread"
    durable = False  # as every program that writes standard output

    def prepare(self, top):
        put(f"{top}/data", random.Random(3).randbytes(300_000))
        assert self.tools.run(top, ["dcdn-fec", "-q", "encode", "data"], stdout="encoded") == 0
        for words in ("decode", "repair"):
            shutil.copy(f"{top}/encoded", f"{top}/for-{words}")
            with open(f"{top}/for-{words}", "r+b") as file:
                file.seek(50_000)
                file.write(b"damage")
        self.expected = {"encode": "encoded", "decode": "data", "repair": "encoded"}[self.stage]
        self.source = "data" if self.stage == "encode" else f"for-{self.stage}"

    def run(self, top, fault):
        status = self.tools.run(top, ["dcdn-fec", "-q", self.stage, self.source], fault=fault, stdout="result")
        return status in (0, 2)

    def wrong(self, top, done):
        right = filecmp.cmp(f"{top}/result", f"{top}/{self.expected}", shallow=False)
        return ["the result is not right"] if done and not right else []


class Split(Scenario):
    outputs = ("one", "two", "three")
    more = ()

    def prepare(self, top):
        put(f"{top}/data", random.Random(4).randbytes(300_000))
        assert self.tools.run(top, ["dcdn-fec", "-q", "encode", "-k", "10", "-m", "10", "data"], stdout="encoded") == 0
        assert self.run(top, None)
        for name in self.outputs:
            os.rename(f"{top}/{name}", f"{top}/right-{name}")

    def run(self, top, fault, more=()):
        words = ["dcdn-fec", "-q", "split", "--from", "encoded", *self.more, *more, *self.outputs]
        return self.tools.run(top, words, fault=fault) == 0

    def again(self, top):
        return self.run(top, None, ("--overwrite",))

    def allowed(self, top, name):
        return filecmp.cmp(f"{top}/{name}", f"{top}/right-{name}", shallow=False)

    def wrong(self, top, done):
        found = left_beside(top) if done else []
        for name in self.outputs:
            if not os.path.exists(f"{top}/{name}"):
                found += [f"{name} is not there"] if done else []
            elif not self.allowed(top, name) and (done or not self.is_old(top, name)):
                found.append(f"{name} is not right")
        return found

    def is_old(self, top, name):
        return False


class SplitOver(Split):
    more = ("--overwrite",)

    def prepare(self, top):
        super().prepare(top)
        for name in self.outputs:
            put(f"{top}/{name}", b"precious")

    def again(self, top):
        return self.run(top, None)

    def is_old(self, top, name):
        return open(f"{top}/{name}", "rb").read() == b"precious"


class Sign(Scenario):
    """What changes a home: a key that is there stays usable, and the log has no gap."""

    words = ()

    def prepare(self, top):
        assert self.tools.run(top, ["dcdn-sign", "-q", "keygen"]) == 0
        assert self.tools.run(top, ["dcdn-sign", "-q", "keygen"], "other") == 0
        put(f"{top}/document", b"to be signed\n")
        self.other = self.tools.output(top, ["dcdn-sign", "id"], "other").strip()
        self.own = self.tools.output(top, ["dcdn-sign", "id"]).strip()

    def command(self):
        return list(self.words)

    def run(self, top, fault):
        return self.tools.run(top, self.command(), fault=fault) == 0

    def effect(self, top):
        """Whether what the command does has been done."""
        raise NotImplementedError

    def again(self, top):
        return bool(self.effect(top)) or (self.run(top, None) and bool(self.effect(top)))

    def wrong(self, top, done):
        found = []
        if self.tools.output(top, ["dcdn-sign", "id"]) is None:
            found.append("the key cannot be used")
        if self.tools.output(top, ["dcdn-sign", "trust", "list"]) is None:
            found.append("the keyring cannot be read")
        if os.path.exists(f"{top}/home/audit.log") and os.path.getsize(f"{top}/home/audit.log") > 0 and \
                self.tools.run(top, ["dcdn-sign", "audit", "verify"]) != 0:
            found.append("the audit log is broken")
        if done and not self.effect(top):
            found.append("what was done is not there")
        return found


class Keygen(Sign):
    """A key that is there has its revocation and its line in the log."""

    words = ("dcdn-sign", "-q", "keygen", "--key", "second")

    def effect(self, top):
        return self.tools.output(top, ["dcdn-sign", "id", "--key", "second"])

    def wrong(self, top, done):
        made = self.effect(top)
        logged = made and os.path.exists(f"{top}/home/audit.log") and made.strip() in open(f"{top}/home/audit.log").read()
        revocation = made and any("second" in name for name in entries(f"{top}/home") if "revocation" in name)
        return super().wrong(top, done) + left_beside(f"{top}/home") * done + \
            ([] if not made or logged else ["the key is not in the log"]) + \
            ([] if not made or revocation else ["the key has no revocation"])


class KeygenFirst(Keygen):
    """In a home where nothing is yet: it becomes the default."""

    def prepare(self, top):
        pass

    def effect(self, top):
        made = self.tools.output(top, ["dcdn-sign", "id", "--key", "second"])
        return made if made and made == self.tools.output(top, ["dcdn-sign", "id"]) else None

    def wrong(self, top, done):
        found = [problem for problem in super().wrong(top, done)
                 if problem not in ("the key cannot be used", "the keyring cannot be read")]
        if self.tools.output(top, ["dcdn-sign", "id", "--key", "second"]) and not self.effect(top):
            found.append("the key is not the default one")
        return found


class Detached(Sign):
    words = ("dcdn-sign", "-q", "sign", "--detached", "--overwrite", "document")

    def effect(self, top):
        return self.tools.run(top, ["dcdn-sign", "-q", "verify", "--detached", "--signer", self.own, "document"]) == 0


class DetachedNew(Detached):
    words = ("dcdn-sign", "-q", "sign", "--detached", "document")

    def again(self, top):
        return self.tools.run(top, list(Detached.words)) == 0

    def wrong(self, top, done):
        broken = os.path.exists(f"{top}/document.sig") and not self.effect(top)
        return super().wrong(top, done) + (["there is a signature that is none"] if broken else [])


class TrustAdd(Sign):
    def command(self):
        return ["dcdn-sign", "-q", "trust", "add", "hq", self.other]

    def effect(self, top):
        return self.other in (self.tools.output(top, ["dcdn-sign", "trust", "list"]) or "")


class TrustImport(TrustAdd):
    def prepare(self, top):
        super().prepare(top)
        assert self.tools.run(top, ["dcdn-sign", "-q", "trust", "add", "hq", self.other], "third") == 0
        put(f"{top}/exported", self.tools.output(top, ["dcdn-sign", "trust", "export"], "third").encode())

    def run(self, top, fault):
        return self.tools.run(top, ["dcdn-sign", "-q", "trust", "import"], fault=fault, stdin="exported") == 0


class Rotate(Sign):
    """A key that was replaced is in the log, with the one that took its place."""

    words = ("dcdn-sign", "-q", "rotate")

    def wrong(self, top, done):
        found = super().wrong(top, done)
        statements = f"{top}/home/key_statements"
        now = (self.tools.output(top, ["dcdn-sign", "id"]) or "").strip()
        if now and now != self.own and now not in open(f"{top}/home/audit.log").read():
            found.append("the replacement is not in the log")
        if os.path.exists(statements) and "rotation" in open(statements).read() and \
                "is replaced by" not in open(f"{top}/home/audit.log").read():
            found.append("the statement is not in the log")
        return found

    def effect(self, top):
        return self.own != (self.tools.output(top, ["dcdn-sign", "id"]) or self.own).strip()


class Learn(Sign):
    """What a stream says of a trusted key counts only if it is in the log."""

    def prepare(self, top):
        super().prepare(top)
        assert self.tools.run(top, ["dcdn-sign", "-q", "trust", "add", "hq", self.other]) == 0
        assert self.tools.run(top, ["dcdn-sign", "-q", "rotate"], "other") == 0
        assert self.tools.run(top, ["dcdn-sign", "-q", "announce"], "other", stdout="announced") == 0

    def run(self, top, fault):
        self.log_may_fail = fault is not None and fault["FAULTS_DO"].startswith("fail")  # is said, and stops nothing
        # Statements and nothing that they could sign: learned, and the stream is incomplete.
        return self.tools.run(top, ["dcdn-sign", "-q", "verify"], fault=fault, stdin="announced", stdout="out") == 3

    def effect(self, top):
        return "now=" in (self.tools.output(top, ["dcdn-sign", "trust", "list"]) or "")

    def wrong(self, top, done):
        # A home that cannot be written to ends nothing that is verified.
        found = super().wrong(top, False)
        if self.effect(top) and not self.log_may_fail and \
                "is replaced by" not in open(f"{top}/home/audit.log").read():
            found.append("the replacement is not in the log")
        return found

    def wrong_at_last(self, top):
        return super().wrong_at_last(top) + ([] if self.effect(top) else ["it was not learned"])


class Revoke(Sign):
    words = ("dcdn-sign", "-q", "revoke", "--key", "second")

    def prepare(self, top):
        super().prepare(top)
        assert self.tools.run(top, ["dcdn-sign", "-q", "keygen", "--key", "second"]) == 0

    def effect(self, top):
        path = f"{top}/home/key_statements"
        return os.path.exists(path) and "revocation" in open(path).read()


PATCH = ("patch", "old", "for-patch", "made")

ALL = {
    "unpack": lambda tools: Unpack(tools),
    "unpack-overwrite": lambda tools: Unpack(tools, "overwrite"),
    "unpack-again": UnpackAgain,
    "unpack-small": small(Unpack),
    "unpack-small-overwrite": small(Unpack, "overwrite"),
    "unpack-rename": lambda tools: Unpack(tools, "rename"),
    "unpack-skip": lambda tools: Unpack(tools, "skip"),
    "unpack-objects": objects(Unpack),
    "receive": lambda tools: Session(tools),
    "receive-objects": objects(Session),
    "send-objects": objects(Session, None, "sender"),
    "receive-overwrite": lambda tools: Session(tools, "overwrite"),
    "receive-small": small(Session),
    "receive-small-overwrite": small(Session, "overwrite"),
    "receive-rename": lambda tools: Session(tools, "rename"),
    "send": lambda tools: Session(tools, faulty="sender"),
    "send-again": SendAgain,
    "send-reading": SendReading,
    "signature": lambda tools: Delta(tools, ("signature", "old", "made"), "made"),
    "delta": lambda tools: Delta(tools, ("delta", "for-delta", "wanted", "made"), "made"),
    "make": lambda tools: Delta(tools, ("make", "--basis", "old", "wanted", "made"), "made"),
    "apply": lambda tools: Delta(tools, ("apply", "--basis", "old", "for-apply", "made"), "made"),
    "patch": lambda tools: Delta(tools, PATCH, "made"),
    "patch-overwrite": lambda tools: DeltaOver(tools, PATCH, "made"),
    "patch-beside": beside(lambda tools: Delta(tools, PATCH, "made")),
    "patch-overwrite-beside": beside(lambda tools: DeltaOver(tools, PATCH, "made")),
    "assemble-overwrite": lambda tools: DeltaOver(tools, ("assemble", "--basis", "old", "compact", "fetched", "made"), "made"),
    "fec-encode": lambda tools: Fec(tools, "encode"),
    "fec-decode": lambda tools: Fec(tools, "decode"),
    "fec-repair": lambda tools: Fec(tools, "repair"),
    "fec-split": Split,
    "fec-split-overwrite": SplitOver,
    "keygen-first": KeygenFirst,
    "keygen": Keygen,
    "sign-detached": DetachedNew,
    "sign-detached-beside": beside(DetachedNew),
    "sign-detached-overwrite": Detached,
    "trust-add": TrustAdd,
    "trust-import": TrustImport,
    "rotate": Rotate,
    "learn": Learn,
    "revoke": Revoke,
}
