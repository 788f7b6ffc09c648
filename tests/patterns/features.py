#!/usr/bin/env python3
"""features.py: what arrives through pipelines of features on every pattern of connections, beside sums written out by hand.

    tests/patterns/features.py [--snnc PATH] [--engines eval,jit] [--cases N] [--seed S] [--keep DIR]

Every case draws a pattern, spikes, and features in any order: weights, biases, masks, drawn survival fed from a file,
delays, features with states of each pair, with the sum of all signals, with states of each target. The reference keeps a
signal for each pair and item. A reset in the middle empties what is on its way and sets states back. Some targets look
back over a window, also on a file: features that act once did so when the signal passed, what is behind them (weights grow
from step to step) acts on it as it is now. Numbers are whole
multiples of powers of two as far as the features let them, and are compared to 1e-9.
"""
import argparse
import random
import subprocess
import sys
import tempfile
from collections import Counter
from math import prod
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.dont_write_bytecode = True
sys.path[:0] = [str(HERE.parent / "tools"), str(HERE)]

import npy                                           # noqa: E402
import tool                                          # noqa: E402
from learning import patterns                        # noqa: E402
from run import Window                               # noqa: E402

STEPS, RESET = 16, 9
AGES = [1, -2, 0, 3]                                 # what the input of each age counts, where targets look back

PROGRAM = """
dt = 1 ms ; batch = {batch}
neuron Sink() {{ state seen = 0 kept on reset ; step {{ seen = {seen} }} }}
rule Grow() {{ learns w ; each step {{ w += 0.125 }} }}
feature fade(value) {{ state level = 0.5 ; level = level * 0.5 + signal ; signal = level * value }}
feature tire(value) {{ state left = value ; if signal != 0 {{ left = left * 0.5 }} ; signal *= left }}
feature share(value) {{ signal += value * sum(signal) }}
feature echo(value, size = 3) {{
    state past[size] ; state at = 0
    signal += value * past[at]
    past[at] = signal
    at += 1
}}
feature slow(value of post) {{ state level = 1 ; level = level * 0.5 + signal ; signal += level * value }}
layer a : Input{source} {{ input file("a.npy") }}
layer sums : Sink{target}{drive}
connect a -> sums {by} as c {{{lines}
}}
{draws}
record sums.seen
experiment {{ run {first} ms ; reset ; run {rest} ms }}
"""


class Case:
    pass


def more_patterns():
    yield from patterns()
    for per_item in ("false", "true"):
        yield "mean_" + per_item, f"by mean_field(per_item = {per_item})", [4], [3], [3], [(j, None, j) for j in range(3)]
    w = Window(2, [4, 5], 2, [2, 3], [2, 1], [1, 1], [1, 1])
    w.out = 2
    pairs = [(o * prod(w.out_extent) + p, None, o * prod(w.out_extent) + p) for o in range(2) for p in range(prod(w.out_extent))]
    yield ("pool", f"by max_pool({w.options('kernel', 'stride', 'padding')}, decay = 0.25)", w.source, [2, *w.out_extent],
           [len(pairs)], pairs), w


# ---- features: a function of (pair, item, signals of all) for each step ---------------------------------------------

class Feature:
    """begin() sets states; step(signals) maps signals[item][pair] of this step to those that leave."""
    of_post, once, grows, dtype = False, False, False, "f8"

    def __init__(self, case, name):
        self.case, self.name = case, name
        self.value = self.draw()
        shape = case.shape if not self.of_post else [case.out] if case.kind == "conv" else [prod(case.target)]
        self.v = [self.value() for _ in range(prod(shape))]
        case.files[name] = npy.make(shape, self.dtype, map({"b1": int}.get(self.dtype, float), self.v))
        self.begin()

    def draw(self):
        return lambda: random.randint(-8, 8) / 8

    def text(self):
        return f'{self.name} : {type(self).__name__.lower()} = file("{self.name}.npy"){self.tail()}'

    def tail(self):
        return " { learn Grow }" if self.grows else ""

    def at(self, pair):
        k = self.case.pairs[pair][0]
        return self.v[k] + (0.125 * self.case.t * self.pairs[k] if self.grows else 0)

    def begin(self):
        pass

    def fresh(self, make):
        return [[make(p) for p in range(len(self.case.pairs))] for _ in range(self.case.batch)]


class Weight(Feature):
    def __init__(self, case, name):
        self.grows = case.looks_back and case.pairs[0][1] is not None and random.random() < 0.6
        self.pairs = Counter(k for k, _, _ in case.pairs)        # a value changes by all that share it
        super().__init__(case, name)

    def step(self, signals):
        return [[s * self.at(p) for p, s in enumerate(row)] for row in signals]


class Bias(Feature):
    def step(self, signals):
        return [[s + self.at(p) for p, s in enumerate(row)] for row in signals]


class Mask(Feature):
    dtype = "b1"

    def draw(self):
        return lambda: float(random.random() < 0.7)

    def step(self, signals):
        return [[s if self.at(p) else 0.0 for p, s in enumerate(row)] for row in signals]


class Probability(Feature):
    """Fed: passes where the number of this pair in this step is below the value; the same for all items."""
    def __init__(self, case, name):
        super().__init__(case, name)
        n, m = prod(case.source), prod(case.target)
        if case.pairs[0][1] is None:                 # pools and means have one signal for each target
            n = 1
        self.fed = [[random.random() for _ in range(n * m)] for _ in range(STEPS)]
        case.files[name + "_u"] = npy.make([STEPS] + [n] * (n > 1) + [m], "f8", [x for row in self.fed for x in row])
        case.draws.append(f'draws c.{name}.pass from "{name}_u.npy"')

    def draw(self):
        return lambda: random.choice([0.25, 0.5, 0.75, 1.0])

    def step(self, signals):
        m, row = prod(self.case.target), self.fed[self.case.t]
        return [[s if row[(self.case.pairs[p][1] or 0) * m + self.case.pairs[p][2]] < self.at(p) else 0.0 for p, s in enumerate(item)]
                for item in signals]


class Delay(Feature):
    once = True

    def draw(self):
        return lambda: float(random.randint(1, 5))

    def tail(self):
        return " { range [1 ms, 5 ms] }"

    def begin(self):
        self.way = [self.fresh(lambda p: 0.0) for _ in range(5)]

    def step(self, signals):
        for item, row in enumerate(signals):
            for p, s in enumerate(row):
                self.way[int(self.at(p)) - 1][item][p] += s
        now = self.way.pop(0)
        self.way.append(self.fresh(lambda p: 0.0))
        return now


class Fade(Feature):
    once = True

    def begin(self):
        self.level = self.fresh(lambda p: 0.5)

    def step(self, signals):
        self.level = [[x * 0.5 + s for x, s in zip(old, row)] for old, row in zip(self.level, signals)]
        return [[x * self.at(p) for p, x in enumerate(row)] for row in self.level]


class Tire(Feature):
    once = True

    def begin(self):
        self.left = self.fresh(self.at)

    def step(self, signals):
        self.left = [[x * 0.5 if s else x for x, s in zip(old, row)] for old, row in zip(self.left, signals)]
        return [[s * x for s, x in zip(row, left)] for row, left in zip(signals, self.left)]


class Share(Feature):
    once = True

    def draw(self):
        return lambda: random.randint(-2, 2) / 64

    def step(self, signals):
        total = sum(map(sum, signals))
        return [[s + self.at(p) * total for p, s in enumerate(row)] for row in signals]


class Mean_Field(Feature):
    once = True

    def step(self, signals):
        mean = sum(map(sum, signals)) / (len(self.case.pairs) * self.case.batch)
        return [[mean * self.at(p) for p in range(len(row))] for row in signals]


class Echo(Feature):
    once = True

    def begin(self):
        self.past = [self.fresh(lambda p: 0.0) for _ in range(3)]

    def step(self, signals):
        last = self.past.pop(0)
        out = [[s + self.at(p) * x for p, (s, x) in enumerate(zip(row, old))] for row, old in zip(signals, last)]
        self.past.append(out)
        return out


class Slow(Feature):
    """Of targets: sums[item][target]."""
    of_post = once = True

    def begin(self):
        self.level = [[1.0] * prod(self.case.target) for _ in range(self.case.batch)]

    def place(self, j):
        return self.v[j // (prod(self.case.target) // self.case.out) if self.case.kind == "conv" else j]

    def step(self, sums):
        self.level = [[x * 0.5 + s for x, s in zip(old, row)] for old, row in zip(self.level, sums)]
        return [[s + x * self.place(j) for j, (s, x) in enumerate(zip(row, level))] for row, level in zip(sums, self.level)]


class Offset(Slow):
    once = False

    def step(self, sums):
        return [[s + self.place(j) for j, s in enumerate(row)] for row in sums]


# ---- cases ----------------------------------------------------------------------------------------------------------

def make_case(number):
    case = Case()
    chosen = random.choice(list(more_patterns()))
    case.window = None
    if isinstance(chosen[0], tuple):
        chosen, case.window = chosen
    case.kind, case.by, case.source, case.target, case.shape, case.pairs = chosen
    case.out = case.target[0]
    case.batch, case.files, case.draws, case.t = random.choice([1, 1, 2, 3]), {}, [], 0
    case.looks_back = random.random() < 0.3
    if case.kind == "sparse":
        entries = [0.0] * prod(case.source + case.target)
        for _, i, j in case.pairs:
            entries[i * prod(case.target) + j] = 1
        case.files["synapses"] = npy.make([5, 4], "f4", entries)
    if case.kind == "edges":
        case.files["synapses"] = npy.make([len(case.pairs), 2], "i4", [x for _, i, j in case.pairs for x in (i, j)])
    kinds = [Weight, Weight, Bias, Mask, Probability, Fade, Tire, Share, Mean_Field, Echo, Delay]
    chosen, case.features = [], []
    for _ in range(random.randint(1, 4)):
        kind = random.choice(kinds)
        if kind is not Delay or Delay not in chosen:
            chosen.append(kind)
    chosen += random.choice([[], [], [Offset], [Slow], [Slow, Offset]])
    for k, kind in enumerate(chosen):
        case.features.append(kind(case, f"f{k}"))
    n = prod(case.source)
    case.a = [[[float(random.choice([0, 0, 1])) for _ in range(n)] for _ in range(case.batch)] for _ in range(STEPS)]
    case.files["a"] = npy.make([STEPS, case.batch, n], "u1", [int(x) for step in case.a for item in step for x in item])
    lines = "".join("\n    " + f.text() for f in case.features)
    case.drive, drive = [[[0.0] * prod(case.target) for _ in range(case.batch)] for _ in range(STEPS)], ""
    if random.random() < 0.3:
        case.drive = [[[float(random.randint(-3, 3)) for _ in row] for row in step] for step in case.drive]
        case.files["drive"] = npy.make([STEPS, case.batch, prod(case.target)], "f4", [x for step in case.drive for row in step for x in row])
        drive = ' { input file("drive.npy") }'
    case.text = PROGRAM.format(drive=drive, seen=" + ".join(f"({x}) * input[{k}]" for k, x in enumerate(AGES)) if case.looks_back else "input",batch=case.batch, source=case.source, target=case.target, by=case.by, lines=lines,
                               draws="\n".join(case.draws), first=RESET, rest=STEPS - RESET)
    case.name = f"{case.kind}{', looking back' * case.looks_back}, {' '.join(type(f).__name__ for f in case.features)}"
    return case


def pool_signals(case, before):
    windows = {}
    for _, _, _, tap, i, j in case.window.pairs():
        o = j // prod(case.window.out_extent)
        if i // prod(case.window.extent) == o:       # a pool keeps to its channel
            windows.setdefault(j, []).append((tap, i))
    out = []
    for item in range(case.batch):
        rate = case.rate[item]
        for i, s in enumerate(before[item]):
            rate[i] = rate[i] - 0.25 * rate[i] + s
        best = {j: max((i for _, i in sorted(taps)), key=lambda i: rate[i]) for j, taps in windows.items()}
        out.append([before[item][best[j]] if j in best else 0.0 for _, _, j in case.pairs])
    return out


def pass_all(case, features, at):
    """at: (signals of pairs, None), or (None, sums of targets)."""
    signals, sums = at
    for f in features:
        if f.of_post and sums is None:
            sums = add_up(case, signals)
        signals, sums = (signals, f.step(sums)) if f.of_post else (f.step(signals), None)
    return signals, sums


def add_up(case, signals):
    sums = [[0.0] * prod(case.target) for _ in range(case.batch)]
    for item, row in enumerate(signals):
        for (_, _, j), s in zip(case.pairs, row):
            sums[item][j] += s
    return sums


def plus(a, b, factor=1.0):
    return [[x + factor * y for x, y in zip(p, q)] for p, q in zip(a, b)]


def arrives(case, signals):
    signals, sums = pass_all(case, case.features, (signals, None))
    return plus(add_up(case, signals) if sums is None else sums, case.drive[case.t])


def look_back(case, signals, past):
    """Weighted inputs of all ages; past: what left the features that act once, step by step, and the row of the file."""
    once = max([k + 1 for k, f in enumerate(case.features) if f.once], default=0)
    past.append((*pass_all(case, case.features[:once], (signals, None)), case.drive[case.t]))
    total = [[0.0] * prod(case.target) for _ in range(case.batch)]
    for age, factor in enumerate(AGES):
        if age < len(past):
            signals, sums, drive = past[-1 - age]
        else:                                        # nothing was there yet
            nothing = lambda rows: rows and [[0.0] * len(row) for row in rows]
            signals, sums, drive = nothing(past[0][0]), nothing(past[0][1]), nothing(past[0][2])
        signals, sums = pass_all(case, case.features[once:], (signals, sums))
        total = plus(total, plus(add_up(case, signals) if sums is None else sums, drive), factor)
    return total


def simulate(case):
    seen, past = [], []
    silence = [[0.0] * prod(case.source) for _ in range(case.batch)]
    before, case.rate = silence, [[0.0] * prod(case.source) for _ in range(case.batch)]
    for case.t in range(STEPS):
        if case.t == RESET:
            before, case.rate = silence, [[0.0] * prod(case.source) for _ in range(case.batch)]
            for f in case.features:
                f.begin()
        if case.kind == "pool":
            signals = pool_signals(case, before)
        elif case.kind.startswith("mean"):
            each = [sum(row) / len(row) for row in before]
            if case.kind == "mean_false":
                each = [sum(each) / len(each)] * len(each)
            signals = [[x] * len(case.pairs) for x in each]
        else:
            signals = [[row[i] for _, i, _ in case.pairs] for row in before]
        sums = arrives(case, signals) if not case.looks_back else look_back(case, signals, past)
        seen += [x for row in sums for x in row]
        before = case.a[case.t]
    return seen


def run_case(options, case, engine, folder):
    for name, array in case.files.items():
        npy.save(folder / (name + ".npy"), array)
    (folder / "case.snn").write_text(case.text, encoding="utf-8")
    done = subprocess.run([options.snnc, "run", "case.snn", "--engine", engine, "--precision", "f64", "--quiet", "--out", "out"],
                          cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    return done.stdout.strip() if done.returncode else list(npy.load(folder / "out" / "sums.seen.npy").data)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0].split(": ", 1)[1])
    tool.add_snnc_option(parser)
    parser.add_argument("--engines", default="eval", help="default: %(default)s")
    parser.add_argument("--cases", type=int, default=60, help="default: %(default)s")
    parser.add_argument("--seed", type=int, default=1, help="default: %(default)s")
    parser.add_argument("--only", type=int, help="this case alone")
    parser.add_argument("--keep", type=Path, help="leave the programs here")
    options = parser.parse_args()
    tool.need_snnc(parser, options)
    wrong = count = moved = 0
    with tempfile.TemporaryDirectory(prefix="snnc-features-") as temporary:
        for number in range(options.cases):
            if options.only not in (None, number):
                continue
            random.seed(f"{options.seed} {number}")
            case = make_case(number)
            folder = (options.keep or Path(temporary)) / str(number)
            folder.mkdir(parents=True, exist_ok=True)
            got = {engine: run_case(options, case, engine, folder) for engine in options.engines.split(",")}
            want = simulate(case)
            moved += len(set(want)) > 2
            for engine, have in got.items():
                count += 1
                why = have if isinstance(have, str) else None
                if not why:
                    far = [k for k in range(len(want)) if abs(have[k] - want[k]) > 1e-9 * (1 + abs(want[k]))]
                    why = f"{have[far[0]]} instead of {want[far[0]]} at {far[0]} of {len(want)}; {len(far)} differ" if far else None
                if why:
                    wrong += 1
                    print(f"{engine}: {case.name} (--seed {options.seed} --only {number}): {why}")
    print(f"{count - wrong} of {count} runs bring what is defined; {moved} cases bring something")
    return 1 if wrong or moved < options.cases * 0.7 and options.only is None else 0


if __name__ == "__main__":
    sys.exit(main())
