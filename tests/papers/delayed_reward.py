#!/usr/bin/env python3
"""delayed_reward.py: examples/delayed_reward.snn over several seeds, with and without reward.

    tests/papers/delayed_reward.py [--snnc PATH] [--seeds N] [--set NAME=VALUE]

Chance is the two-sided binomial interval of one in ten thousand around one half, for each seed and for all of them
together; the tests run with frozen weights, in an order not seen before.
"""
import sys
from math import comb

import example


def chance(n, level=1e-4):
    """The counts lo .. hi of n that fair coins leave with probability `level` only."""
    below, lo = 0.0, 0
    while below + comb(n, lo) / 2 ** n < level / 2:
        below += comb(n, lo) / 2 ** n
        lo += 1
    return lo, n - lo


def trials(given, seed, settings):
    with example.run(given, "delayed_reward", seed, given.set + settings) as folder:
        return example.numbers(folder, "correct")


def main():
    given = example.options(__doc__, seeds=10)
    claims = example.Claims()
    right = total = 0
    print("correct trials of the test")
    for seed in range(given.seeds):
        with_reward, without = trials(given, seed, []), trials(given, seed, ["rewarded=0"])
        n = len(without)
        lo, hi = chance(n)
        claims.check(sum(with_reward) >= 0.9 * len(with_reward) and lo <= sum(without) <= hi,
                     f"seed {seed}: {100 * sum(with_reward) / len(with_reward):.0f} % with reward, at least 90; "
                     f"{100 * sum(without) / n:.0f} % without, within {100 * lo / n:.0f} .. {100 * hi / n:.0f}")
        if seed < 2:
            forgetful = trials(given, seed, ["tau_e=25"])
            claims.check(lo <= sum(forgetful) <= hi, f"seed {seed}: {100 * sum(forgetful) / n:.0f} % if synapses remember for 25 ms only")
        right, total = right + int(sum(without)), total + n
    lo, hi = chance(total)
    claims.check(lo <= right <= hi, f"all seeds: {100 * right / total:.1f} % without reward, "
                 f"within {100 * lo / total:.1f} .. {100 * hi / total:.1f}")
    return claims.end()


if __name__ == "__main__":
    sys.exit(main())
