"""papers.py: the rules of the library against the formulas of their papers, synapse by synapse and step by step.

    python3 tests/rules/papers.py SNNC [RULE ...]

Spike trains are given; what a paper says is worked out here by sums over pairs and triplets of spikes, without traces, in
double precision, and compared with --precision f64.
"""
import random
import subprocess
import sys
import tempfile
from math import exp
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "tools"))

import npy                                           # noqa: E402

STEPS, PRE, POST = 80, 5, 4
TOLERANCE = 1e-9                                     # of rounding: some hundred operations of 1e-16 each, with exp


def trains(seed, n, p):
    r = random.Random(seed)
    return [[t for t in range(STEPS) if r.random() < p] for _ in range(n)]


def before(train, t):
    return [s for s in train if s < t]


def up_to(train, t):
    return [s for s in train if s <= t]


def decayed(times, t, tau):
    return sum(exp(-(t - s) / tau) for s in times)


def last(times, t, tau):
    return exp(-(t - max(times)) / tau) if times else 0.0


class Synapse:
    """What a rule sees of one: the trains, the bounds; `step(t)` changes w."""

    def __init__(self, pre, post, w, low, high, i, j):
        self.pre, self.post, self.w, self.low, self.high, self.i, self.j = pre, post, w, low, high, i, j

    def clip(self):
        self.w = min(max(self.w, self.low), self.high)

    # the pre spike of a step comes first: it meets post spikes before it, the post spike also the one beside it
    def run(self, on_pre, on_post, each=None):
        out = []
        for t in range(STEPS):
            if each:
                each(t)
            if t in self.pre:
                on_pre(t)
            if t in self.post:
                on_post(t)
            self.clip()
            out.append(self.w)
        return out


def pair_sums(s, t, tau_plus, tau_minus):
    return decayed(up_to(s.pre, t), t, tau_plus), decayed(before(s.post, t), t, tau_minus)


def additive(s):
    def on_pre(t): s.w -= 0.0525 * s.high * decayed(before(s.post, t), t, 20)
    def on_post(t): s.w += 0.05 * s.high * decayed(up_to(s.pre, t), t, 10)
    return s.run(on_pre, on_post)


def multiplicative(s):
    def on_pre(t): s.w -= 0.05 * (s.w - s.low) * decayed(before(s.post, t), t, 20)
    def on_post(t): s.w += 0.06 * (s.high - s.w) * decayed(up_to(s.pre, t), t, 10)
    return s.run(on_pre, on_post)


def interpolated(s):
    def on_pre(t): s.w -= 0.05 * 1.2 * s.w ** 0.3 * decayed(before(s.post, t), t, 20)
    def on_post(t): s.w += 0.05 * (1 - s.w) ** 0.3 * decayed(up_to(s.pre, t), t, 10)
    return s.run(on_pre, on_post)


def power_law(s):
    def on_pre(t): s.w -= 0.1 * 0.3 * s.w * decayed(before(s.post, t), t, 20)
    def on_post(t): s.w += 0.1 * 2 ** 0.6 * s.w ** 0.4 * decayed(up_to(s.pre, t), t, 10)
    return s.run(on_pre, on_post)


def nearest(s):
    def on_pre(t): s.w -= 0.05 * last(before(s.post, t), t, 20)
    def on_post(t): s.w += 0.06 * last(up_to(s.pre, t), t, 10)
    return s.run(on_pre, on_post)


def nearest_pre(s):
    def on_pre(t): s.w -= 0.05 * last(before(s.post, t), t, 20)

    def on_post(t):
        since = max(before(s.post, t), default=-1)
        s.w += 0.06 * decayed([p for p in up_to(s.pre, t) if p > since], t, 10)
    return s.run(on_pre, on_post)


def immediate(s):
    def on_pre(t):
        post, pre = max(before(s.post, t), default=-1), max(before(s.pre, t), default=-1)
        if post >= 0 and post >= pre:
            s.w -= 0.05 * exp(-(t - post) / 20)

    def on_post(t):
        post, pre = max(before(s.post, t), default=-1), max(up_to(s.pre, t), default=-1)
        if pre > post:
            s.w += 0.06 * exp(-(t - pre) / 10)
    return s.run(on_pre, on_post)


def inhibitory(s):
    def on_pre(t): s.w += 0.05 * (decayed(before(s.post, t), t, 20) - 2 * 0.01 * 20)
    def on_post(t): s.w += 0.05 * decayed(up_to(s.pre, t), t, 20)
    return s.run(on_pre, on_post)


# spikes of the same step are neither pair nor triplet
def triplet(s):
    def on_pre(t): s.w -= decayed(before(s.post, t), t, 33.7) * (0.02 + 0.01 * decayed(before(s.pre, t), t, 101))
    def on_post(t): s.w += decayed(before(s.pre, t), t, 16.8) * (0.01 + 0.02 * decayed(before(s.post, t), t, 125))
    return s.run(on_pre, on_post)


def nearest_triplet(s):
    def on_pre(t): s.w -= last(before(s.post, t), t, 33.7) * (0.02 + 0.01 * last(before(s.pre, t), t, 714))
    def on_post(t): s.w += last(before(s.pre, t), t, 16.8) * (0.01 + 0.02 * last(before(s.post, t), t, 40))
    return s.run(on_pre, on_post)


def oja(s):
    def each(t):
        x, y = decayed(up_to(s.pre, t), t, 20) / 20, decayed(up_to(s.post, t), t, 20) / 20
        s.grow = 5 * y * (x - y * s.w)
    out = []
    for t in range(STEPS):
        each(t)
        s.w += s.grow
        s.clip()
        out.append(s.w)
    return out


def bcm(s):
    out, theta = [], 0.05
    for t in range(STEPS):
        x, y = decayed(up_to(s.pre, t), t, 20) / 20, decayed(up_to(s.post, t), t, 20) / 20
        s.w += 100 * x * y * (y - theta)
        theta = y * y / 0.05 + (theta - y * y / 0.05) * exp(-1 / 100)
        s.clip()
        out.append(s.w)
    return out


def scaling(s):
    out, integral = [], 0.0
    for t in range(STEPS):
        off = 0.05 - decayed(up_to(s.post, t), t, 50) / 50
        integral += off
        s.w += s.w * (0.2 * off + 0.01 * integral)
        s.clip()
        out.append(s.w)
    return out


def delay(s):
    def on_post(t):
        pre = up_to(s.pre, t)
        lag = (t - max(pre) if pre else 1e9) - s.w
        s.w += 0.2 * lag * exp(-abs(lag) / 5) if pre else 0.0
    return s.run(lambda t: None, on_post)


def voltage(s, j):
    """Of post neuron j, in mV."""
    return random.Random(f"v{j}").choices(range(-80, -20), k=STEPS)[s]


def filtered(j, t, tau):
    """The voltage above theta_minus through a filter, at the end of step t."""
    return sum((1 - exp(-1 / tau)) * exp(-(t - s) / tau) * (voltage(s, j) + 70.6) for s in range(t + 1))


# the memory of pre spikes is seen as it was after the step before
def clopath(s):
    out = []
    for t in range(STEPS):
        low, high = filtered(s.j, t - 3, 10), filtered(s.j, t - 3, 7)
        if t in s.pre:
            s.w -= 1e-3 * max(low, 0)
        s.w += 1e-3 * decayed(before(s.pre, t), t - 1, 15) / 15 * max(voltage(t, s.j) + 45.3, 0) * max(high, 0)
        s.clip()
        out.append(s.w)
    return out


def rewiring(s):
    return [float(0.2 + 0.1 * s.i + 0.03 * s.j >= 0.35)] * STEPS


RULES = {
    "Clopath": ("a_minus = 1e-3, a_plus = 1e-3", clopath),
    "Rewiring": ("strength = weight, least = 0.35, rate = 1 kHz", rewiring),
    "AdditiveSTDP": ("a_plus = 0.05, a_minus = 0.0525, tau_plus = 10 ms", additive),
    "MultiplicativeSTDP": ("a_plus = 0.06, a_minus = 0.05, tau_plus = 10 ms", multiplicative),
    "InterpolatedSTDP": ("nu = 0.05, alpha = 1.2, mu = 0.3, tau_plus = 10 ms", interpolated),
    "PowerLawSTDP": ("w0 = 2, nu = 0.1, alpha = 0.3, mu = 0.4, tau_plus = 10 ms", power_law),
    "NearestSTDP": ("a_plus = 0.06, a_minus = 0.05, tau_plus = 10 ms", nearest),
    "NearestPreSTDP": ("a_plus = 0.06, a_minus = 0.05, tau_plus = 10 ms", nearest_pre),
    "ImmediateSTDP": ("a_plus = 0.06, a_minus = 0.05, tau_plus = 10 ms", immediate),
    "InhibitorySTDP": ("nu = 0.05, rate = 10 Hz", inhibitory),
    "Triplet": ("a2_plus = 0.01, a3_plus = 0.02, a2_minus = 0.02, a3_minus = 0.01", triplet),
    "Triplet nearest": ("a2_plus = 0.01, a3_plus = 0.02, a2_minus = 0.02, a3_minus = 0.01, tau_x = 714 ms, tau_y = 40 ms, "
                        "nearest = true", nearest_triplet),
    "Oja": ("nu = 5, tau = 20 ms", oja),
    "BCM": ("nu = 100, target = 50 Hz, tau = 20 ms, tau_theta = 100 ms", bcm),
    "Scaling": ("target = 50 Hz, beta = 0.2, gamma = 0.01, tau = 50 ms", scaling),
    "DelayShift": ("nu = 0.2, tau = 5 ms", delay),
}

NET = """
neuron Told() {{                                    # what a brings does not make it spike
    state v = 0 mV
    step {{ if input > 50 mV {{ spike }} }}
}}
neuron Shown() {{ state v = 0 mV ; step {{ v = input }} }}
layer a : Input[{pre}] {{ input file("pre.npy") }}
layer b : {neuron}[{post}] {{ input file("post.npy") }}
connect a -> b as c {{ {feature} }}
experiment {{ run {steps} ms }}
record c.{name}
"""


def save_trains(path, all_trains):
    npy.save(path, npy.make((STEPS, len(all_trains)), "f4", [100.0 * (t in train) for t in range(STEPS) for train in all_trains]))


def check(snnc, rule):
    arguments, formula = RULES[rule]
    pre, post = trains(rule + "a", PRE, 0.15), trains(rule + "b", POST, 0.12)
    is_delay, is_mask = rule == "DelayShift", rule == "Rewiring"
    learn = f"learn {rule.split()[0]}({arguments})"
    name, low, high = "weight", 0.0, 1.0
    feature = f"weight = 0.2 + 0.1 * i + 0.03 * j {{ range [0, 1] ; {learn} }}"
    if rule == "Clopath":
        feature += " ; mask = false"
    if is_delay:
        name, low, high = "delay", 1.0, 12.0
        feature = f"weight = 0 ; delay = 3 ms {{ range [1 ms, 12 ms] ; {learn} }}"
    if is_mask:
        name = "mask"
        feature = f"weight = 0.2 + 0.1 * i + 0.03 * j ; mask = i > j {{ {learn} }}"
    with tempfile.TemporaryDirectory(prefix="snnc-rules-") as folder:
        folder = Path(folder)
        save_trains(folder / "pre.npy", pre)
        save_trains(folder / "post.npy", post)
        if rule == "Clopath":
            npy.save(folder / "post.npy", npy.make((STEPS, POST), "f4", [voltage(t, j) for t in range(STEPS) for j in range(POST)]))
        (folder / "net.snn").write_text(NET.format(pre=PRE, post=POST, feature=feature, steps=STEPS, name=name,
                                                  neuron="Shown" if rule == "Clopath" else "Told"))
        done = subprocess.run([snnc, "run", "net.snn", "--precision", "f64", "--engine", "eval", "--quiet", "--out", "out"], cwd=folder,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        if done.returncode:
            return done.stderr.decode(errors="replace")
        got = npy.load(folder / "out" / f"c.{name}.npy").data
    changed = False
    for i in range(PRE):
        for j in range(POST):
            first = 3.0 if is_delay else float(i > j) if is_mask else 0.2 + 0.1 * i + 0.03 * j
            want = formula(Synapse(set(pre[i]), set(post[j]), first, low, high, i, j))
            changed |= want[-1] != first
            for t in range(STEPS):
                have = got[(t * PRE + i) * POST + j]
                if abs(have - want[t]) > TOLERANCE * max(1.0, abs(want[t])):
                    return f"synapse ({i}, {j}) is {have!r} after step {t}, and the paper says {want[t]!r}"
    return None if changed else "nothing is learned"


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    snnc = Path(sys.argv[1])
    if not snnc.exists():
        print(f"{snnc} is not built; skipped")
        return 77
    failed = 0
    for rule in sys.argv[2:] or RULES:
        why = check(str(snnc.resolve()), rule)
        failed += why is not None
        print(f"{'failed' if why else 'passed'}  {rule}  {why or ''}".rstrip())
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
