#!/usr/bin/env python3
"""per_neuron.py: every parameter of every library neuron may be one number per neuron, in layers of one to four axes.

    tests/neurons/per_neuron.py [--snnc PATH] [--engines eval,jit] [--lib DIR] [-k MODEL] [--every N]

For each number among the parameters a layer with a list is run beside layers with each value of the list for all: a
neuron must do the same in both, bit for bit, in spikes and in all states. The models are read from the library's text.
"""
import argparse
import random
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

STEPS, BATCH = 40, 2
SHAPES = ([3], [1, 3], [3, 1, 1], [1, 1, 3, 1])
HEAD = re.compile(r"^neuron (\w+)\((.*?)\) \{$(.*?)^\}$", re.M | re.S)
PARAM = re.compile(r"(\w+) = (-?inf|-?[0-9.e+-]+)(?: ([A-Za-z/]+))?(?=,|$)")
COUNTS = {"window", "memory"}                        # how long a neuron looks back: one number, a size of memory
ALONE = {"DiehlCook": "one_spike = false"}           # neurons of these models act on each other otherwise


def models(lib):
    for path in sorted(lib.glob("*.snn")):
        for name, params, body in HEAD.findall(path.read_text(encoding="utf-8")):
            found = [(p, v, unit) for p, v, unit in PARAM.findall(" ".join(params.split()))]
            port = re.search(r"receive (\w+) ", body)
            yield name, found, re.findall(r"^ +state (\w+)", body, re.M), port.group(1) if port else "input" in body


def values(default, unit):
    """Three numbers around the default."""
    if default.endswith("inf"):
        return [-66.0, -64.0, -60.0] if default[0] == "-" else [3.0, 5.0, 1000.0]
    x = float(default)
    if unit == "ms":
        return [x or 1.0, x + 2.0, (x or 4.0) * 0.5]
    if unit == "Hz":
        return [x + 30.0, x + 100.0, x + 200.0]
    return [x, x + (0.0625 if abs(x) < 1 else 1.0), x - (0.03125 if abs(x) < 1 else 0.5)] if x else [0.0, 0.25, 0.5]


def program(name, shape, arguments, states, driven):
    port = f".{driven}" if isinstance(driven, str) else ""
    drive = f"connect source -> cells{port} {{ weight = 1 if i == j else 0 }}" if driven else ""
    records = "\n".join(f"record cells.{state}" for state in ["spikes", *states])
    return f"""dt = 1 ms ; batch = {BATCH}
layer source : InputValues[3] {{ input file("drive.npy") }}
layer cells : {name}{shape}({arguments})
{drive}
{records}
experiment {{ run {STEPS} ms ; reset ; run {STEPS // 2} ms }}
"""


def results(options, engine, folder, text, states):
    (folder / "case.snn").write_text(text, encoding="utf-8")
    done = subprocess.run([options.snnc, "run", "case.snn", "--engine", engine, "--quiet", "--out", "out"], cwd=folder,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    if done.returncode:
        return done.stdout.strip()
    return {state: npy.load(folder / "out" / f"cells.{state}.npy") for state in ["spikes", *states]}


def of_neuron(found, k):
    """What neuron k did, of all that was recorded."""
    rows = []
    for state, data in sorted(found.items()):
        if isinstance(data, npy.Events):
            rows.append((state, [row[:-1] for row in data.rows if row[-1] == k]))
        else:
            rows.append((state, list(data.data[k::3])))
    return rows


def check(options, engine, folder, name, param, states, shape, driven):
    key, default, unit = param
    numbers = [f"{v!r} {unit}".strip() for v in values(default, unit)]
    more = ALONE.get(name)
    arguments = [f"{key} = [{', '.join(numbers)}]"] + [f"{key} = {v}" for v in numbers]
    text = [program(name, shape, f"{a}, {more}" if more else a, states, driven) for a in arguments]
    together = results(options, engine, folder, text[0], states)
    if isinstance(together, str):
        return together
    for k in range(3):
        alone = results(options, engine, folder, text[k + 1], states)
        if isinstance(alone, str):
            return alone
        for (state, a), (_, b) in zip(of_neuron(together, k), of_neuron(alone, k)):
            if a != b:
                return f"`{state}` of neuron {k} is not what {key} = {numbers[k]} gives"
    return None


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0].split(": ", 1)[1])
    tool.add_snnc_option(parser)
    parser.add_argument("--engines", default="eval", help="default: %(default)s")
    parser.add_argument("--lib", type=Path, default=HERE.parents[1] / "lib" / "neurons")
    parser.add_argument("-k", dest="only", help="this model alone")
    parser.add_argument("--every", type=int, default=1, metavar="N", help="every so many parameters: for slow builds")
    options = parser.parse_args()
    tool.need_snnc(parser, options)
    wrong = count = seen = 0
    with tempfile.TemporaryDirectory(prefix="snnc-neurons-") as temporary:
        folder = Path(temporary)
        random.seed(11)
        drive = [random.choice([0, 0, 1, 3, 9]) for _ in range(STEPS * 2 * BATCH * 3)]
        npy.save(folder / "drive.npy", npy.make([STEPS * 2, BATCH, 3], "f4", map(float, drive)))
        for name, params, states, driven in models(options.lib):
            if options.only not in (None, name):
                continue
            for number, param in enumerate(params):
                seen += 1
                if param[0] in COUNTS or seen % options.every:
                    continue
                for engine in options.engines.split(","):
                    why = check(options, engine, folder, name, param, states, SHAPES[number % len(SHAPES)], driven)
                    count += 1
                    wrong += why is not None
                    if why:
                        print(f"{engine}: {name}, {param[0]}: {why}")
    print(f"{count - wrong} of {count} parameters may be one number per neuron")
    return 1 if wrong or count < 60 // options.every and not options.only else 0


if __name__ == "__main__":
    sys.exit(main())
