#!/usr/bin/env python3
"""walk.py - lets each file operation of a program fail, or be the last one, and looks at what is left.

    walk.py [--bin DIR] [--shim FILE] [--sample N] [--seed N] [--fault NAME]... SCENARIO...
    walk.py --list

A scenario is run once to count its operations (fault_shim.cpp), then once for each operation and each kind of fault, or
for a sample of N operations spread over all of them (--sample; the seed is printed, and chooses which). After each run:

  - who was told that it is done has all of it, also when power fails the moment after;
  - nothing has a final name that is not whole;
  - the same command again, without a fault, ends well, and all of it is there.

Ends with 0 if nothing was found wrong. The last line counts.
"""
import argparse
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True
import scenarios  # noqa: E402

FAULTS = ["fail:EIO", "fail:ENOSPC", "kill-before", "kill-after", "cut-before", "cut-after"]


class Walk:
    def __init__(self, scenario, name, base, log):
        self.scenario = scenario
        self.name = name
        self.base = base
        self.log = log
        self.runs = 0
        self.complaints = 0
        self.operations = []

    def fault(self, number, what):
        fault = {"FAULTS_UNDER": f"{self.base}/run/top", "FAULTS_KEEP": f"{self.base}/run/keep",
                 "FAULTS_AT": str(number), "FAULTS_DO": what}
        if self.scenario.calls:
            fault["FAULTS_CALLS"] = self.scenario.calls
        return fault

    def fresh(self):
        shutil.rmtree(f"{self.base}/run", ignore_errors=True)
        subprocess.run(["cp", "-a", f"{self.base}/template", f"{self.base}/run"], check=True)
        return f"{self.base}/run/top"

    def count(self):
        os.makedirs(f"{self.base}/template/top")
        os.makedirs(f"{self.base}/template/keep")
        self.scenario.prepare(f"{self.base}/template/top")
        top = self.fresh()
        log = {"FAULTS_LOG": f"{self.base}/operations"}
        done = self.scenario.run(top, {**self.fault(0, ""), **log})
        wrong = self.scenario.wrong(top, done)
        if not done or wrong:
            self.complain("without a fault", wrong or ["it failed"])
        self.operations = [line.split(" ", 2)[1:] for line in open(f"{self.base}/operations", errors="replace")]

    def complain(self, where, wrong):
        self.complaints += 1
        print(f"not right: {self.name}, {where}: " + "; ".join(wrong[:4]), file=self.log)
        self.log.flush()

    def try_one(self, number, what):
        self.runs += 1
        top = self.fresh()
        call, path = self.operations[number - 1] if 0 < number <= len(self.operations) else ("the end", "\n")
        where = f"{what} at {number} ({call} {path.strip().replace(self.base + '/run/top/', '')})"
        done = self.scenario.run(top, self.fault(number, what))
        wrong = self.scenario.wrong(top, done)
        if wrong:
            return self.complain(where, wrong)
        if not self.scenario.again(top):
            with open(f"{self.base}/run/errors", "a+", errors="replace") as errors:
                errors.seek(0)
                said = errors.read().strip().splitlines()[-1:]
            return self.complain(where, ["the same again failed", *said])
        wrong = self.scenario.wrong_at_last(top)
        return self.complain(where, ["and the same again:", *wrong]) if wrong else None

    def all(self, faults, sample, chosen):
        self.count()
        if self.scenario.durable:
            self.try_one(0, "cut-at-end")
        for what in faults:
            if what.startswith("cut") and not self.scenario.durable:
                continue
            numbers = range(1, len(self.operations) + 1)
            if sample and sample < len(numbers):
                # One of each stretch, so that no part of the run is left out.
                numbers = [chosen.randrange(len(numbers) * i // sample, len(numbers) * (i + 1) // sample) + 1
                           for i in range(sample)]
            for number in numbers:
                self.try_one(number, what)


def main():
    here = os.path.dirname(os.path.abspath(__file__))
    binaries = os.environ.get("DCDN_BIN", os.path.join(here, "../../build/bin"))
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("scenarios", nargs="*", metavar="SCENARIO", help="all without one")
    parser.add_argument("--list", action="store_true")
    parser.add_argument("--bin", default=binaries)
    parser.add_argument("--shim", help="default: fault_shim.so beside the programs")
    parser.add_argument("--sample", type=int, default=0, help="operations for each fault; 0: all")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6))
    parser.add_argument("--fault", action="append", choices=FAULTS)
    options = parser.parse_args()
    if options.list:
        print("\n".join(scenarios.ALL))
        return 0
    os.umask(0o022)
    tools = scenarios.Tools(os.path.abspath(options.bin), os.path.abspath(options.shim or f"{options.bin}/fault_shim.so"))
    print(f"seed {options.seed}")
    complaints = 0
    for name in options.scenarios or scenarios.ALL:
        base = os.path.realpath(tempfile.mkdtemp(prefix="dcdn-faults-"))
        began = time.monotonic()
        walk = Walk(scenarios.ALL[name](tools), name, base, sys.stdout)
        try:
            walk.all(options.fault or FAULTS, options.sample, random.Random(f"{options.seed} {name}"))
        finally:
            shutil.rmtree(base, ignore_errors=True)
        complaints += walk.complaints
        print(f"{name}: {len(walk.operations)} operations, {walk.runs} runs, {walk.complaints} not right, "
              f"{time.monotonic() - began:.0f} s", flush=True)
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main())
