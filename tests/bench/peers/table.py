#!/usr/bin/env python3
"""Medians and ratios of what compare_peers.sh has measured: lines `round name n ns`.

A ratio is taken within a round, and then its median over rounds: what changes the machine's pace from one round to the
next falls out of it.

Usage: table.py FILE
"""
import platform
import subprocess
import sys
from collections import defaultdict
from statistics import mean, median

PACKAGES = {"ns-3": "libns3-dev", "SystemC": "libsystemc-dev", "SimGrid": "libsimgrid-dev", "SimPy": "python3-simpy3",
            "g++": "g++"}
SIZES = (100, 1_000, 10_000)
NS3 = ("ns3-PriorityQueue", "ns3-Map", "ns3-Heap", "ns3-Calendar")


class Results:
    def __init__(self, lines):
        found = defaultdict(lambda: defaultdict(list))
        for line in lines:
            number, name, n, ns = line.split()
            found[(name, int(n))][int(number)].append(float(ns))
        # What was measured twice in a round counts once, by its mean.
        self.by_round = {key: {number: mean(all_ns) for number, all_ns in rounds.items()}
                         for key, rounds in found.items()}

    def ns(self, name, n):
        return median(self.by_round[(name, n)].values()) if (name, n) in self.by_round else None

    def ratio(self, above, below, n):
        top, bottom = self.by_round[(above, n)], self.by_round[(below, n)]
        return median(top[number] / bottom[number] for number in bottom)

    def best_ratio(self, names, below, n):
        return min(self.ratio(name, below, n) for name in names if (name, n) in self.by_round)

    def rows(self):
        names = []
        for name, _ in self.by_round:
            if name not in names:
                names.append(name)
        return names


def ratios(results):
    """Name and value of each comparison, in the order of the table."""
    ours = "hold/userqsim"
    for n in SIZES + (100_000, 1_000_000):
        yield f"hold/{n}/userqsim-of-bare-heap", results.ratio(ours, "hold/bare-heap", n)
        for peer in ("ns3-PriorityQueue", "ns3-Map", "systemc", "simgrid", "simpy"):
            if (f"hold/{peer}", n) in results.by_round:
                yield f"hold/{n}/{peer}-of-userqsim", results.ratio(f"hold/{peer}", ours, n)
        yield f"hold/{n}/best-ns3-of-userqsim", results.best_ratio([f"hold/{name}" for name in NS3], ours, n)
    yield "mm1/best-ns3-of-userqsim", results.best_ratio([f"mm1/{name}" for name in NS3], "mm1/userqsim", 1)
    for n in SIZES:
        yield f"move/{n}/userqsim-of-hold", results.ratio("move/userqsim", "move/hold", n)
        yield f"move/{n}/userqsim-of-lazy-heap", results.ratio("move/userqsim", "move/lazy-heap", n)


def versions():
    for name, package in PACKAGES.items():
        shown = subprocess.run(["dpkg-query", "-W", "-f", "${Version}", package], capture_output=True, text=True)
        yield f"{name} {shown.stdout or 'unknown'}"


def processor():
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        return next((line.split(":")[1].strip() for line in file if line.startswith("model name")), "unknown")


def table(results, rounds):
    sizes = sorted({n for _, n in results.by_round})
    yield f"CPU nanoseconds an event, medians of {rounds} interleaved rounds; {processor()}, {platform.machine()};"
    yield ", ".join(versions()) + "."
    yield ""
    yield "| | " + " | ".join(f"n = {n:,}" for n in sizes) + " |"
    yield "|---|" + "---|" * len(sizes)
    for name in results.rows():
        if name == "move/hold":
            continue
        cells = (results.ns(name, n) for n in sizes)
        yield f"| {name} | " + " | ".join("" if ns is None else f"{ns:.1f}" if ns < 100 else f"{ns:.0f}"
                                          for ns in cells) + " |"


def main(path):
    with open(path, encoding="utf-8") as file:
        lines = file.read().splitlines()
    results = Results(lines)
    print("\n".join(table(results, len({line.split()[0] for line in lines}))))
    print()
    for name, value in ratios(results):
        print(f"ratio {name} {value:.2f}")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(sys.argv[1])
