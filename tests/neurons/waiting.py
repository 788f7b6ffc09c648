#!/usr/bin/env python3
"""waiting.py: steps in which all neurons or all items wait for each other, beside the same steps written out by hand.

    tests/neurons/waiting.py [--snnc PATH] [--engines eval,jit,c]

Each statement is done for all neurons and items before the next, also inside an `if`: where one spike is kept, where a state that
the items share is read behind its change, where spikes of the step before are read behind both. All numbers are exact.
"""
import argparse
import itertools
import random
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.dont_write_bytecode = True
sys.path.insert(0, str(HERE.parent / "tools"))

import npy                                           # noqa: E402
import tool                                          # noqa: E402

STEPS, N = 12, 7
PROGRAM = """
dt = 1 ms ; batch = {batch}
neuron Waits() {{
    state v = 0
    state m = 0 shared over batch
    state k = 1 shared over batch
    state seen = 0
    step {{
        let factor = 0.5 if i < 3 else 0.25           # no item has another one
        v = 0.5 * v + input
        m *= factor
        if v > 1 + 0.125 * m {{
            m += 1
            v -= 0.125 * m
            spike{value}
            if i > 1 {{ {inside} }} else {{ seen += spike ; v = 0.5 * v }}
        }}
        if learning {{ k *= factor ; v += 0.125 }}
        seen += spike
        {outside}
    }}
}}
layer b : Waits[{n}] {{ input file("drive.npy") }}
draws b.keep from "u.npy"
experiment {{ run {steps} ms }}
record b.spikes ; record b.v ; record b.m ; record b.k ; record b.seen
"""


def keep(spikes, wanted, u):
    """Of those that spike and compete the one at the drawn rank stays."""
    candidates = [i for i in range(N) if spikes[i] and wanted[i]]
    if len(candidates) > 1:
        stays = candidates[min(int(u * len(candidates)), len(candidates) - 1)]
        for i in candidates:
            if i != stays:
                spikes[i] = 0.0


def simulate(batch, drive, u, inside, valued):
    v, seen, sent = ([[0.0] * N for _ in range(batch)] for _ in range(3))
    m, k = [0.0] * N, [1.0] * N
    out = {name: [] for name in ("spikes", "v", "m", "k", "seen")}
    factor = [0.5 if i < 3 else 0.25 for i in range(N)]
    every = [(b, i) for b in range(batch) for i in range(N)]
    for t in range(STEPS):
        spikes = [[0.0] * N for _ in range(batch)]
        for b, i in every:
            v[b][i] = 0.5 * v[b][i] + drive[t][b][i]
        m = [x * f for x, f in zip(m, factor)]
        over = {(b, i) for b, i in every if v[b][i] > 1 + 0.125 * m[i]}
        for _, i in over:
            m[i] += 1
        for b, i in over:
            v[b][i] -= 0.125 * m[i]
            spikes[b][i] = 1 + 0.25 * i if valued else 1.0
        for b in range(batch if inside else 0):
            keep(spikes[b], [(b, i) in over and i > 1 for i in range(N)], u[t][b])
        for b, i in over:
            if i <= 1:
                seen[b][i] += sent[b][i]
                v[b][i] *= 0.5
            elif not inside:
                v[b][i] += 0.25
        k = [x * f for x, f in zip(k, factor)]
        for b, i in every:
            v[b][i] += 0.125
            seen[b][i] += sent[b][i]
        for b in range(0 if inside else batch):
            keep(spikes[b], [v[b][i] > 1 and i < 5 for i in range(N)], u[t][b])
        sent = spikes
        for name, now in (("spikes", spikes), ("v", v), ("seen", seen)):
            out[name] += [x for row in now for x in row]
        out["m"] += m
        out["k"] += k
    return out


def flat(x):
    return [z for y in x for z in flat(y)] if isinstance(x, list) else [x]


def check(snnc, engine, batch, inside, valued, rng, folder):
    drive = [[[rng.choice([0, 0.25, 1.5, 2]) for _ in range(N)] for _ in range(batch)] for _ in range(STEPS)]
    u = [[rng.random() for _ in range(batch)] for _ in range(STEPS)]
    for name, values, shape in (("drive", drive, (STEPS, batch, N)), ("u", u, (STEPS, batch))):
        npy.save(folder / f"{name}.npy", npy.make(shape, "f8", flat(values)))
    (folder / "case.snn").write_text(PROGRAM.format(
        batch=batch, n=N, steps=STEPS, value=" 1 + 0.25 * i" if valued else "", inside="keep one spike at random" if inside else "v += 0.25",
        outside="" if inside else "keep one spike at random if v > 1 and i < 5"), encoding="utf-8")
    done = subprocess.run([snnc, "run", "case.snn", "--engine", engine, "--precision", "f64", "--quiet", "--out", "out"], cwd=folder,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    if done.returncode:
        return done.stdout
    want = simulate(batch, drive, u, inside, valued)
    for name, values in want.items():
        record = npy.load(folder / "out" / f"b.{name}.npy")
        if isinstance(record, npy.Events):
            t, b, i = (record.fields.index(field) for field in ("t", "b", "i"))
            have = [0.0] * len(values)
            for row in record.rows:
                have[(row[t] * batch + row[b]) * N + row[i]] = 1.0
        else:
            have = list(record.data)
        if have != values:
            at = next(k for k in range(len(values)) if have[k] != values[k])
            return f"{name}: value {at} is {have[at]}, not {values[at]}"
    return None


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0].split(": ", 1)[1])
    tool.add_snnc_option(parser)
    parser.add_argument("--engines", default="eval,jit,c", help="default: %(default)s")
    options = parser.parse_args()
    tool.need_snnc(parser, options)
    wrong = 0
    for engine, batch, inside, valued in itertools.product(options.engines.split(","), (1, 3), (True, False), (True, False)):
        with tempfile.TemporaryDirectory(prefix="snnc-waiting-") as folder:
            why = check(options.snnc, engine, batch, inside, valued, random.Random(batch), Path(folder))
        if why:
            wrong += 1
            print(f"{engine}, batch {batch}{', inside an `if`' * inside}{', spikes with values' * valued}: {why}")
    print(f"{wrong} wrong")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
