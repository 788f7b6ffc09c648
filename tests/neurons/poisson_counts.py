#!/usr/bin/env python3
"""poisson_counts.py: Poisson numbers that every neuron draws in every step, beside their definition (compiler/lower/lower_count.c) written out.

    tests/neurons/poisson_counts.py [--snnc PATH] [--engines eval,jit]

Words are those of Philox4x32-10 (Salmon et al. 2011), worked out here; all numbers of several means, of a batch too, are compared, and
how often each count comes with the distribution (chi squared). More than a hundred of them are decided by a second word.
"""
import argparse
import itertools
import math
import re
import struct
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.dont_write_bytecode = True
sys.path.insert(0, str(HERE.parent / "tools"))

import npy                                           # noqa: E402
import tool                                          # noqa: E402

MEANS, NEURONS, STEPS, SEED, M32, M64 = (1e-20, 1e-12, 0.01, 1.2, 9.99), (129, 411, 13), 200, 3, 2**32 - 1, 2**64 - 1
LEVELS = 65536


def philox(key, counter):
    (k0, k1), (a, b, c, d) = key, counter
    for _ in range(10):
        p, q = a * 0xd2511f53, c * 0xcd9e8d57
        a, b, c, d = q >> 32 ^ b ^ k0, q & M32, p >> 32 ^ d ^ k1, p & M32
        k0, k1 = (k0 + 0x9e3779b9) & M32, (k1 + 0xbb67ae85) & M32
    return a, b, c, d


def splitmix(x):
    x = (x + 0x9e3779b97f4a7c15) & M64
    x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9 & M64
    x = (x ^ x >> 27) * 0x94d049bb133111eb & M64
    return x ^ x >> 31


class Counts:
    """Levels of a mean: those of each count, but for the highest; and what each is short of."""
    def __init__(self, mean):
        mean = struct.unpack("f", struct.pack("f", mean))[0]
        self.p, term, rest = [], math.exp(-mean), 1.0
        while len(self.p) <= mean or term > 2**-50:
            self.p.append(term)
            term *= mean / len(self.p)
        self.count, self.short = [], []
        for k, p in enumerate(self.p):
            own = min(int(LEVELS * p), LEVELS - 1 - len(self.count)) if rest > 1 / 2048 else 0
            rest -= p
            self.count += own * [k]
            self.short.append(LEVELS * p - own)

    def rest(self, word):
        at, sum_ = (word + 0.5) / 2**32 * (LEVELS - len(self.count)), 0
        for k, short in enumerate(self.short):
            sum_ += short
            if at <= sum_:
                return k
        return len(self.short) - 1


def wanted(mean, key, items, neurons):
    """By step, item and neuron; and how many a second word decided."""
    c, out, second, blocks = Counts(mean), [], 0, (neurons + 127) // 128 * 16
    for step in range(STEPS):
        for item in range(items):
            words = [philox(key, (item * blocks + q, 0, step, 0)) for q in range(blocks)]
            for j in range(neurons):
                level = words[j // 128 * 16 + j % 16][j % 128 // 32] >> 16 * (j // 16 % 2) & 0xffff
                if level < len(c.count):
                    out.append(c.count[level])
                else:
                    o = item * blocks * 8 + j
                    second += 1
                    out.append(c.rest(philox(key, (o // 4, 0, step, 1))[o % 4]))
    return out, second


def program(mean, items, neurons):
    return f"""batch = {items} ; seed = {SEED}
neuron Draws() {{ state n = 0 ; step {{ n = poisson({mean}) }} }}
layer x : Draws[{neurons}]
record x.n
experiment {{ run {STEPS} ms }}
"""


def chi_squared(mean, found):
    """Of counts with 20 expected numbers or more, the others together; and the degrees of freedom."""
    p, rest, sum_, free = Counts(mean).p, [0, 0], 0, -1
    for k, q in enumerate(p):
        if q * len(found) < 20:
            rest = [rest[0] + q * len(found), rest[1] + found.count(k)]
            continue
        sum_ += (found.count(k) - q * len(found)) ** 2 / (q * len(found))
        free += 1
    if rest[0] > 1:
        sum_ += (rest[1] - rest[0]) ** 2 / rest[0]
        free += 1
    return sum_, max(free, 1)


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    tool.add_snnc_option(parser)
    parser.add_argument("--engines", default="eval,jit")
    args = parser.parse_args()
    tool.need_snnc(parser, args)
    failed, decided = 0, 0
    with tempfile.TemporaryDirectory() as place:
        path, out = Path(place) / "counts.snn", Path(place) / "out"
        for mean, items, neurons in itertools.product(MEANS, (1, 2), NEURONS):
            path.write_text(program(mean, items, neurons), encoding="utf-8")
            plan = subprocess.run([args.snnc, "emit", "--plan", path], capture_output=True, text=True, check=True).stdout
            site = int(re.search(r"mix64\(seed\[\], (\d+)u64", plan)[1])
            mixed = splitmix(splitmix(splitmix(SEED) ^ site))
            want, second = wanted(mean, (mixed & M32, mixed >> 32), items, neurons)
            decided += second
            for engine, *more in [[e] for e in args.engines.split(",")] + [["eval", "--threads", "2"], ["eval", "--precision", "f64"]]:
                subprocess.run([args.snnc, "run", path, "--engine", engine, *more, "--quiet", "--out", out], check=True)
                found = [int(n) for n in npy.load(out / "x.n.npy").data]
                off, free = chi_squared(mean, found)
                ok = found == want and off < free + 4 * math.sqrt(2 * free)
                failed += not ok
                if not ok:
                    print(f"failed  mean {mean}, {items} items of {neurons}, {engine} {' '.join(more)}: chi squared {off:.1f} of {free}")
    print(f"{failed} failed; {decided} numbers by a second word")
    return failed > 0 or decided < 100


if __name__ == "__main__":
    sys.exit(main())
