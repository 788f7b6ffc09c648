#!/usr/bin/env python3
"""memory.py: patterns keep what they are made of; nothing is unrolled into a matrix [pre, post].

    tests/patterns/memory.py [--snnc PATH]

Reads the buffers of the plan: all that belongs to a connection must be as large as its values, its pairs of neurons where a
rule or a feature remembers each of them, or its layers; never as large as all pairs of both layers.
"""
import argparse
import re
import subprocess
import sys
import tempfile
from math import prod
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.dont_write_bytecode = True
sys.path.insert(0, str(HERE.parent / "tools"))

import npy                                           # noqa: E402
import tool                                          # noqa: E402

BUFFER = re.compile(r"^buffer c\.(\S+): \w+ \[(.*?)\]", re.M)

PROGRAM = """
signal reward = 0
layer a : Poisson{source}(rate = 50 Hz)
layer b : LIF{target}
connect a -> b by {by} as c {{ {features} }}
experiment {{ run 10 ms }}
"""

IMAGE, MAPS = [1, 28, 28], [16, 24, 24]              # 784 to 9216 neurons: 7 225 344 pairs, 230 400 of them connected
VALUES, PAIRS = 16 * 25, 16 * 25 * 576
CONV = "conv(kernel = 5)"
CASES = (
    (CONV, "weight = uniform(0, 1)", VALUES),
    (CONV, "weight = uniform(0, 1) { range [0, 1] ; norm 1 per kernel each run ; learn PostPre }", VALUES),
    (CONV, "weight = uniform(0, 1) { keep sign ; decay 0.1 ; learn PostPre average over 4 steps }", 4 * VALUES),
    (CONV, "weight = 1 { learn MSTDP(reward = reward) }", PAIRS),
    (CONV, "weight = 1 ; delay = 5 ms", 5 * prod(MAPS)),
    (CONV, "delay = uniform(1 ms, 3 ms) ; weight = 1", 3 * PAIRS),
    ("local(kernel = 5)", "weight = uniform(0, 1) { learn PostPre }", 25 * prod(MAPS)),
    ('edges("edges.npy")', "weight = 1 { learn MSTDPET(reward = reward) } ; delay = 2 ms", 2 * prod(MAPS)),
)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0].split(": ", 1)[1])
    tool.add_snnc_option(parser)
    options = parser.parse_args()
    tool.need_snnc(parser, options)
    wrong = 0
    with tempfile.TemporaryDirectory(prefix="snnc-memory-") as temporary:
        folder = Path(temporary)
        npy.save(folder / "edges.npy", npy.make([500, 2], "i4", [x for k in range(500) for x in (k, 17 * k)]))
        for by, features, most in CASES:
            (folder / "case.snn").write_text(PROGRAM.format(source=IMAGE, target=MAPS, by=by, features=features), encoding="utf-8")
            done = subprocess.run([options.snnc, "emit", "--plan", "case.snn"], cwd=folder, stdout=subprocess.PIPE,
                                  stderr=subprocess.STDOUT, text=True, check=False)
            sizes = {name: prod(int(axis.split()[-1]) for axis in axes.split(",") if axis.strip())
                     for name, axes in BUFFER.findall(done.stdout)}
            large = {name: n for name, n in sizes.items() if n > most}
            if done.returncode or not sizes or large:
                wrong += 1
                print(f"{by}, {features}: {large or done.stdout[:500]}, {most} are enough")
    print(f"{len(CASES) - wrong} of {len(CASES)} connections keep no more than they are made of")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
