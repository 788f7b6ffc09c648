#!/usr/bin/env python3
"""run.py: patterns of connections beside their definitions, written out as plain sums.

    tests/patterns/run.py [--snnc PATH] [--engines eval,jit]

Every case draws spikes and small whole numbers as weights, lets snnc run one connection by a pattern, and compares
what each target receives in each step, and what a rule `w += pre.spike * post.spike` leaves, with the sum over pairs
of the definition. All numbers are whole, so they are equal or wrong. Among the cases are those that BindsNET cannot
do or does otherwise: dilation, several channels in one and three dimensions, local windows on what is not square,
pools of one channel with a batch, local connections with a batch.
"""
import argparse
import itertools
import random
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

STEPS = 12

PROGRAM = """
dt = 1 ms ; batch = {batch}
neuron Given() {{ step {{ if input > 500 {{ spike }} }} }}
neuron Sink() {{ state seen = 0 kept on reset ; step {{ seen = input }} }}
rule Together() {{ learns w ; each step {{ w += pre.spike * post.spike }} }}
rule Events() {{ learns w ; on pre {{ w += post.spike }} }}
layer a : Input{source} {{ input file("a.npy") }}
layer sums : Sink{target}
layer b : Given{target} {{ input file("b.npy") }}
connect a -> sums by {by} as forward {{ weight = file("w.npy") }}
connect a -> b by {by} as learned {{ weight = file("w.npy") {{ learn {rule} reduce sum over batch }} }}
record sums.seen
experiment {{
    run {steps} ms
    save learned.weight to "learned.npy"
}}
"""


class Window:
    """Sources [channels, extent ...], targets [out, out_extent ...], and which pairs each weight joins."""
    def __init__(self, channels, extent, out, kernel, stride=None, padding=None, dilation=None):
        n = len(extent)
        self.channels, self.extent, self.out, self.kernel = channels, extent, out, kernel
        self.stride, self.padding, self.dilation = stride or [1] * n, padding or [0] * n, dilation or [1] * n
        self.out_extent = [int((d - (l * (k - 1) + 1) + 2 * p) / s + 1) for d, k, s, p, l in
                           zip(extent, kernel, self.stride, self.padding, self.dilation)]
        self.source, self.target = [channels, *extent], [out, *self.out_extent]

    def pairs(self):
        """(channel, output channel, position number, tap number, source, target)."""
        for position in itertools.product(*map(range, self.out_extent)):
            for tap in itertools.product(*map(range, self.kernel)):
                place = [q * s + t * l - p for q, s, t, l, p in
                         zip(position, self.stride, tap, self.dilation, self.padding)]
                if not all(0 <= x < d for x, d in zip(place, self.extent)):
                    continue
                for c in range(self.channels):
                    for o in range(self.out):
                        yield (c, o, flat(position, self.out_extent), flat(tap, self.kernel),
                               flat([c, *place], self.source), flat([o, *position], self.target))

    def options(self, *names):
        return ", ".join(f"{name} = {getattr(self, name)}" for name in names)


def flat(at, shape):
    index = 0
    for x, n in zip(at, shape):
        index = index * n + x
    return index


def conv(window):
    shape = [window.out, window.channels, *window.kernel]
    taps = prod(window.kernel)
    return shape, [((o * window.channels + c) * taps + tap, i, j) for c, o, _, tap, i, j in window.pairs()]


def local(window):
    taps, positions = prod(window.kernel), prod(window.out_extent)
    rows = window.out * positions
    shape = [window.channels, rows, taps]
    return shape, [((c * rows + o * positions + p) * taps + tap, i, j) for c, o, p, tap, i, j in window.pairs()]


class Case:
    def __init__(self, name, by, source, target, weights, pairs, batch=1, rule="Together", w=None):
        self.name, self.by, self.source, self.target = name, by, source, target
        self.weights, self.pairs, self.batch, self.rule = weights, pairs, batch, rule
        self.w = w


def cases():
    every = ("kernel", "stride", "padding", "dilation")
    for name, window, batch in (
            ("conv1d, three channels", Window(3, [9], 2, [3], [2]), 1),
            ("conv1d, dilation", Window(2, [10], 2, [3], [1], [2], [2]), 2),
            ("conv2d, dilation, stride and padding", Window(2, [7, 6], 3, [2, 3], [2, 1], [1, 2], [2, 2]), 2),
            ("conv3d, two channels, not cubic", Window(2, [4, 3, 5], 2, [2, 1, 3], [1, 2, 2], [1, 0, 1]), 1)):
        shape, pairs = conv(window)
        for rule in ("Together", "Events"):
            yield Case(name + ", " + rule, f"conv({window.options(*every)})", window.source, window.target, shape, pairs,
                       batch, rule)
    for name, window, batch in (("local1d, two channels", Window(2, [8], 2, [3], [2]), 2),
                                ("local2d, not square", Window(1, [4, 7], 2, [2, 3], [1, 2]), 3),
                                ("local3d, two channels", Window(2, [3, 4, 3], 2, [2, 2, 2], [1, 2, 1]), 1)):
        shape, pairs = local(window)
        yield Case(name, f"local({window.options('kernel', 'stride')})", window.source, window.target, shape, pairs, batch)
        yield Case(name + ", flat", f"local({window.options('kernel', 'stride')}, input = {window.extent})",
                   [prod(window.source)], [prod(window.target)], shape, pairs, batch, "Events")
    yield Case("one to one", "one_to_one", [5], [5], [5], [(k, k, k) for k in range(5)], 2)
    random.seed(7)
    matrix = [random.choice([0, 0, 1, 2, -3]) for _ in range(6 * 9)]
    at = [k for k in range(len(matrix)) if matrix[k]]
    for rule in ("Together", "Events"):
        yield Case("sparse, " + rule, 'sparse("w.npy")', [6], [9], [6, 9],
                   [(n, k // 9, k % 9) for n, k in enumerate(at)], 2, rule, matrix)


def draw(shape, values):
    return npy.make(shape, "f4", (float(random.choice(values)) for _ in range(prod(shape))))


def run_case(options, case, engine, folder):
    random.seed(3)
    n, m = prod(case.source), prod(case.target)
    a = npy.make([STEPS, case.batch, n], "u1", (random.choice([0, 0, 1]) for _ in range(STEPS * case.batch * n)))
    b = draw([STEPS, case.batch, m], [0, 0, 1000])
    w = npy.make(case.weights, "f4", map(float, case.w)) if case.w else draw(case.weights, [-2, -1, 1, 2, 3])
    for name, array in (("a", a), ("b", b), ("w", w)):
        npy.save(folder / (name + ".npy"), array)
    (folder / "case.snn").write_text(PROGRAM.format(batch=case.batch, source=case.source, target=case.target, by=case.by,
                                                    rule=case.rule, steps=STEPS), encoding="utf-8")
    done = subprocess.run([options.snnc, "run", "case.snn", "--engine", engine, "--quiet", "--out", "out"], cwd=folder,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    if done.returncode:
        return done.stdout.strip()
    values = [x for x in w.data if x] if case.w else list(w.data)
    seen = npy.load(folder / "out" / "sums.seen.npy").data
    want = [0.0] * len(seen)
    for t in range(1, STEPS):                        # what arrives are the spikes of the step before
        for item in range(case.batch):
            for k, i, j in case.pairs:
                want[(t * case.batch + item) * m + j] += values[k] * a.data[((t - 1) * case.batch + item) * n + i]
    if list(seen) != want:
        at = next(k for k in range(len(want)) if seen[k] != want[k])
        return f"arrived: {seen[at]} instead of {want[at]} at {at}"
    for t in range(STEPS):
        for item in range(case.batch):
            for k, i, j in case.pairs:
                row = t * case.batch + item
                values[k] += a.data[row * n + i] * (b.data[row * m + j] > 0)
    learned = list(npy.load(folder / "out" / "learned.npy").data)
    return None if learned == values else f"learned {learned[:8]} ... instead of {values[:8]} ..."


def pool_cases(options, engine, folder):
    """A pool of one channel with a batch, padding and dilation: running rates, the first of the highest."""
    random.seed(5)
    window, batch, decay = Window(1, [5, 6], 1, [2, 3], [2, 1], [1, 1], [1, 2]), 3, 0.25
    n, m = prod(window.source), prod(window.target)
    a = npy.make([STEPS, batch, n], "u1", (random.choice([0, 0, 1]) for _ in range(STEPS * batch * n)))
    npy.save(folder / "a.npy", a)
    by = f"max_pool({window.options('kernel', 'stride', 'padding', 'dilation')}, decay = {decay})"
    (folder / "case.snn").write_text(f"""
dt = 1 ms ; batch = {batch}
neuron Sink() {{ state seen = 0 kept on reset ; step {{ seen = input }} }}
layer a : Input{window.source} {{ input file("a.npy") }}
layer sums : Sink{window.target}
connect a -> sums by {by}
record sums.seen
experiment {{ run {STEPS} ms }}
""", encoding="utf-8")
    done = subprocess.run([options.snnc, "run", "case.snn", "--engine", engine, "--quiet", "--out", "out"], cwd=folder,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    if done.returncode:
        return done.stdout.strip()
    seen = list(npy.load(folder / "out" / "sums.seen.npy").data)
    windows = {}
    for _, _, _, tap, i, j in window.pairs():
        windows.setdefault(j, []).append((tap, i))
    rate, want = [0.0] * (batch * n), [0.0] * len(seen)
    for t in range(1, STEPS):
        for item in range(batch):
            spikes = a.data[((t - 1) * batch + item) * n:][:n]
            for i in range(n):
                r = rate[item * n + i]
                rate[item * n + i] = r - decay * r + spikes[i]       # exact: decay is a power of two
            for j, taps in windows.items():
                best = max((i for _, i in sorted(taps)), key=lambda i: rate[item * n + i])
                want[(t * batch + item) * m + j] = float(spikes[best])
    return None if seen == want else "the pool lets other spikes pass"


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0].split(": ", 1)[1])
    tool.add_snnc_option(parser)
    parser.add_argument("--engines", default="eval", help="default: %(default)s")
    options = parser.parse_args()
    tool.need_snnc(parser, options)
    wrong = count = 0
    with tempfile.TemporaryDirectory(prefix="snnc-patterns-") as temporary:
        folder = Path(temporary)
        for engine in options.engines.split(","):
            runs = [(case.name, lambda case=case: run_case(options, case, engine, folder)) for case in cases()]
            for name, run in (*runs, ("pool", lambda: pool_cases(options, engine, folder))):
                why = run()
                count += 1
                wrong += why is not None
                if why:
                    print(f"{engine}: {name}: {why}")
    print(f"{count - wrong} of {count} cases are as defined")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
