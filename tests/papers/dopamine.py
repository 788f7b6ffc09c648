#!/usr/bin/env python3
"""dopamine.py: examples/dopamine.snn over several seeds (Izhikevich 2007, figure 1).

    tests/papers/dopamine.py [--snnc PATH] [--seeds N] [--set NAME=VALUE]
"""
import sys

import example

NEURONS, BOUND = 40, 6


def main():
    given = example.options(__doc__, seeds=3)
    claims = example.Claims()
    print(f"weights of {NEURONS * (NEURONS - 1)} synapses, between 0 and {BOUND}, at the end")
    for seed in range(given.seeds):
        with example.run(given, "dopamine", seed, given.set) as folder:
            weights = example.numbers(folder, "weights")
        others = [w for k, w in enumerate(weights) if k != 1 and k // NEURONS != k % NEURONS]
        claims.check(weights[1] > 5 and max(others) < 4,
                     f"seed {seed}: from 0 to 1 {weights[1]:.2f}; of the others the mean {sum(others) / len(others):.2f}, "
                     f"the largest {max(others):.2f}")
    return claims.end()


if __name__ == "__main__":
    sys.exit(main())
