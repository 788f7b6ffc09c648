#!/usr/bin/env python3
"""eprop.py: examples/eprop.snn over several seeds, beside networks that do not learn (Bellec et al. 2020).

    tests/papers/eprop.py [--snnc PATH] [--seeds N] [--set NAME=VALUE]

The loss is that of the last epoch, in which the weights stand still. Drawing nothing at all would give the target's own
mean square, 0.98; a network that does not learn draws something else.
"""
import sys

import example


def last_loss(given, seed, settings):
    with example.run(given, "eprop", seed, given.set + settings) as folder:
        return example.numbers(folder, "loss")[-1]


def main():
    given = example.options(__doc__, seeds=5)
    claims = example.Claims()
    for seed in range(given.seeds):
        learned = last_loss(given, seed, [])
        frozen = last_loss(given, seed, ["nu=0", "epochs=1"])
        claims.check(learned < 0.2 and learned < 0.15 * frozen,
                     f"seed {seed}: loss {learned:.3f} after learning, {frozen:.3f} without")
    return claims.end()


if __name__ == "__main__":
    sys.exit(main())
