#!/usr/bin/env python3
"""learning.py: what rules leave on every pattern of connections, beside a simulation written out pair by pair.

    tests/patterns/learning.py [--snnc PATH] [--engines eval,jit] [--cases N] [--seed S] [--keep DIR]

Every case draws a pattern, spikes of both layers, a rule, how its changes are reduced and averaged, rates and bounds (one
number, or one for each source, target or value), a norm, a decay, kept signs and a mask of zeros; rules with reductions
over pre neurons, post neurons and items; and values of targets, which change with each target (or, where that differs
between them, each pair) that has them. The reference goes over
the pairs of neurons that each value joins: a value that many pairs share changes by the sum over them, each as if it were a
synapse, separately for each item of the batch. Numbers are doubles; sums may come in another order, so they are compared
to 1e-9. Where BindsNET's own rules are wrong (its convolutional MSTDP mixes output channels, its MSTDPET never learns on
windows, both take a batch of one, its rules for one and three dimensions scramble channels) this is what is right.
"""
import argparse
import math
import random
import subprocess
import sys
import tempfile
from math import prod
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.dont_write_bytecode = True
sys.path[:0] = [str(HERE.parent / "tools"), str(HERE)]

import npy                                           # noqa: E402
import tool                                          # noqa: E402
from run import Window, conv, local                  # noqa: E402

STEPS = 14

PROGRAM = """
dt = 1 ms ; batch = {batch}
neuron Given() {{ step {{ if input > 1e9 {{ spike }} }} }}
neuron Sink() {{ state seen = 0 kept on reset ; step {{ seen = input }} }}
{signal}
{rule}
layer a : Input{source} {{ input file("a.npy") }}
layer b : Given{target} {{ input file("b.npy") }}
layer sums : Sink{target}
connect a -> b {by} as learned {{
    {value} = file("w.npy") {{{lines}
    }}
}}
connect a -> sums {by} as unused {{ weight = 0 }}
experiment {{
{experiment}
    save learned.{name} to "learned.npy"
}}
"""


# ---- patterns: shape of the values, and (value, source, target) of every pair ---------------------------------------

def dense(n, m):
    return [n, m], [(i * m + j, i, j) for i in range(n) for j in range(m)]


def patterns():
    windows = [Window(3, [7], 2, [3], [2]), Window(2, [6], 2, [2], [1], [1], [2]),
               Window(2, [4, 5], 2, [2, 3], [1, 2], [1, 0]), Window(2, [3, 2, 3], 2, [2, 1, 2])]
    for w in windows:
        shape, pairs = conv(w)
        yield "conv", f"by conv({w.options('kernel', 'stride', 'padding', 'dilation')})", w.source, w.target, shape, pairs
    for w in (Window(2, [7], 2, [3], [2]), Window(2, [4, 3], 2, [2, 2], [2, 1]), Window(1, [3, 2, 3], 3, [2, 1, 2])):
        shape, pairs = local(w)
        yield "local", f"by local({w.options('kernel', 'stride')})", w.source, w.target, shape, pairs
    yield "one_to_one", "by one_to_one", [2, 3], [2, 3], [6], [(k, k, k) for k in range(6)]
    yield "all", "", [2, 2], [5], *dense(4, 5)
    for name in ("sparse", "edges"):
        ends = sorted(random.sample([(i, j) for i in range(5) for j in range(4)], 9))
        yield name, f'by {name}("synapses.npy")', [5], [4], [9], [(k, i, j) for k, (i, j) in enumerate(ends)]


class Case:
    pass


def rounded(low, high):
    return random.randint(int(low * 16), int(high * 16)) / 16


def of_each(case, name, draw):
    """A number, or one for each source, target or value: its text, and a function of (value, source, target)."""
    n, m = prod(case.source), prod(case.target)
    kinds = ["number", "value"] + ([] if case.kind == "conv" or case.of_post else ["target"])
    if n != m and not case.of_post and case.kind in ("all", "sparse", "edges"):
        kinds.append("source")
    kind = random.choice(kinds)
    if kind == "number":
        v = draw()
        return repr(v), lambda k, i, j: v
    shape = {"value": case.shape, "source": [n], "target": [m]}[kind]
    v = [draw() for _ in range(prod(shape))]
    if kind == "value" and not case.of_post and case.kind in ("sparse", "edges") and random.random() < 0.5:
        shape, matrix = [n, m], [0.5] * (n * m)      # a matrix will do as well
        for k, i, j in case.pairs:
            matrix[i * m + j] = v[k]
        case.files[name] = npy.make(shape, "f8", matrix)
    elif len(shape) == 1 and random.random() < 0.5:
        at = {"value": 0, "source": 1, "target": 2}[kind]
        return "[" + ", ".join(map(repr, v)) + "]", lambda *pair: v[pair[at]]
    else:
        case.files[name] = npy.make(shape, "f8", v)
    at = {"value": 0, "source": 1, "target": 2}[kind]
    return f'file("{name}.npy")', lambda *pair: v[pair[at]]


# ---- rules: their statements, run over pairs ------------------------------------------------------------------------

class Rule:
    """Spikes and traces of the step are in `case`; changes(item, pair) gives one change for each statement."""
    signs, own, of_post = (1,), "", False

    def __init__(self, case):
        self.case = case

    def before(self):
        pass

    def after(self, item):
        pass


class PostPre(Rule):
    signs = (-1, 1)                                  # `w -=`: what is taken off is reduced, then taken off

    def __init__(self, case):
        super().__init__(case)
        pre, self.pre = of_each(case, "nu_pre", lambda: rounded(0, 0.5))
        post, self.post = of_each(case, "nu_post", lambda: rounded(0, 0.5))
        self.text = f"{type(self).__name__}(nu = (pre: {pre}, post: {post}), tau_pre = 10 ms)"
        case.traces = (10, 20)

    def changes(self, item, k, i, j):
        c = self.case
        return (self.pre(k, i, j) * c.y[item][j] * c.pre[item][i],
                self.post(k, i, j) * c.x[item][i] * c.post[item][j])


class Hebbian(PostPre):
    signs = (1, 1)


class WeightDependentPostPre(Rule):
    def __init__(self, case):
        super().__init__(case)
        low, self.low = of_each(case, "low", lambda: rounded(-3, -2))
        high, self.high = of_each(case, "high", lambda: rounded(3, 4))
        self.text = (f"WeightDependentPostPre(low = {low}, high = {high}, nu = (pre: 0.25, post: 0.125), "
                     "tau_pre = 10 ms, tau_post = 30 ms)")
        case.traces = (10, 30)

    def changes(self, item, k, i, j):
        c = self.case
        w = c.w[k]
        return (0.125 * c.x[item][i] * c.post[item][j] * (self.high(k, i, j) - w)
                - 0.25 * c.pre[item][i] * c.y[item][j] * (w - self.low(k, i, j)),)


class MSTDP(Rule):
    name, trace = "MSTDP", None

    def __init__(self, case):
        super().__init__(case)
        nu, self.nu = of_each(case, "nu", lambda: rounded(0, 1))
        more = "" if self.trace is None else f", tau_e = {self.trace} ms"
        self.text = f"{self.name}(reward = reward, nu = {nu}, tau_plus = 15 ms, a_minus = -0.5{more})"
        case.signal = "signal reward = 0"
        zeros = range(case.batch)
        self.plus, self.minus = [[0.0] * prod(case.source) for _ in zeros], [[0.0] * prod(case.target) for _ in zeros]
        self.e = [[0.0] * len(case.pairs) for _ in zeros]
        self.t = [[0.0] * len(case.pairs) for _ in zeros]

    def changes(self, item, k, i, j):
        at = self.case.at
        if self.trace is None:
            return (self.nu(k, i, j) * (self.case.reward * self.e[item][at]),)
        self.t[item][at] = self.t[item][at] * math.exp(-1 / self.trace) + self.e[item][at] / self.trace
        return (self.nu(k, i, j) * self.case.reward * self.t[item][at],)

    def after(self, item):
        c = self.case
        pre, post = c.pre[item], c.post[item]
        self.plus[item] = [p * math.exp(-1 / 15) + s for p, s in zip(self.plus[item], pre)]
        self.minus[item] = [p * math.exp(-1 / 20) - 0.5 * s for p, s in zip(self.minus[item], post)]
        self.e[item] = [self.plus[item][i] * post[j] + pre[i] * self.minus[item][j] for _, i, j in c.pairs]


class MSTDPET(MSTDP):
    name, trace = "MSTDPET", 8


class Gathers(Rule):
    """w changes by reductions of what belongs to synapses."""
    WHAT = {"w": lambda w, pre, post: w, "abs(w)": lambda w, pre, post: abs(w), "w * pre.spike": lambda w, pre, post: w * pre,
            "post.spike - w": lambda w, pre, post: post - w, "pre.spike * post.spike": lambda w, pre, post: pre * post,
            "w * pre.spike - post.spike": lambda w, pre, post: w * pre - post}
    HOW = {"sum": sum, "mean": lambda v: sum(v) / len(v), "max": max, "min": min}
    SIDES = {"1": lambda pre, post: 1, "post.spike": lambda pre, post: post, "(1 - pre.spike)": lambda pre, post: 1 - pre}

    def __init__(self, case):
        super().__init__(case)
        self.terms, text = [], []
        for _ in range(random.randint(1, 3)):
            over = random.sample(["pre", "post", "batch"], random.randint(1, 3))
            factor, side, how, what = rounded(-2, 2) / 256, *(random.choice(list(x)) for x in (self.SIDES, self.HOW, self.WHAT))
            self.terms.append((factor, self.SIDES[side], self.HOW[how], self.WHAT[what], over))
            text.append(f"({factor}) * {side} * {how}({what} over {', '.join(over)})")
        self.own = f"rule Gathers() {{ learns w ; {random.choice(['each step', 'each step', 'on post'])} {{ w += {' + '.join(text)} }} }}"
        self.at_spikes = "on post" in self.own
        self.text = "Gathers"

    @staticmethod
    def key(over, at, item, pair):
        # Two pairs of the same neurons are one synapse seen by other windows: a result is one for each (value, pair).
        _, i, j = pair
        neurons = ("pre" in over, "post" in over)
        return (None if "batch" in over else item,
                {(False, False): at, (True, False): ("post", j), (False, True): ("pre", i), (True, True): None}[neurons])

    def before(self):
        c, self.found = self.case, []
        for _, _, how, what, over in self.terms:
            lists = {}
            for item in range(c.batch):
                for at, (k, i, j) in enumerate(c.pairs):
                    lists.setdefault(self.key(over, at, item, (k, i, j)), []).append(what(c.w[k], c.pre[item][i], c.post[item][j]))
            self.found.append({key: how(values) for key, values in lists.items()})

    def changes(self, item, k, i, j):
        c = self.case
        if self.at_spikes and not c.post[item][j]:
            return (0.0,)
        return (sum(factor * side(c.pre[item][i], c.post[item][j]) * found[self.key(over, c.at, item, (k, i, j))]
                    for (factor, side, _, _, over), found in zip(self.terms, self.found)),)


class OfTargets(Rule):
    """One value per target, or per channel of them: by each target, or by each of its pairs."""
    of_post = True
    KINDS = {"each step { w += NU * (post.spike - 0.125 * w) }": (False, lambda w, pre, post: post - 0.125 * w),
             "on post { w += NU }": (False, lambda w, pre, post: post),
             "on post { w -= NU * pre.spike }": (True, lambda w, pre, post: pre * post),
             "on pre { w += NU }": (True, lambda w, pre, post: pre),
             "on pre { w -= NU * (post.spike - 0.5) }": (True, lambda w, pre, post: pre * (post - 0.5)),
             "state n ; each step { n = n * 0.5 + pre.spike * post.spike ; w += NU * n }": (True, None)}

    def __init__(self, case):
        super().__init__(case)
        text = random.choice(list(self.KINDS))
        of_pairs, self.change = self.KINDS[text]
        self.signs = (-1 if "w -=" in text else 1,)
        m = prod(case.target)
        of_value = lambda j: j // (m // case.target[0]) if case.kind == "conv" else j
        case.shape = [case.target[0] if case.kind == "conv" else m]
        case.pairs = [(of_value(j), i, j) for _, i, j in case.pairs] if of_pairs else [(of_value(j), 0, j) for j in range(m)]
        nu, self.nu = of_each(case, "nu", lambda: rounded(0, 0.5))
        self.own = f"rule OfTargets(nu = 1) {{ learns w ; {text.replace('NU', 'nu')} }}"
        self.text = f"OfTargets(nu = {nu})"
        self.n = [[0.0] * len(case.pairs) for _ in range(case.batch)]

    def changes(self, item, k, i, j):
        c = self.case
        pre, post = c.pre[item][i], c.post[item][j]
        if self.change:
            return (self.nu(k, i, j) * self.change(c.w[k], pre, post),)
        self.n[item][c.at] = self.n[item][c.at] * 0.5 + pre * post
        return (self.nu(k, i, j) * self.n[item][c.at],)


RULES = (PostPre, Hebbian, WeightDependentPostPre, MSTDP, MSTDPET, Gathers, Gathers, OfTargets, OfTargets)


# ---- a case ---------------------------------------------------------------------------------------------------------

def groups(case, per):
    """Which values a norm scales together, by the number of the group, and how many groups there are."""
    found = {}
    count = {"post": case.shape[0] if case.kind == "conv" else prod(case.target), "kernel": prod(case.shape[:2]), "connection": 1}[per]
    for k, i, j in case.pairs:
        key = 0
        if per == "post":
            key = k // prod(case.shape[1:]) if case.kind == "conv" else j
        elif per == "kernel":
            taps = prod(case.shape[2:])
            key = k // taps
        found.setdefault(key, set()).add(k)
    return {key: sorted(values) for key, values in found.items()}, count


def draw_norm(case, per):
    """The text of one number, or of one for each group; sums by the number of the group."""
    case.norm, count = groups(case, per)
    kind = random.choice(["number", "list", "file", "function"])
    if kind == "function" and per == "post" and case.kind != "conv":
        case.sums = [2 + 0.5 * j for j in range(count)]
        return "2 + 0.5 * j"
    if kind in ("list", "file"):
        case.sums = [rounded(1, 5) for _ in range(count)]
        if kind == "list" and count > 1:
            return "[" + ", ".join(map(repr, case.sums)) + "]"
        case.files["sums"] = npy.make([count], "f8", case.sums)
        return 'file("sums.npy")'
    case.sums = [4] * count
    return "4"


def draw_sign(case):
    """The line that keeps signs, or None; case.sign gives whether value k is negative."""
    kind = random.choice([None, None, None, "value", "pre", "given", "given"])
    case.sign = None
    if kind == "pre" and case.kind != "conv" and not case.of_post:
        def negative(k):
            source = next(i for v, i, _ in case.pairs if v == k)
            values = [case.w[v] for v, i, _ in case.pairs if i == source]
            below, above = sum(w < 0 for w in values), sum(w > 0 for w in values)
            return below >= above and below > 0
        case.sign = negative
        return "keep sign per pre"
    if kind == "given":
        text, holds = of_each(case, "dale", lambda: random.choice([0, 1]))
        side = random.choice(["positive", "negative"])
        case.sign = lambda k: next(bool(holds(*pair)) for pair in case.pairs if pair[0] == k) == (side == "negative")
        return f"keep sign {side} where {text}"
    if kind == "value":
        case.sign = lambda k: case.w[k] < 0
        return "keep sign"
    return None


def make_case(number):
    case = Case()
    case.kind, case.by, case.source, case.target, case.shape, case.pairs = random.choice(list(patterns()))
    case.batch = random.choice([1, 1, 2, 3])
    case.files, case.signal, case.traces, case.reward = {}, "", (20, 20), 0
    case.pairs.sort()
    if case.kind == "sparse":
        entries = [0.0] * prod(case.source + case.target)
        for _, i, j in case.pairs:
            entries[i * prod(case.target) + j] = 1
        case.files["synapses"] = npy.make([5, 4], "f4", entries)
    if case.kind == "edges":
        order = random.sample(case.pairs, len(case.pairs))
        case.files["synapses"] = npy.make([len(order), 2], "i4", [x for _, i, j in order for x in (i, j)])
    kind = random.choice(RULES)
    case.of_post = kind.of_post
    case.rule = kind(case)
    lines, used = [], sorted({k for k, _, _ in case.pairs})
    reduce = random.choice(["mean", "sum", "max"])
    case.reduce = {"mean": lambda v: sum(v) / len(v), "sum": sum, "max": max}[reduce]
    case.average, case.each = random.choice([(0, False), (0, False), (3, False), (3, True)])
    words = [f"reduce {reduce} over batch"] if case.batch > 1 else []
    if case.average:
        words.append(f"average over {case.average} steps" + " each step" * case.each)
    lines.append(f"learn {case.rule.text} {' '.join(words)}")
    case.w = [rounded(-2, 2) for _ in range(prod(case.shape))]
    case.range = None
    if random.random() < 0.5:
        low, lo = of_each(case, "range_low", lambda: rounded(-2.5, -1))
        high, hi = of_each(case, "range_high", lambda: rounded(0.5, 2.5))
        case.range = lo, hi
        lines.append(f"range [{low}, {high}]")
    case.decay = random.choice([0, 0, 0.0625])
    if case.decay:
        lines.append(f"decay {case.decay}")
    lines += filter(None, [draw_sign(case)])
    case.norm = None
    if random.random() < 0.4 and not case.of_post:
        per = random.choice(["post", "connection"] + ["kernel"] * (case.kind in ("conv", "local")))
        case.signed, case.norm_each = random.random() < 0.3, random.random() < 0.4
        lines.append(f"norm {draw_norm(case, per)} per {per} each {'step' if case.norm_each else 'run'}" + " of signed sum" * case.signed)
    case.zero = None
    if random.random() < 0.3 and not case.of_post:
        case.zero = [float(random.random() < 0.3) for _ in case.w]
        case.files["zero"] = npy.make(case.shape, "f4", case.zero)
    random.shuffle(lines)
    case.files["w"] = npy.make(case.shape, "f8", case.w)
    n, m = prod(case.source), prod(case.target)
    case.a = [[[random.choice([0, 0, 1]) for _ in range(n)] for _ in range(case.batch)] for _ in range(STEPS)]
    case.b = [[[random.choice([0, 0, 1]) for _ in range(m)] for _ in range(case.batch)] for _ in range(STEPS)]
    flat = [x for step in case.a for item in step for x in item]
    case.files["a"] = npy.make([STEPS, case.batch, n], "u1", flat)
    flat = [1e12 * x for step in case.b for item in step for x in item]
    case.files["b"] = npy.make([STEPS, case.batch, m], "f4", flat)
    block = ' { zero learned.weight where file("zero.npy") }' if case.zero else ""
    runs = []
    case.runs = [(5, 0.5), (STEPS - 5, -0.75)]
    for steps, reward in case.runs:
        if case.signal:
            runs.append(f"    reward = {reward}")
        runs.append(f"    run {steps} ms{block}")
    case.text = PROGRAM.format(rule=case.rule.own, value="weight = 1\n    offset" if case.of_post else "weight",
                               name="offset" if case.of_post else "weight", batch=case.batch, signal=case.signal, source=case.source, target=case.target, by=case.by,
                               lines="".join(f"\n        {line}" for line in lines), experiment="\n".join(runs))
    case.used, case.name = used, f"case {number}: {case.kind}, {type(case.rule).__name__}"
    return case


def normalise(case):
    for group, values in case.norm.items():
        total = sum(case.w[k] if case.signed else abs(case.w[k]) for k in values)
        for k in values:
            case.w[k] *= case.sums[group] / total if total else 1


def bound(case, negative, k, i, j):
    if case.sign and (case.w[k] > 0 if negative[k] else case.w[k] < 0):
        case.w[k] = 0.0
    if case.range:
        case.w[k] = min(max(case.w[k], case.range[0](k, i, j)), case.range[1](k, i, j))


def limit(case, negative):
    for k, i, j in {k: (k, i, j) for k, i, j in case.pairs}.values():
        case.w[k] *= 1 - case.decay
        bound(case, negative, k, i, j)


def learn(case, t, rings):
    """The statements in order, each for all pairs and items before the next; then what the rule remembers."""
    case.rule.before()
    tables = []                                      # [item][pair] -> changes by statement
    for item in range(case.batch):
        rows = []
        for case.at, (k, i, j) in enumerate(case.pairs):
            rows.append(case.rule.changes(item, k, i, j))
        tables.append(rows)
    for s in range(len(tables[0][0])):
        change = {k: [0.0] * case.batch for k in case.used}
        for item, rows in enumerate(tables):
            for (k, _, _), row in zip(case.pairs, rows):
                change[k][item] += row[s]
        now = {k: case.reduce(v) if case.batch > 1 else v[0] for k, v in change.items()}
        if case.average:
            rings.setdefault(s, [dict.fromkeys(case.used, 0.0)] * case.average)
            ring = rings[s]
            ring[t % case.average] = now
            mean = {k: sum(slot[k] for slot in ring) / case.average for k in case.used}
            now = mean if case.each or t % case.average == case.average - 1 else dict.fromkeys(case.used, 0.0)
        for k, v in now.items():
            case.w[k] += case.rule.signs[s] * v
    for item in range(case.batch):
        case.rule.after(item)


def simulate(case):
    n, m = prod(case.source), prod(case.target)
    if case.range:
        for k, i, j in case.pairs:
            case.w[k] = min(max(case.w[k], case.range[0](k, i, j)), case.range[1](k, i, j))
    negative, rings, t = {k: case.sign(k) for k in case.used} if case.sign else {}, {}, 0
    for k, i, j in case.pairs if case.sign else []:
        bound(case, negative, k, i, j)
    case.x, case.y = ([[0.0] * size for _ in range(case.batch)] for size in (n, m))
    for steps, case.reward in case.runs:
        for _ in range(steps):
            if case.norm and case.norm_each:
                normalise(case)
            case.pre, case.post = case.a[t], case.b[t]
            for trace, spikes, tau in ((case.x, case.pre, case.traces[0]), (case.y, case.post, case.traces[1])):
                for item in range(case.batch):
                    trace[item] = [1.0 if s else x * math.exp(-1 / tau) for x, s in zip(trace[item], spikes[item])]
            learn(case, t, rings)
            limit(case, negative)
            if case.zero:
                case.w = [0.0 if z else w for w, z in zip(case.w, case.zero)]
            t += 1
        if case.norm and not case.norm_each:
            normalise(case)
    return case.w


def run_case(options, case, engine, folder):
    for name, array in case.files.items():
        npy.save(folder / (name + ".npy"), array)
    (folder / "case.snn").write_text(case.text, encoding="utf-8")
    done = subprocess.run([options.snnc, "run", "case.snn", "--engine", engine, "--precision", "f64", "--quiet", "--out", "out"],
                          cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    return done.stdout.strip() if done.returncode else list(npy.load(folder / "out" / "learned.npy").data)


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
    wrong = count = changed = 0
    with tempfile.TemporaryDirectory(prefix="snnc-learning-") as temporary:
        for number in range(options.cases):
            if options.only not in (None, number):
                continue
            random.seed(f"{options.seed} {number}")
            case = make_case(number)
            folder = (options.keep or Path(temporary)) / str(number)
            folder.mkdir(parents=True, exist_ok=True)
            first = list(case.w)
            got = {engine: run_case(options, case, engine, folder) for engine in options.engines.split(",")}
            want = simulate(case)
            changed += want != first
            for engine, have in got.items():
                count += 1
                why = have if isinstance(have, str) else None
                if not why:
                    far = [k for k in case.used if abs(have[k] - want[k]) > 1e-9 * (1 + abs(want[k]))]
                    why = f"value {far[0]} is {have[far[0]]}, not {want[far[0]]}; {len(far)} differ" if far else None
                if why:
                    wrong += 1
                    print(f"{engine}: {case.name} (--seed {options.seed} --only {number}): {why}")
    print(f"{count - wrong} of {count} runs learn what is defined; values change in {changed} cases")
    return 1 if wrong or changed < options.cases * 0.9 and options.only is None else 0


if __name__ == "__main__":
    sys.exit(main())
