#!/usr/bin/env python3
"""Hold and M/M/1 on SimPy: n processes, each of which waits for one increment after the other. Lines as those of
userqsim_bench.

Usage: simpy_bench.py hold|mm1 N
"""
import math
import random
import sys
import time

import simpy

MEAN_NS = 1e6


class Hold:
    def __init__(self, n):
        self.env = simpy.Environment()
        self.count = max(60_000, 2 * n)
        self.done = 0
        self.begin = self.end = 0
        self.over = self.env.event()
        self.increments = [-math.log(random.random() or 0.5) * MEAN_NS for _ in range(4096)]
        for _ in range(n):
            self.env.process(self.process())

    def process(self):
        timeout, increments = self.env.timeout, self.increments
        while True:
            yield timeout(increments[self.done & 4095])
            self.done += 1
            if self.done == self.count // 2:
                self.begin = time.process_time_ns()
            elif self.done == self.count // 2 + self.count:
                self.end = time.process_time_ns()
                self.over.succeed()

    def ns_each(self):
        self.env.run(until=self.over)
        return (self.end - self.begin) / self.count


def mm1(count=60_000):
    """At a load of 0.8; an event is an arrival or a departure."""
    env = simpy.Environment()
    server = simpy.Resource(env)

    def customer():
        with server.request() as turn:
            yield turn
            yield env.timeout(random.expovariate(1 / (0.8 * MEAN_NS)))

    def arrivals():
        for _ in range(count // 2):
            yield env.timeout(random.expovariate(1 / MEAN_NS))
            env.process(customer())

    env.process(arrivals())
    begin = time.process_time_ns()
    env.run()
    return (time.process_time_ns() - begin) / count


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    workload, size = sys.argv[1], int(sys.argv[2])
    random.seed(1)
    print(f"{workload}/simpy {size} {mm1() if workload == 'mm1' else Hold(size).ns_each():.2f}")
