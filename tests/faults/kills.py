#!/usr/bin/env python3
"""kills.py - kills the ends of transfers (-9), one after the other, at random moments, and looks at what is left.

    kills.py [--bin DIR] [--runs N] [--seed N]

Trees with every kind of entry travel from dcdn-send to a dcdn-recv that stays: new ones, over and beside others, into
half-full ones, by streams and coded packets. Alternately the sender and the receiver is killed and started again as a
person would, until there were N kills (--runs; the seed is printed, and chooses trees and moments). After each kill and
at each end:

  - nothing has a final name that is not whole: each file is the old one or the new one, and a new tree is all of it;
  - who was told that it is delivered has all of it;
  - what was finished leaves nothing unfinished behind, and the sessions of both ends can be listed;
  - every transfer ends.

Ends with 0 if nothing was found wrong. The last line counts.
"""
import argparse
import itertools
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True
import kill_trees as trees  # noqa: E402
import scenarios  # noqa: E402

LONGEST = 60           # seconds after the last kill until a transfer counts as hanging
RATE = "3MB"
# Whoever waits for a receipt only hears at its next keep-alive that the other end is a new one.
PATIENCE = ("--retry-for", "40s", "--retry-first", "50ms", "--retry-longest", "500ms", "--keep-alive", "1s")
TRANSFER = 1.5         # seconds that a transfer takes about, by its rate
MOST_COMPLAINTS = 10   # then it gives up
OVER = ("new", "overwrite", "rename", "skip")
CARRIERS = ("streams", "coded", "auto")
MOMENTS = ("begin", "any", "half", "whole", "named")


class End:
    """A program that is killed and started again."""

    def __init__(self, tools, top, home):
        self.tools = tools
        self.top = top
        self.home = home
        self.log = f"{top}/{home}.log"
        self.process = None

    def start(self, words):
        words = [os.path.join(self.tools.folder, words[0]), *words[1:]]
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(words, cwd=self.top, env=self.tools.environment(self.top, self.home),
                                            stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    def said(self):
        """The objects of --json so far, without half a line."""
        with open(self.log, errors="replace") as log:
            return [json.loads(line) for line in log if line.startswith("{") and line.endswith("}\n")]

    def last_words(self):
        with open(self.log, errors="replace") as log:
            return log.read().strip().splitlines()[-1:]

    def runs(self):
        return self.process is not None and self.process.poll() is None

    def kill(self):
        """False if it had ended before."""
        if self.process is None:
            return False
        self.process.kill()
        return self.process.wait() == -signal.SIGKILL

    def list(self, program):
        """Its sessions; None if they cannot be listed."""
        said = self.tools.output(self.top, [program, "--list", "--json"], self.home)
        return None if said is None else [json.loads(line) for line in said.splitlines()]


class Receiver(End):
    def __init__(self, tools, top, sender_id):
        super().__init__(tools, top, "receiver")
        self.sender_id = sender_id
        # An address of its own, so that nobody takes the port while it is down.
        self.address = f"127.{os.getpid() >> 8 & 127}.{os.getpid() & 255}.77:0"
        self.done_before = 0

    def listen(self, over):
        """False if it does not come up."""
        self.done_before = 0
        self.start(["dcdn-recv", "--json", "--progress", "none", "--listen", self.address, "--allow", self.sender_id,
                    "-o", "in", *([f"--{over}"] if over != "new" else [])])
        deadline = time.monotonic() + LONGEST
        while self.runs() and time.monotonic() < deadline:
            for line in self.said():
                if line["message_type"] == "listening":
                    self.address = line["address"]
                    return True
            time.sleep(0.005)
        return False

    def count_done(self):
        return sum(line["message_type"] == "object" and line["ok"] for line in self.said())

    def forget_what_is_done(self):
        self.done_before = self.count_done()

    def said_that_done(self):
        return self.count_done() > self.done_before

    def end(self):
        """False if it does not end as it should when it is asked to."""
        if not self.runs():
            return False
        self.process.terminate()
        try:
            return self.process.wait(LONGEST) == 128 + signal.SIGTERM
        except subprocess.TimeoutExpired:
            self.kill()
            return False


class Sender(End):
    def send(self, words):
        self.words = words
        self.start(words)

    def session_since(self, when):
        """The last session of --list that can be gone on with."""
        found = [one for one in self.list("dcdn-send") or []
                 if one["message_type"] == "session" and one["created"] >= when and not one["running"] and
                 one["state"] not in ("completed", "cancelled", "expired")]
        return max(found, key=lambda one: one["created"])["id"] if found else None


class Transfer:
    """One tree on its way into the folder `inbox`, until its sender says that it is delivered."""

    def __init__(self, inbox, tree, name, before, over):
        self.inbox = inbox
        self.tree = tree
        self.name = name      # that it is to get
        self.before = before  # what was there, by name
        self.over = over
        self.began = int(time.time())
        self.sent = [trees.picture(tree)]  # the tree, as it was and as it is
        self.whole = trees.bytes_on_disk(tree)

    def laid_over(self):
        """What is there already of that name, and stays or is replaced file by file."""
        return self.before.get(self.name, {}) if self.over in ("overwrite", "skip") else {}

    def change(self, chosen):
        trees.change(self.tree, chosen)
        self.sent.append(trees.picture(self.tree))

    def wrong(self):
        """What has a final name and should not have it so."""
        known = {".dcdn-part", self.name, *self.before}
        found = [f"{name!a} should not have that name" for name in trees.names(self.inbox) if name not in known]
        for name, was in self.before.items():
            if name != self.name:
                found += trees.differences(was, trees.picture(f"{self.inbox}/{name}") or {})
        there = trees.picture(f"{self.inbox}/{self.name}")
        if there is None:
            return [*found, "it never stands still"]
        if self.laid_over() or (self.over == "overwrite" and len(self.sent) > 1):
            return found + trees.strangers([self.laid_over(), *self.sent], there)
        return found if not there or there in self.sent else found + trees.differences(self.sent[-1], there)

    def wrong_when_done(self):
        there = trees.picture(f"{self.inbox}/{self.name}") or {}
        return trees.differences({**self.laid_over(), **self.sent[-1]}, there, self.over != "skip")

    def is_refused(self):
        """Whether an earlier state of the tree has the name already, so that this one cannot get it."""
        return self.over == "new" and trees.picture(f"{self.inbox}/{self.name}") in self.sent[:-1]

    def is_named(self):
        """Whether it has its name, or begins to be laid over what is there."""
        new = sorted(self.sent[-1].keys() - self.laid_over().keys() - {"."}) if self.laid_over() else []
        return os.path.lexists(f"{self.inbox}/{self.name}/{new[0]}" if new else f"{self.inbox}/{self.name}")

    def share_staged(self):
        return trees.bytes_on_disk(f"{self.inbox}/.dcdn-part") / self.whole

    def leftovers(self):
        return [f".dcdn-part/{name} was left" for name in trees.names(f"{self.inbox}/.dcdn-part") if name != "lock"]


class Kills:
    def __init__(self, tools, top, seed, goal):
        self.top = top
        self.seed = seed
        self.chosen = random.Random(seed)
        self.goal = goal
        self.kills = self.transfers = self.complaints = 0
        for home in ("receiver", "sender"):
            assert tools.run(top, ["dcdn-sign", "-q", "keygen"], home) == 0
        ids = {home: tools.output(top, ["dcdn-sign", "id"], home).strip() for home in ("receiver", "sender")}
        self.receiver = Receiver(tools, top, ids["sender"])
        self.receiver_id = ids["receiver"]
        self.sender = Sender(tools, top, "sender")
        self.turn = self.chosen.choice([self.sender, self.receiver])
        self.what = ""

    def complain(self, wrong, *more):
        if wrong:
            self.complaints += 1
            print(f"not right: kill {self.kills}, {self.what}: " + "; ".join([*wrong[:4], *more]), flush=True)
        return bool(wrong)

    def go_on(self):
        return self.kills < self.goal and self.complaints < MOST_COMPLAINTS

    def all(self):
        try:
            for number in itertools.count():
                if not self.go_on():
                    break
                self.round(OVER[number % len(OVER)])
        finally:
            self.sender.kill()
            self.receiver.kill()

    def round(self, over):
        """Some transfers into one folder, of a tree that changes."""
        tree, inbox = f"{self.top}/tree", f"{self.top}/in"
        trees.remove(inbox)
        trees.remove(tree)
        trees.make(tree, self.chosen)
        before = {}
        if over == "skip":
            trees.make_part(tree, f"{inbox}/tree")
            before["tree"] = trees.picture(f"{inbox}/tree")
        self.what = f"a receiver ({over})"
        if self.complain([] if self.receiver.listen(over) else ["it does not come up"], *self.receiver.last_words()):
            return
        for number in range(1 if over == "skip" else 3):
            if number > 0:
                trees.change(tree, self.chosen)
            if over == "new":
                trees.remove(f"{inbox}/tree")
                before = {}
            name = f"tree ({number})" if over == "rename" and number > 0 else "tree"
            if not self.go_on() or not self.transfer(Transfer(inbox, tree, name, dict(before), over)):
                break
            before[name] = trees.picture(f"{inbox}/{name}")
        self.what = f"a receiver ({over})"
        self.complain([] if self.receiver.end() else ["it does not end when it is asked to"])

    def transfer(self, transfer):
        """False if what follows would only tell of the same."""
        carrier = self.chosen.choice(CARRIERS)
        self.receiver.forget_what_is_done()
        self.what = f"{transfer.over} by {carrier}"
        self.sender.send(["dcdn-send", "--json", "--peer-id", self.receiver_id, "--rate", RATE, "--carrier", carrier,
                          *PATIENCE, "--to", self.receiver.address, "tree"])
        for _ in range(self.chosen.randrange(1, 6)):
            if not self.go_on():
                break
            moment = self.chosen.choice(MOMENTS)
            if not self.wait_for(moment, transfer) or not self.turn.kill():
                break
            self.kills += 1
            self.what = f"{transfer.over} by {carrier}, {self.turn.home} at {moment}"
            self.turn = self.after_receiver(transfer) if self.turn is self.receiver else self.after_sender(transfer)
            if not self.turn:
                self.turn = self.sender
                return False
        return self.finish(transfer)

    def wait_for(self, moment, transfer):
        """False if the sender ended first."""
        longest = {"begin": 0.1, "any": TRANSFER}.get(moment)
        deadline = time.monotonic() + (self.chosen.uniform(0, longest) if longest else LONGEST)
        is_there = {"half": lambda: transfer.share_staged() > 0.5, "whole": lambda: transfer.share_staged() > 0.97,
                    "named": transfer.is_named}.get(moment, lambda: False)
        while time.monotonic() < deadline and not is_there():
            if not self.sender.runs():
                return False
            time.sleep(0.002)
        if not longest:  # at once, or in the middle of what begins there
            time.sleep(self.chosen.choice([0, self.chosen.uniform(0, 0.2)]))
        return self.sender.runs()

    def after_receiver(self, transfer):
        """Who is next, if it comes up again."""
        wrong = transfer.wrong()
        if self.receiver.said_that_done() and len(transfer.sent) == 1:
            wrong += transfer.wrong_when_done()
        self.complain(wrong)
        time.sleep(self.chosen.choice([0, 0, 0.3]))
        up = self.receiver.listen(transfer.over)
        lost = self.complain([] if up else ["it does not come up again"], *self.receiver.last_words())
        return None if lost else self.sender

    def after_sender(self, transfer):
        self.complain(trees.settled(transfer.wrong, 1))  # its receiver may be at work
        if transfer.over in ("new", "overwrite") and self.chosen.random() < 0.2:
            transfer.change(self.chosen)
        session = self.sender.session_since(transfer.began)
        if session and self.chosen.random() < 0.5:
            self.sender.start(["dcdn-send", "--resume", session])
        else:
            self.sender.start(self.sender.words)
        return self.receiver

    def finish(self, transfer):
        try:
            status = self.sender.process.wait(LONGEST)
        except subprocess.TimeoutExpired:
            self.complain(["it hangs"], *self.sender.last_words())
            self.sender.kill()
            return False
        if status == 13 and transfer.is_refused():
            return True
        if status != 0 or not self.receiver.runs():
            ended = [self.sender] * (status != 0) + [self.receiver] * (not self.receiver.runs())
            said = [f"the {end.home} ends with {end.process.poll()}: {' '.join(end.last_words())}" for end in ended]
            self.complain(said + transfer.wrong())
            return False
        self.transfers += 1
        self.complain(transfer.wrong() + transfer.wrong_when_done())
        self.complain(trees.settled(transfer.leftovers, 5))
        lists = [self.sender.list("dcdn-send"), self.receiver.list("dcdn-recv")]
        self.complain(["the sessions of an end cannot be listed"] if None in lists else [])
        return True


def main():
    here = os.path.dirname(os.path.abspath(__file__))
    binaries = os.environ.get("DCDN_BIN", os.path.join(here, "../../build/bin"))
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bin", default=binaries)
    parser.add_argument("--runs", type=int, default=50, help="kills (default 50)")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6))
    options = parser.parse_args()
    os.umask(0o022)
    print(f"seed {options.seed}", flush=True)
    began = time.monotonic()
    base = os.path.realpath(tempfile.mkdtemp(prefix="dcdn-kills-"))
    os.makedirs(f"{base}/top")
    try:
        kills = Kills(scenarios.Tools(os.path.abspath(options.bin), None), f"{base}/top", options.seed, options.runs)
        kills.all()
    finally:
        trees.remove(base)
    print(f"{kills.kills} kills, {kills.transfers} transfers, {kills.complaints} not right, "
          f"{time.monotonic() - began:.0f} s")
    return 1 if kills.complaints or kills.kills < options.runs else 0


if __name__ == "__main__":
    sys.exit(main())
