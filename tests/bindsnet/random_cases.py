#!/usr/bin/env python3
"""random_cases.py: random cases of the golden format, for `run --cases`.

    tests/bindsnet/random_cases.py --reference reference.py --out DIR [--count N] [--seed S] [--only KIND,...]
    tests/bindsnet/random_cases.py --reference reference.py --run [--count N] ... -- OPTIONS OF run

A reference is a replay of cases in NumPy, with a function simulate(folder), the classes Layer and Conn, and the random
choices among the expected arrays. It is not part of this project; without it, or without NumPy, the status is 77
(CTest: skipped). Case K of a seed depends on the seed and K alone: `--first K --count 1` makes it again.

A case is kept if all its layers spike, but not in every step, and if its spikes stay the same when weights, biases and inputs
change by some 1e-6: then rounding moves no spike, and a difference means something. The others are redrawn and counted.
"""
import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.dont_write_bytecode = True
sys.path.insert(0, str(HERE))
try:
    import numpy as np
    from random_kinds import KINDS, WEIGHTS
    from random_parts import Draft
    from random_reference import Reference
except ImportError:
    np = None
    KINDS = ()

SKIPPED = 77
TRIES = 40


def expectations(d):
    """Zeros in the shapes of what will be expected, for the reference to know what to record."""
    case = d.case
    steps, batch = case["steps"], case["batch"]
    for layer in case["layers"]:
        full, name = [steps, batch, *layer["shape"]], layer["name"]
        if layer["type"] == "SRM0Nodes":
            d.expected["draw_uniform_" + name] = d.uniform(0, 1, *full)
            d.expected["prob_" + name] = np.zeros(full, "f4")
        if layer["type"] == "DiehlAndCookNodes" and layer["one_spike"]:
            d.expected["cand_" + name] = np.zeros(full, "u1")
        if layer["type"] != "Input":
            d.expected["s_" + name] = np.zeros(full, "u1")
            if layer.get("sum_input"):
                d.expected["summed_" + name] = np.zeros(full, "f4")
        if "refrac" in layer:
            d.expected["refrac_count_" + name] = np.zeros(full, "f4")
        if "tc_i_decay" in layer:
            d.expected["i_" + name] = np.zeros(full, "f4")
        if "tc_theta_decay" in layer:
            d.expected["theta_" + name] = np.zeros([steps, *layer["shape"]], "f4")
        if layer["type"] == "IzhikevichNodes":
            d.expected["u_" + name] = np.zeros(full, "f4")
    drawing, sizes = 0, set()
    for c in case["connections"]:
        if c.get("traces"):
            target = next(layer for layer in case["layers"] if layer["name"] == c["target"])
            d.expected[f"activity_{c['source']}_{c['target']}"] = np.zeros([steps, batch, *target["shape"]], "f4")
        for f in c.get("pipeline", []):
            d.expected[f"w_{c['source']}_{c['target']}_{f['name']}"] = np.zeros([steps // case["w_every"], *d.arrays[f["value"]].shape], "f4")
            if f["type"] == "Probability":
                sizes.add(d.arrays[f["value"]].shape)
                drawing += d.arrays[f["value"]].size
    if len(sizes) == 1:                              # one matrix behind the other; of several sizes the numbers are
        d.expected["draw_bernoulli"] = d.bits(0.6, steps * drawing).reshape(-1, *sizes.pop()).astype("f4")
    elif drawing:
        d.expected["draw_bernoulli"] = d.bits(0.6, steps, drawing).astype("f4")


def fill(d, caught):
    if "kind" in d.case:
        mine = caught["misc"]
        found = {"out": mine.get("o"), "assignments": mine.get("ass"), "proportions": mine.get("prop"), "rates": mine.get("rates"), "ngram": mine.get("pr")}
        if d.case["kind"] == "evaluation":
            found.update(all_activity=mine["aa"].argmax(1), proportion_weighting=mine["pw"].argmax(1))
        for key in d.expected:
            d.expected[key] = np.asarray(found[key]).astype(d.expected[key].dtype).reshape(d.expected[key].shape)
        return
    log = caught["simulate"]["log"]
    for key, a in log.items():
        bits = key.startswith(("s_", "cand_"))
        d.expected[key] = a.astype("u1" if bits else "f4")
    windows = [f"{c['source']}_{c['target']}" for c in d.case["connections"] if "kernel_size" in c and c["type"] != "LocalConnection"]
    for key in [k for k in d.expected if k.startswith(("final_el", "final_p_")) and k.endswith(tuple(windows))]:
        del d.expected[key]                          # BindsNET keeps them on patches
    for key in [k for k in d.expected if k not in log and not k.startswith("draw_")]:
        del d.expected[key]                          # not a thing that the replay has


def lively(d):
    """None, or what makes the case worth nothing: "silent", "loud" or "wild"."""
    for key, a in d.expected.items():
        if key.startswith("s_") and a.size:
            mean = float(a.mean())
            if a.sum() < 2:
                return "silent"
            if mean > 0.7:
                return "loud"
        if a.dtype == np.float32 and (not np.isfinite(a).all() or np.abs(a).max() > 1e5 and not key.startswith("refrac")):
            return "wild"
    return None


def make_case(reference, seed, number, kinds, redrawn):
    """The Draft of case `number`."""
    for attempt in range(TRIES):
        rng = random.Random(f"{seed} {number} {attempt}")
        names = [k for k in WEIGHTS if k in kinds]
        kind = random.Random(f"{seed} {number}").choices(names, [WEIGHTS[k] for k in names])[0]
        why = None
        boost = 1.0
        for _ in range(6):
            d = Draft(random.Random(f"{seed} {number} {attempt}"))
            KINDS[kind](d, boost)
            if "kind" in d.case:
                fill(d, reference.run(d, number))
                return d
            expectations(d)
            fill(d, reference.run(d, number))
            why = lively(d)
            if why not in ("silent", "loud"):
                break
            boost *= 2.1 if why == "silent" else 0.45
        if not why:
            spikes = {k: a for k, a in d.expected.items() if k.startswith(("s_", "cand_"))}
            for off in (1e-6, 2e-6, 3e-6, 4e-6, 5e-6):
                log = reference.run(d, number, off)["simulate"]["log"]
                if not all(np.array_equal(log[k].astype("u1"), a) for k, a in spikes.items()):
                    why = "on the edge"
                elif not all(np.allclose(log[k], a, rtol=5e-5, atol=1e-5) for k, a in d.expected.items() if k in log):
                    why = "ill-conditioned"
                if why:
                    break
        if not why:
            return d
        redrawn[why] = redrawn.get(why, 0) + 1
    return None


def join_draws(d):
    """What several layers drew is sometimes one array: their numbers behind each other in each step."""
    keys = ["draw_uniform_" + layer["name"] for layer in d.case.get("layers", []) if layer["type"] == "SRM0Nodes"]
    if len(keys) == 1 or keys and d.chance(0.5):
        parts = [d.expected.pop(key) for key in keys]
        d.expected["draw_uniform"] = parts[0] if len(parts) == 1 else np.concatenate([a.reshape(len(a), -1) for a in parts], 1)


def save(d, folder, name):
    folder.mkdir(parents=True, exist_ok=True)
    join_draws(d)
    case = {**d.case, "case": name, "given": {k: list(a.shape) for k, a in d.arrays.items()}, "expected": {k: list(a.shape) for k, a in d.expected.items()}}
    (folder / "case.json").write_text(json.dumps(case, indent=1), encoding="utf-8")
    for key, a in {**d.arrays, **d.expected}.items():
        np.save(folder / (key + ".npy"), a)


def make_cases(options):
    reference, redrawn, made = Reference(options.reference), {}, 0
    try:
        for number in range(options.first, options.first + options.count):
            d = make_case(reference, options.seed, number, set(options.only.split(",")), redrawn)
            if d is not None:
                name = f"{d.case['case']}-{options.seed}-{number}"
                save(d, options.out / name, name)
                made += 1
    finally:
        reference.close()
    print(f"{made} cases of seed {options.seed} in {options.out}" + "".join(f", {n} redrawn: {why}" for why, n in sorted(redrawn.items())), flush=True)
    return made


def main():
    parser = argparse.ArgumentParser(description="Random cases of the golden format, for `run --cases`.")
    parser.add_argument("--reference", type=Path, default=os.environ.get("SNNC_BINDSNET_REFERENCE") or None, metavar="FILE", help="default: $SNNC_BINDSNET_REFERENCE")
    parser.add_argument("--out", type=Path, metavar="DIR", help="default: a temporary folder, with --run")
    parser.add_argument("--run", action="store_true", help="replay the cases by `run`, with the options behind --")
    parser.add_argument("options", nargs="*", help=argparse.SUPPRESS)
    parser.add_argument("--count", type=int, default=100, metavar="N")
    parser.add_argument("--first", type=int, default=0, metavar="K")
    parser.add_argument("--seed", type=int, default=1, metavar="S")
    parser.add_argument("--only", default=",".join(KINDS), metavar="KIND,...", help="default: %(default)s")
    options = parser.parse_args()
    if np is None or not options.reference or not options.reference.exists():
        print("skipped: " + ("there is no NumPy" if np is None else f"there is no reference ({options.reference})"))
        return SKIPPED
    if not options.out and not options.run:
        parser.error("say where the cases go: --out DIR, or --run")
    with tempfile.TemporaryDirectory(prefix="snnc-random-") as temporary:
        options.out = options.out or Path(temporary)
        made = make_cases(options)
        if made and options.run:
            return subprocess.run([sys.executable, HERE / "run", "--cases", options.out, *options.options]).returncode
    return 0 if made else 1


if __name__ == "__main__":
    sys.exit(main())
