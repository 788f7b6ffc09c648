#!/usr/bin/env python3
"""run.py: the pairs of docs/coming-from.md, run here and by the other simulator, give the same spikes.

    tests/coming_from/run.py --snnc PATH

Brian2 is looked for in the python that SNNC_BRIAN2_PYTHON names, then in this one; without it the test is skipped (77). Spikes are
compared neuron by neuron; times may differ by one step, which the page explains.
"""
import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
sys.dont_write_bytecode = True
sys.path[:0] = [str(ROOT / "tests" / "tools"), str(ROOT / "tests" / "docs")]

import npy                                           # noqa: E402
import run as docs                                   # noqa: E402
import tool                                          # noqa: E402

TAIL = """
import json, sys
print("RESULT", json.dumps([[int(i), float(t / ms)] for i, t in zip(spikes.i, spikes.t)]))
"""


def brian():
    for python in (os.environ.get("SNNC_BRIAN2_PYTHON"), sys.executable):
        if python and subprocess.run([python, "-c", "import brian2"], capture_output=True).returncode == 0:
            return python
    return None


def theirs(python, text, folder):
    done = subprocess.run([python, "-c", "from brian2 import prefs; prefs.codegen.target = 'numpy'\n" + text + TAIL], cwd=folder,
                          capture_output=True, text=True, timeout=300)
    found = re.search(r"RESULT (.*)", done.stdout)
    if not found:
        raise SystemExit(done.stderr)
    return sorted(json.loads(found[1]))


def ours(snnc, text, folder):
    (folder / "net.snn").write_text(text, encoding="utf-8")
    subprocess.run([snnc, "run", "net.snn", "--quiet", "--out", "out"], cwd=folder, check=True, timeout=120)
    dt = 0.1                                         # ms, in all pairs
    return sorted([row[-1], row[0] * dt] for row in npy.load(folder / "out" / "cells.spikes.npy").rows), dt


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    tool.add_snnc_option(parser)
    options = parser.parse_args()
    tool.need_snnc(parser, options)
    python = brian()
    if not python:
        print("skipped: Brian2 is not installed; SNNC_BRIAN2_PYTHON names a python that has it")
        return 77
    page = (ROOT / "docs" / "coming-from.md").read_text(encoding="utf-8")
    blocks, wrong = docs.blocks_of(page.splitlines()), []
    programs = {b.words[1]: b.text for b in blocks if b.language == "snn" and b.words[:1] == ["pair"]}
    for block in blocks:
        if block.words[:1] != ["brian2"]:
            continue
        name = block.words[1]
        with tempfile.TemporaryDirectory() as folder:
            one = theirs(python, block.text, folder)
            two, dt = ours(options.snnc, programs[name], Path(folder))
        same = len(one) == len(two) > 0 and all(a[0] == b[0] and abs(a[1] - b[1]) < 1.5 * dt + 1e-6 for a, b in zip(one, two))
        print(f"{name}: {len(one)} spikes there, {len(two)} here")
        if not same:
            wrong.append(f"{name}: {one[:6]} … there, {two[:6]} … here")
    print(*wrong, sep="\n")
    return 1 if wrong or not programs else 0


if __name__ == "__main__":
    sys.exit(main())
