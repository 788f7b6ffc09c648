#!/usr/bin/env python3
"""spatial.py: neurons that have places: pairs by conditions and by distance, weights and delays by distance, beside sums in Python.

    tests/patterns/spatial.py [--snnc PATH] [--engines eval,jit,c]
"""
import argparse
import math
import sys
import tempfile
from collections import Counter
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.dont_write_bytecode = True
sys.path[:0] = [str(HERE.parent / "tools"), str(HERE)]

import drawn                                         # noqa: E402
import tool                                          # noqa: E402
from drawn import Wrong, chi_square, need, pairs     # noqa: E402

ROWS, COLUMNS, STEP = 12, 15, 50.0                   # of the grid; um
OTHERS = 60
PROGRAM = """
dt = 1 ms
layer g : LIF[12, 15](tau = 20 ms, v = uniform(-80 mV, -52 mV)) at grid(spacing = 50 um, periodic = {periodic})
layer b : LIF[60] at (x = 12.5 um * i, y = 30 um)
layer u : LIF[400] at (x = uniform(0 mm, 1 mm), y = normal(500 um, 100 um))
{{lines}}
experiment {{{{ run 20 ms }}}}
"""


def run(snnc, folder, lines, seed=1, engine="eval", options=(), periodic="false"):
    return drawn.run(snnc, folder, lines, seed, engine, options, PROGRAM.format(periodic=periodic))


def place(k):
    return STEP * (k % COLUMNS), STEP * (k // COLUMNS)


def apart(i, j, periodic):
    (x, y), (u, v) = place(i), place(j)
    dx, dy = abs(x - u), abs(y - v)
    if periodic:
        dx, dy = min(dx, STEP * COLUMNS - dx), min(dy, STEP * ROWS - dy)
    return math.hypot(dx, dy)


N = ROWS * COLUMNS
ALL = [(i, j) for i in range(N) for j in range(N)]


def conditions(snnc, folder):
    """What a condition chooses is known without a draw."""
    cases = [("where(abs(i - j) < 3)", "b -> b", lambda i, j: abs(i - j) < 3), ("where(i >= j, autapses = false)", "b -> b", lambda i, j: i > j),
             ("where(i == j + 1 or j == 0)", "g -> b", lambda i, j: i == j + 1 or j == 0),
             ("where(pre.x < post.x and post.y == 30 um)", "g -> b", lambda i, j: place(i)[0] < 12.5 * j),
             ("where(d < 130 um, room = 9000)", "g -> g", lambda i, j: apart(i, j, False) < 130),
             ("distance(within = 130 um)", "g -> g", lambda i, j: apart(i, j, False) <= 130),
             ("distance(1, 200 um, autapses = false)", "g -> g", lambda i, j: i != j and apart(i, j, False) <= 200)]
    sizes = {"b": OTHERS, "g": N}
    lines = [f"connect {of} by {by} as c{k} {{ weight = 1 }}" for k, (by, of, _) in enumerate(cases)]
    found = run(snnc, folder, lines)
    for k, (by, of, holds) in enumerate(cases):
        npre, npost = (sizes[name] for name in of.split(" -> "))
        want = [(i, j) for i in range(npre) for j in range(npost) if holds(i, j)]
        need(pairs(found, f"c{k}") == want, f"{by} of {of} gives other pairs")
    found = run(snnc, folder, ["connect g -> g by distance(within = 130 um) as c { weight = 1 }"], periodic="true")
    need(pairs(found, "c") == [(i, j) for i, j in ALL if apart(i, j, True) <= 130], "a grid whose ends meet gives other pairs")


def chances(snnc, folder, engine):
    """Pairs are as likely as they should be, at each distance and for each neuron; places and weights are spread as they should."""
    lines = ["connect g -> g by distance(0.8 * exp(-d / (150 um)), within = 400 um, autapses = false) as c { weight = normal(5, 2) }",
             "connect g -> b by where(random() < 0.1 and j < 40) as w { weight = 1 }",
             "connect u -> b by distance(0.3 if pre.x < 1 mm and pre.y > -9 mm else 0) as v { weight = 1 }"]
    counts, rows, columns, x, weights, many = Counter(), Counter(), Counter(), Counter(), Counter(), 0
    seeds = range(1, 9)
    for seed in seeds:
        found = run(snnc, folder, lines, seed, engine, periodic="true")
        near = pairs(found, "c")
        need(len(set(near)) == len(near), "a multapse")
        counts.update(round(apart(i, j, True) / 50) for i, j in near)
        chosen = pairs(found, "w")
        rows.update(i for i, _ in chosen)
        columns.update(j for _, j in chosen)
        many += len(chosen)
        x.update(int(v / 100) for v in found["u.at_x"])
        y = sorted(found["u.at_y"])
        need(abs(y[200] - 500) < 40 and abs(y[336] - y[64] - 200) < 60, f"places are not normal: median {y[200]}")
        weights.update(min(max(int((v - 5) / 2 * 2 + 4), 0), 7) for v in found["c.weight"][:len(near)])
    cells = Counter()
    for i, j in ALL:
        d = apart(i, j, True)
        if i != j and d <= 400:
            cells[round(d / 50)] += 0.8 * math.exp(-d / 150)
    need(set(counts) == set(cells), "pairs at other distances")
    total = sum(counts.values())
    z = (total - len(seeds) * sum(cells.values())) / (len(seeds) * sum(cells.values())) ** 0.5
    need(abs(z) < 4, f"{total} pairs, {z:.1f} deviations off")
    chi_square("distances", [counts[b] for b in sorted(cells)], [cells[b] * total / sum(cells.values()) for b in sorted(cells)])
    need(set(columns) <= set(range(40)), "a pair for which the condition does not hold")
    chi_square("sources", [rows[i] for i in range(N)], [many / N] * N)
    chi_square("targets", [columns[j] for j in range(40)], [many / 40] * 40)
    need(abs(many - 8 * N * 40 * 0.1) < 4 * (8 * N * 40 * 0.09) ** 0.5, f"{many} pairs of `random() < 0.1`")
    chi_square("places", [x[k] for k in range(10)], [400 * len(seeds) / 10] * 10)
    normal = [0.5 * (1 + math.erf(k / 2 / 2 ** 0.5)) for k in (-3, -2, -1, 0, 1, 2, 3)]
    bounds = [0, *normal, 1]
    n = sum(weights.values())
    chi_square("weights", [weights[k] for k in range(8)], [n * (bounds[k + 1] - bounds[k]) for k in range(8)])


def values(snnc, folder):
    """Weights and delays by distance and by places."""
    lines = ["connect g -> g by distance(within = 220 um) as c { weight = 2 * exp(-d * d / (2 * (100 um) * (100 um))) ; "
             "delay = 1 ms + d / (0.1 m/s) { range [1 ms, 4 ms] } }",
             "connect g -> b as all { weight = 1 mV / (1 um) * (post.x - d) }", "connect b -> b by one_to_one as self { weight = 1 mV / (1 um) * d + 1 mV }"]
    found = run(snnc, folder, lines)
    near = [(i, j) for i, j in ALL if apart(i, j, False) <= 220]
    row, target, begin = found["c.row"], found["c.target"], found["c.delay_begin"]
    seen = {}
    for i in range(N):
        bounds = begin[i * 5:(i + 1) * 5]
        for later in range(4):
            for e in range(row[i] + bounds[later], row[i] + bounds[later + 1]):
                seen[i, target[e]] = later + 1, found["c.weight"][e]
    need(sorted(seen) == near, "other pairs")
    for (i, j), (steps, weight) in seen.items():
        d = apart(i, j, False)
        need(abs(weight - 2 * math.exp(-d * d / 20000)) < 1e-5, f"weight {weight} at {d} um")
        exact = 1 + d / 100
        need(steps == math.floor(exact + 0.5) or abs(exact % 1 - 0.5) < 1e-4, f"{steps} steps at {d} um")
    for k, weight in enumerate(found["all.weight"]):
        (x, y), j = place(k // OTHERS), k % OTHERS
        need(abs(weight - (12.5 * j - math.hypot(x - 12.5 * j, y - 30))) < 1e-3, f"weight {k} of all pairs is {weight}")
    need(all(w == 1 for w in found["self.weight"]), "a neuron is away from itself")


def alike(snnc, folder, engines):
    """All engines, any number of threads; another seed draws others."""
    lines = ["connect g -> g by distance(0.5 * exp(-d / (150 um)), autapses = false) as c { weight = 3 * exp(-d / (90 um)) { range [0, 3] ; learn PostPre() } ; "
             "delay = 1 ms + d / (0.2 m/s) { range [1 ms, 5 ms] } }",
             "connect u -> u by where(bernoulli(0.05) and pre.x > post.x) as w { weight = uniform(0, 1) }",
             "connect g -> u by distance(0.2, within = 500 um) as v { weight = normal(4, 1) }"]
    first = run(snnc, folder, lines, 3)
    for engine in engines:
        for threads in ("1", "2", "4"):
            if engine == "jit" or threads == "2":
                need(run(snnc, folder, lines, 3, engine, ["--threads", threads]) == first, f"{engine} with {threads} threads has another network")
    other = run(snnc, folder, lines, 4)
    need(all(other[f"{c}.row"] != first[f"{c}.row"] for c in "cwv") and other["u.at_x"] != first["u.at_x"], "two seeds draw the same")
    wide = run(snnc, folder, lines, 3, "eval", ["--precision", "f64"])
    need(abs(wide["c.row"][N] - first["c.row"][N]) < 50, "doubles make another network")


def example(snnc, folder, engine):
    """examples/wave.snn: the farther from the middle, the later the first spike."""
    text = (HERE.parent.parent / "examples" / "wave.snn").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if not line.startswith(("record", "plot"))]
    (folder / "case.snn").write_text("\n".join(lines).replace("{", "{{").replace("}", "}}"), encoding="utf-8")
    found = drawn.run(snnc, folder, [], 0, engine, program=(folder / "case.snn").read_text())
    first = found["sheet.first"]
    apart = [math.hypot(x - 1000, y - 1000) for x, y in zip(found["sheet.at_x"], found["sheet.at_y"])]
    need(min(first) > 0, "the wave does not reach all of the sheet")
    mean, far = sum(first) / 1600, sum(apart) / 1600
    both = sum((a - mean) * (b - far) for a, b in zip(first, apart))
    r = both / (sum((a - mean) ** 2 for a in first) * sum((b - far) ** 2 for b in apart)) ** 0.5
    need(r > 0.97, f"first spikes and distance: correlation {r:.3f}")


def refused(snnc, folder):
    """Too little room is told when it is found out."""
    try:
        run(snnc, folder, ["connect g -> g by distance(within = 130 um, room = 100) as c { weight = 1 }"])
    except Wrong as error:
        need("room for 100; say how many there may be: `room = " in str(error), str(error))
    else:
        need(False, "more synapses than there is room for")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0].split(": ", 1)[1])
    tool.add_snnc_option(parser)
    parser.add_argument("--engines", default="eval,jit")
    options = parser.parse_args()
    tool.need_snnc(parser, options)
    wrong, engines = 0, options.engines.split(",")
    fast = "jit" if "jit" in engines else engines[0]
    for check, more in ((conditions, []), (chances, [fast]), (values, []), (refused, []), (example, [fast]), (alike, [engines])):
        with tempfile.TemporaryDirectory(prefix="snnc-spatial-") as temporary:
            try:
                check(options.snnc, Path(temporary), *more)
            except Wrong as error:
                print(error)
                wrong += 1
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
