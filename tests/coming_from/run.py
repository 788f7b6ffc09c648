#!/usr/bin/env python3
"""run.py: the programs of docs/coming-from.md, run here and by other simulators, or compared with what can be worked out.

    tests/coming_from/run.py --snnc PATH SIMULATOR      brian2, nest, nestml; skipped (77) where it is not installed
    tests/coming_from/run.py --snnc PATH --closed       closed forms and NumPy, no simulator

A simulator is looked for in the python that SNNC_BRIAN2_PYTHON, SNNC_NEST_PYTHON or SNNC_NESTML_PYTHON names, then in this one. A program is
```snn pair NAME, which is compared by its spikes of `cells`, times to one step; NAME:FILE:TOLERANCE by an array, relative to its
largest number; NAME:count by how many spikes there are, within five standard deviations. `sh` blocks make the files that programs read.
"""
import argparse
import json
import math
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
sys.dont_write_bytecode = True
sys.path[:0] = [str(ROOT / "tests" / "tools"), str(ROOT / "tests" / "docs")]

import closed                                        # noqa: E402
import npy                                           # noqa: E402
import run as docs                                   # noqa: E402
import tool                                          # noqa: E402

DT = 0.1                                             # ms, in all pairs
PROBE = {"brian2": "import brian2", "nest": "import nest", "nestml": "import nest, pynestml"}
HEAD = {"brian2": "from brian2 import prefs; prefs.codegen.target = 'numpy'\n", "nest": "", "nestml": ""}
VALUES = "print('RESULT', json.dumps([float(v) for row in values for v in (row if hasattr(row, '__len__') else [row])]))\n"
SPIKES = {"brian2": "print('RESULT', json.dumps([[int(i), float(t / ms)] for i, t in zip(spikes.i, spikes.t)]))\n",
          "nest": "first = min(cells.tolist())\n"
                  "print('RESULT', json.dumps([[int(i) - first, float(t)] for i, t in zip(spikes.events['senders'], spikes.events['times'])]))\n"}
SPIKES["nestml"] = SPIKES["nest"]


def find(simulator):
    for python in (os.environ.get(f"SNNC_{simulator.upper()}_PYTHON"), sys.executable):
        if python and subprocess.run([python, "-c", PROBE[simulator]], capture_output=True).returncode == 0:
            return python
    return None


class Pair:
    def __init__(self, block):
        self.name, *rest = block.words[1].split(":")
        self.file, self.text = rest[0] if rest else "cells.spikes.npy", block.text
        self.count = self.file == "count"
        self.tolerance = float(rest[1]) if len(rest) > 1 else None

    def ours(self, snnc, folder):
        (folder / "net.snn").write_text(self.text, encoding="utf-8")
        subprocess.run([snnc, "run", "net.snn", "--quiet", "--out", "out"], cwd=folder, check=True, timeout=120)
        found = npy.load(folder / "out" / ("cells.spikes.npy" if self.count else self.file))
        if self.tolerance:
            return [float(v) for v in found.data]
        return sorted([row[-1], row[0] * DT] for row in found.rows)

    def differs(self, there, here):
        if self.count:
            a, b = (v if isinstance(v, (int, float)) else len(v) for v in (there, here))
            return None if abs(a - b) < 5 * math.sqrt(a + b) else f"{a} spikes and {b}"
        if self.tolerance:
            n = min(len(there), len(here))
            if n == 0 or abs(len(there) - len(here)) * 8 > n:
                return f"{len(there)} numbers and {len(here)}"
            most, largest = max(abs(a - b) for a, b in zip(there, here)), max(abs(a) for a in there[:n])
            return None if most <= self.tolerance * largest else f"differ by {most:g} of {largest:g}: {there[:4]} and {here[:4]}"
        same = len(there) == len(here) > 0 and all(a[0] == b[0] and abs(a[1] - b[1]) < 1.5 * DT + 1e-6 for a, b in zip(there, here))
        return None if same else f"{len(there)} spikes and {len(here)}: {there[:6]} … and {here[:6]} …"


def theirs(simulator, python, text, pair, folder):
    tail = "\nimport json\n" + (VALUES if pair.tolerance else SPIKES[simulator])
    done = subprocess.run([python, "-c", HEAD[simulator] + text + tail], cwd=folder, capture_output=True, text=True, timeout=600)
    found = re.search(r"RESULT (.*)", done.stdout)
    if not found:
        return None, done.stderr[-2000:]
    result = json.loads(found[1])
    return (result if pair.tolerance else sorted(result)), None


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    tool.add_snnc_option(parser)
    parser.add_argument("--closed", action="store_true")
    parser.add_argument("simulator", nargs="?", choices=list(PROBE))
    options = parser.parse_args()
    tool.need_snnc(parser, options)
    simulator = "closed" if options.closed else options.simulator
    python = None if options.closed else find(options.simulator)
    if not options.closed and not python:
        print(f"skipped: {simulator} is not installed; SNNC_{simulator.upper()}_PYTHON names a python that has it")
        return 77
    blocks = docs.blocks_of((ROOT / "docs" / "coming-from.md").read_text(encoding="utf-8").splitlines())
    pairs = [Pair(b) for b in blocks if b.language == "snn" and b.words[:1] == ["pair"]]
    wrong, compared = [], 0
    with tempfile.TemporaryDirectory(prefix="snnc-pairs-") as name:
        folder = Path(name)
        for b in blocks:
            if b.language == "sh" and "no" not in b.words:
                subprocess.run(["sh", "-e", "-c", b.text], cwd=folder, check=True)
        for pair in pairs:
            text = next((b.text for b in blocks if b.words[:2] == [simulator, pair.name]), None)
            if not text and not options.closed:
                continue
            here = pair.ours(options.snnc, folder)
            there, why = (closed.FORMS[pair.name](), None) if options.closed else theirs(simulator, python, text, pair, folder)
            why = why or pair.differs(there, here)
            compared += 1
            print(f"{pair.name}: {why or 'the same'}", flush=True)
            wrong += [pair.name] if why else []
    print(f"{compared} pairs, {len(wrong)} differ")
    return 1 if wrong or not compared else 0


if __name__ == "__main__":
    sys.exit(main())
