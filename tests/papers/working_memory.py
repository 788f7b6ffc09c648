#!/usr/bin/env python3
"""working_memory.py: examples/working_memory.snn over several seeds, beside networks that lack adaptation or do not learn.

    tests/papers/working_memory.py [--snnc PATH] [--seeds N] [--set NAME=VALUE]
"""
import sys

import example

TESTS, TRIAL, DELAY = 100, 700, range(150, 600)


def tested(given, seed, settings):
    """Correct answers of the test, and spikes of the delay after its first 50 ms."""
    with example.run(given, "working_memory", seed, given.set + settings + [f"tests={TESTS}"]) as folder:
        correct = example.numbers(folder, "correct")
        spikes = example.npy.load(folder / "hidden.spikes.npy").rows
    begin = (len(correct) - TESTS) * TRIAL
    return sum(correct[-TESTS:]) / TESTS, sum(row[0] >= begin and row[0] % TRIAL in DELAY for row in spikes)


def main():
    given = example.options(__doc__, seeds=5)
    claims = example.Claims()
    fixed, idle, silent = [], [], []
    for seed in range(given.seeds):
        share, between = tested(given, seed, [])
        claims.check(share >= 0.95, f"seed {seed}: {100 * share:.0f} % correct, at least 95; {between} spikes in {TESTS} delays")
        silent.append(between)
        fixed.append(tested(given, seed, ["beta=0"])[0])
        idle.append(tested(given, seed, ["nu=0"])[0])
    for name, shares in (("with fixed thresholds", fixed), ("without learning", idle)):
        mean = sum(shares) / len(shares)
        claims.check(mean < 0.7, f"{name}: {100 * mean:.0f} % correct in the mean of all seeds "
                     f"({', '.join(f'{100 * share:.0f}' for share in shares)}), less than 70")
    claims.check(max(silent) < TESTS, "during the delay there is less than one spike a trial")
    return claims.end()


if __name__ == "__main__":
    sys.exit(main())
