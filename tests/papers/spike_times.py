#!/usr/bin/env python3
"""spike_times.py: how near examples/spike_times.snn comes to the wanted spikes, over several seeds (ReSuMe).

    tests/papers/spike_times.py [--snnc PATH] [--seeds N] [--set NAME=VALUE]

The distance of two spike trains is that of van Rossum 2001, with exponentials of 10 ms: 1 / tau times the integral of the
squared difference of the filtered trains; one spike too many or too few counts 1/2.
"""
import sys
from math import exp

import example

TRIAL, PUPILS, TAU = 200, 3, 10.0


def distance(wanted, came):
    def product(a, b):
        return sum(exp(-abs(s - t) / TAU) / 2 for s in a for t in b)
    return product(wanted, wanted) - 2 * product(wanted, came) + product(came, came)


def main():
    given = example.options(__doc__, seeds=5)
    claims = example.Claims()
    for seed in range(given.seeds):
        with example.run(given, "spike_times", seed, given.set) as folder:
            flags = example.numbers(folder, "pupils.wanted")
            spikes = example.npy.load(folder / "pupils.spikes.npy").rows
        steps = len(flags) // PUPILS
        wanted = [[t for t in range(TRIAL) if flags[t * PUPILS + i]] for i in range(PUPILS)]

        def far(trial):
            return sum(distance(wanted[i], [t % TRIAL for t, _, n in spikes if n == i and t // TRIAL == trial])
                       for i in range(PUPILS))
        last = range(steps // TRIAL - 10, steps // TRIAL)
        before, after = far(0), sum(map(far, last)) / len(last)
        claims.check(after < 0.6 and after < 0.2 * before,
                     f"seed {seed}: distance {before:.2f} in the first trial, {after:.2f} in the last ten; "
                     f"{sum(map(len, wanted))} spikes are wanted")
    return claims.end()


if __name__ == "__main__":
    sys.exit(main())
