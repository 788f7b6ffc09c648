#!/usr/bin/env python3
"""closed_forms.py: what equations give, beside their solutions.

    tests/equations/closed_forms.py [--snnc PATH]

Orders: the error of a method against dt, on a line through the points in a log-log plot; its slope is the order of
the method, within 0.15. Exact solutions: within 1e-11 of the closed form, where tau is equal, nearly equal, far apart or
infinite, also with parameters that are drawn or that the experiment sets, loads or resets. Noise: means, deviations and
correlations of many neurons, synapses or signals, within five standard errors of their estimate; where states share noise
or each other also at steps as long as their time constants.
"""
import argparse
import math
import re
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.dont_write_bytecode = True
sys.path.insert(0, str(HERE.parent / "tools"))

import npy                                           # noqa: E402
import tool                                          # noqa: E402


def run(snnc, text, names, f64=True, arrays=()):
    """The last values of states of layer a, or of what has a dot in its name."""
    with tempfile.TemporaryDirectory() as folder:
        for name, values in dict(arrays).items():
            npy.save(Path(folder, name), npy.make([len(values)], "f4", values))
        saves = " ; ".join(f'save {name if "." in name else "a." + name} to "{name}.npy"' for name in names)
        Path(folder, "p.snn").write_text(text.replace("SAVE", saves))
        done = subprocess.run([snnc, "run", "p.snn", "--out", "out", *(["--precision", "f64"] if f64 else [])], cwd=folder,
                              capture_output=True, text=True)
        if done.returncode:
            raise SystemExit(f"{text}\n{done.stderr}")
        return [npy.load(Path(folder, "out", f"{name}.npy")).data for name in names]


def slope(points):
    xs, ys = [math.log(x) for x, _ in points], [math.log(y) for _, y in points]
    mx, my = sum(xs) / len(xs), sum(ys) / len(ys)
    return sum((x - mx) * (y - my) for x, y in zip(xs, ys)) / sum((x - mx) ** 2 for x in xs)


GROWTH = """
dt = {dt} ms
neuron Logistic(tau = 3 ms) {{
    method = {method}
    state v = 0.1
    v' = v * (1 - v) / tau
    spike when v > 10
}}
layer a : Logistic[1]
experiment {{ run 8 ms ; SAVE }}
"""
DECAY = """
dt = {dt} ms
neuron Decay(tau = 3 ms, slow = 5 ms) {{
    method = {method}
    state v = 1
    state a = 1
    v' = -(1 + a) * v / tau
    a' = -a / slow
    spike when v > 10
}}
layer a : Decay[1]
experiment {{ run 8 ms ; SAVE }}
"""


def orders(snnc):
    logistic = 1 / (1 + 9 * math.exp(-8 / 3))
    decay = math.exp(-(8 + 5 * (1 - math.exp(-8 / 5))) / 3)
    wrong = 0
    for method, order in (("euler", 1), ("heun", 2), ("rk2", 2), ("rk4", 4), ("exponential_euler", 1)):
        for name, text, true in (("growth", GROWTH, logistic), ("decay", DECAY, decay)):
            if method == "exponential_euler" and name == "growth":
                continue
            points = [(dt, abs(run(snnc, text.format(dt=dt, method=method), ["v"])[0][0] - true))
                      for dt in (0.5, 0.25, 0.125, 0.0625)]
            found = slope(points)
            fine = abs(found - order) < 0.15
            wrong += not fine
            print(f"{'passed' if fine else 'FAILED'}  {method} of {name}: order {found:.3f}, due {order}")
    return wrong


# Name, equations with first values, end, and the closed form of each state.
EXACT = [
    ("alpha functions with one tau", "state h = 1 ; v' = (g - v) / (5 ms) ; g' = (h - g) / (5 ms) ; h' = -h / (5 ms)", 12,
     {"h": math.exp(-2.4), "g": 2.4 * math.exp(-2.4), "v": 2.4 ** 2 / 2 * math.exp(-2.4)}),
    ("nearly one tau", "state g = 1 ; v' = (g - v) / (5 ms) ; g' = -g / (5.000000001 ms)", 12, {"v": 2.4 * math.exp(-2.4)}),
    ("two taus", "state g = 1 ; v' = -v / (10 ms) + g / (1 ms) ; g' = -g / (2 ms)", 8,
     {"v": (math.exp(-0.8) - math.exp(-4)) / (1 / 2 - 1 / 10)}),
    ("an oscillation", "state x = 1 ; x' = y / (3 ms) ; y' = -x / (3 ms)", 20, {"x": math.cos(20 / 3), "y": -math.sin(20 / 3)}),
    ("growth without end", "state v = 0 ; x' = 2 / (1 ms) ; v' = x / (1 ms)", 7, {"x": 14.0, "v": 49.0}),
    ("a constant drive", "v' = (3 - v + w) / (10 ms) ; w' = (1 - w) / (10 ms)", 15,
     {"w": 1 - math.exp(-1.5), "v": 4 - (4 + 1.5) * math.exp(-1.5)}),
    ("far apart", "state f = 1 ; state s = 1 ; f' = (s - f) / (0.01 ms) ; s' = -s / (1000 ms)", 5,
     {"s": math.exp(-0.005), "f": math.exp(-0.005) / (1 - 0.01 / 1000)}),
    ("no decay", "state v = 2 ; v' = -v / (inf * 1 ms) ; u' = v / (4 ms)", 6, {"v": 2.0, "u": 3.0}),
    ("alone", "v' = (3 - v) / (7 ms)", 9, {"v": 3 * (1 - math.exp(-9 / 7))}),
]


def exact(snnc):
    wrong = 0
    for dt in (1, 0.25):
        for name, equations, end, want in EXACT:
            text = (f"dt = {dt} ms\nneuron N() {{\n" + "\n".join(equations.split(" ; ")) +
                    f"\nmethod = exact\nspike when 1 < 0\n}}\nlayer a : N[1]\nexperiment {{ run {end} ms ; SAVE }}\n")
            got = run(snnc, text, list(want))
            miss = max(abs(g[0] - w) / max(1, abs(w)) for g, w in zip(got, want.values()))
            limit = 1e-9 if name == "nearly one tau" else 1e-11
            wrong += not miss < limit
            print(f"{'passed' if miss < limit else 'FAILED'}  exact, {name}, dt = {dt}: {miss:.1e}")
    return wrong


# The same with time constants that are drawn: the program works the exponential out by itself.
def settled(snnc):
    wrong = 0
    for dt in (1, 0.25):
        for name, equations, end, want in EXACT:
            equations = re.sub(r"\(([\d.]+|inf \* 1) ms\)", r"(\1 ms * one)", equations)
            text = (f"dt = {dt} ms\nneuron N(one = 2) {{\n" + "\n".join(equations.split(" ; ")) +
                    f"\nmethod = exact\nspike when 1 < 0\n}}\nlayer a : N[3](one = 1 + 0 * uniform(0, 1))\nexperiment {{ run {end} ms ; SAVE }}\n")
            got = run(snnc, text, list(want))
            miss = max(abs(v - w) / max(1, abs(w)) for g, w in zip(got, want.values()) for v in g)
            limit = 1e-9 if name == "nearly one tau" else 1e-11
            wrong += not miss < limit
            print(f"{'passed' if miss < limit else 'FAILED'}  exact with drawn parameters, {name}, dt = {dt}: {miss:.1e}")
    return wrong + alike(snnc) + changed(snnc) + side_by_side(snnc)


# Parameters as numbers, drawn, and set by the experiment: in double the last bits may differ, where one side is rounded earlier.
ALIKE = """
dt = 0.5 ms ; batch = 2
neuron Adapts(tau = 10 ms, tau_s = 3 ms, tau_w = 40 ms, R = 2, b = 0.3) {
    state v = 5 ; state w = 0
    v' = (R * g + 1 - v - w) / tau
    w' = (b * v - w) / tau_w
    g' = (h - g) / tau_s
    h' = -h / tau_s
    receive { h += input }
    spike when v > 8 { v = 0 } refractory 3 ms hold v
}
layer s : Poisson[20](rate = 200 Hz)
layer a : Adapts[4](tau = [9 ms, 10 ms, 11 ms, 12 ms], tau_s = 3 ms, R = 2)
layer d : Adapts[4](tau = 9 ms + i * 1 ms + 0 * uniform(0, 1), tau_s = 3 ms, R = 2)
layer t : Adapts[4](tau = 50 ms, tau_s = 7 ms, R = 1)
connect s -> a { weight = 1 + 0.1 * i + 0.05 * j }
connect s -> d { weight = 1 + 0.1 * i + 0.05 * j }
connect s -> t { weight = 1 + 0.1 * i + 0.05 * j }
experiment {
    run 20 ms
    t.tau = 9 ms + i * 1 ms ; t.tau_s = 3 ms ; t.R = 2
    reset
    run 200 ms
    SAVE
}
"""


def alike(snnc):
    wrong = 0
    for state in "vwgh":
        a, d, t = run(snnc, ALIKE, [f"a.{state}", f"d.{state}", f"t.{state}"])
        for how, other in (("drawn", d), ("set by the experiment", t)):
            miss = max(abs(x - y) for x, y in zip(a, other))
            wrong += not miss < 1e-12
            print(f"{'passed' if miss < 1e-12 else 'FAILED'}  {state} with parameters {how}: {miss:.1e}")
    return wrong


# A state that no step changes, loaded, and set back by a reset: what follows from it is worked out anew.
CHANGED = """
dt = 1 ms
neuron N() {
    state v = 0 ; state tau = 10 ms
    v' = (1 - v) / tau
    spike when v > 2
}
layer a : N[2]
experiment { run 5 ms ; load a.tau from "tau.npy" ; reset_or_not ; run 5 ms ; SAVE }
"""
# Two systems in a step: what the second one would ask of the first one's exponential, were it not integrated by rk4.
SIDE_BY_SIDE = """
dt = 1 ms
neuron N(tau = 10 ms) {
    state v = 1 ; state u = 2 ; state p = 0 ; state q = 0.1
    step {
        v' = -v / tau
        u = u + 0.25
        p' = (u - p) / tau
        q' = q * (1 - q) / tau
        if v > 2 { spike }
    }
}
layer a : N[2]
layer d : N[2](tau = 10 ms + 0 * uniform(0, 1))
experiment { run 10 ms ; SAVE }
"""


def told(name, miss):
    print(f"{'passed' if miss < 1e-12 else 'FAILED'}  {name}: {miss:.1e}")
    return not miss < 1e-12


def changed(snnc):
    wrong, tau = 0, [4.0, 5.0]
    for what, want in (("", [1 - math.exp(-5 / 10 - 5 / t) for t in tau]), ("reset", [1 - math.exp(-5 / 10)] * 2)):
        got, = run(snnc, CHANGED.replace("reset_or_not ;", "reset ;" if what == "reset" else ""), ["v"], arrays={"tau.npy": tau})
        wrong += told("exact, loaded" + (" and set back" if what == "reset" else ""), max(abs(x - y) for x, y in zip(got, want)))
    return wrong


def side_by_side(snnc):
    pairs = [run(snnc, SIDE_BY_SIDE, [f"a.{state}", f"d.{state}"]) for state in "vpq"]
    return told("two systems in a step, with a drawn parameter", max(abs(x - y) for a, d in pairs for x, y in zip(a, d)))


NOISE = """
dt = {dt} ms ; seed = {seed}
neuron Wanders(mu = -60 mV, tau = 10 ms, sigma = 2 mV) {{
    {method}
    state v = mu
    v' = (mu - v) / tau + sigma * sqrt(2 / tau) * xi
    spike when 1 < 0
}}
layer a : Wanders[20000]
experiment {{ run 100 ms ; SAVE }}
"""
GROWS = """
dt = 0.1 ms ; seed = 4
neuron Grows(tau = 10 ms) {{
    {method}
    state v = 1
    v' = v / tau + 0.3 * v * xi / sqrt(tau)
    spike when 1 < 0
}}
layer a : Grows[20000]
experiment {{ run 10 ms ; SAVE }}
"""


# A current that is noisy, a voltage that follows it, and another voltage with the same noise; refractory neurons hold v.
JOINT = """
dt = {dt} ms ; seed = 5
neuron Follows(tau = 10 ms, tau_c = 5 ms) {{
    let common = xi
    v' = (c - v) / tau
    c' = -c / tau_c + sqrt(2 / tau_c) * common
    u' = -u / tau + sqrt(2 / tau) * common
    {held}
}}
layer a : Follows[100000]({args})
experiment {{ run 500 ms ; SAVE }}
"""
ELSEWHERE = """
dt = 2 ms ; seed = 6
rule Wanders(tau = 10 ms) {
    learns w
    u' = -u / tau + 3 * sqrt(2 / tau) * xi
}
feature noisy(value) {
    u' = -u / (10 ms) + 3 * sqrt(2 / (10 ms)) * xi
    signal *= value * u
}
signal g of a = d { d' = -d / (10 ms) + 3 * sqrt(2 / (10 ms)) * xi }
layer s : Poisson[100]
layer a : LIF[20000]
layer b : LIF[200]
connect s -> b as c { weight = 1 { learn Wanders() } ; noisy = 1 }
experiment { run 100 ms ; SAVE }
"""


def moments(values):
    n = len(values)
    mean = sum(values) / n
    return mean, math.sqrt(sum((v - mean) ** 2 for v in values) / n), n


def joint_step(t):
    """The variance of v after a time t from rest: the integral of (h(s))^2, h the answer of v to an impulse of noise."""
    n, total = 20000, 0.0
    for k in range(n):
        s = (k + 0.5) * t / n
        h = math.sqrt(2 / 5) * (math.exp(-s / 10) - math.exp(-s / 5)) / 10 / (1 / 5 - 1 / 10)
        total += h * h * t / n
    return total


def noise(snnc):
    wrong = 0

    def check(name, got, want, error):
        nonlocal wrong
        fine = abs(got - want) < 5 * error
        wrong += not fine
        print(f"{'passed' if fine else 'FAILED'}  {name}: {got:.4f}, due {want:.4f} within {5 * error:.4f}")

    for method, dt, due in (("", 10, 2), ("", 0.5, 2), ("method = euler", 1, 2 / math.sqrt(1 - 1 / 20)), ("method = heun", 0.5, 2)):
        mean, deviation, n = moments(run(snnc, NOISE.format(dt=dt, method=method, seed=3), ["v"], f64=False)[0])
        check(f"mean of noise, {method or 'exact'}, dt = {dt}", mean, -60, 2 / math.sqrt(n))
        check(f"its deviation, {method or 'exact'}, dt = {dt}", deviation, due, 2 / math.sqrt(2 * n))
    for name, of in (("c.weight.u", "a rule"), ("c.noisy.u", "a feature"), ("g.d", "a signal")):
        mean, deviation, n = moments(run(snnc, ELSEWHERE, [name], f64=False)[0])
        check(f"mean of noise in {of}", mean, 0, 3 / math.sqrt(n))
        check(f"its deviation in {of}", deviation, 3, 3 / math.sqrt(2 * n))
    # the Lyapunov equation A P + P A^T + B B^T = 0 of v, c, u; a neuron with a time constant of its own has another solution
    for dt, args in ((10, ""), (1, ""), (5, "tau = [" + ", ".join(["10 ms"] * 100000) + "]")):
        v, c, u = run(snnc, JOINT.format(dt=dt, args=args, held="spike when 1 < 0"), ["v", "c", "u"], f64=False)
        for pair, x, y, due in (("v v", v, v, 1 / 3), ("v c", v, c, 1 / 3), ("c c", c, c, 1), ("v u", v, u, math.sqrt(2) / 3),
                                ("c u", c, u, math.sqrt(8) / 3), ("u u", u, u, 1)):
            check(f"covariance of {pair}{', lists' if args else ''}, dt = {dt}", sum(a * b for a, b in zip(x, y)) / len(x), due,
                  math.sqrt(2 / len(x)))
    # all neurons refractory for ever from the first step on: v stands still, the others go on
    v, c, u = run(snnc, JOINT.format(dt=5, args="", held="spike when c > -inf refractory 10000 ms hold v"), ["v", "c", "u"], f64=False)
    check("a voltage that is held", moments(v)[1], math.sqrt(joint_step(5)), math.sqrt(joint_step(5) / (2 * len(v))))
    check("what goes on beside it", moments(c)[1], 1, 1 / math.sqrt(2 * len(c)))
    check("and with it", sum(a * b for a, b in zip(c, u)) / len(c), math.sqrt(8) / 3, math.sqrt(2 / len(c)))
    # Stratonovich: the logarithm grows by t / tau; Ito: by t / tau - 0.3^2 t / (2 tau)
    for method, due in (("", 1), ("method = euler", 1 - 0.045)):
        mean, _, n = moments([math.log(v) for v in run(snnc, GROWS.format(method=method), ["v"], f64=False)[0]])
        check(f"mean logarithm of a noisy growth, {method or 'heun'}", mean, due, 0.3 / math.sqrt(n) + 0.0006)
    return wrong


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    tool.add_snnc_option(parser)
    options = parser.parse_args()
    tool.need_snnc(parser, options)
    wrong = orders(options.snnc) + exact(options.snnc) + settled(options.snnc) + noise(options.snnc)
    if wrong:
        raise SystemExit(f"{wrong} wrong")


if __name__ == "__main__":
    main()
