#!/usr/bin/env python3
"""run.py: how many instructions a step of some networks takes, as callgrind counts them, against counts.txt: at most 5 % more.

    tests/instructions/run.py [--snnc PATH] [--update]

Counted is C for x86-64-v3 by gcc 12 (Debian 12's): a long run less a short one, by the steps between. Fewer are told, and written by --update.
Skipped (status 77) without valgrind, or where cc is another compiler, whose counts are others.
"""
import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
sys.dont_write_bytecode = True
sys.path.insert(0, str(ROOT / "tests" / "tools"))

import tool                                          # noqa: E402

MORE, COUNTS = 0.05, HERE / "counts.txt"
CASES = [("dense_static", ["n=300"], 10, 60, 1), ("dense_stdp", ["n=520"], 10, 60, 1), ("cuba", [], 2, 22, 0.1), ("coba", [], 2, 12, 0.1),
         ("brunel_stdp", ["scale=0.1"], 2, 12, 0.1), ("microcircuit", ["scale=0.02"], 2, 22, 0.1)]      # settings, ms of both runs, dt


def count(snnc, folder, name, settings, ms):
    out = folder / f"{name}-{ms}"
    sets = [word for text in [*settings, f"time={ms} ms"] for word in ("--set", text)]
    subprocess.run([snnc, "build", ROOT / "examples" / "benchmarks" / f"{name}.snn", "--cpu", "x86-64-v3", "-o", out, *sets], check=True)
    done = subprocess.run(["valgrind", "--tool=callgrind", f"--callgrind-out-file={folder}/out", out, "--quiet", "--no-results"], cwd=folder,
                          capture_output=True, text=True, check=True)
    return int(re.search(r"Collected : (\d+)", done.stderr)[1])


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0].split(": ", 1)[1])
    tool.add_snnc_option(parser)
    parser.add_argument("--update", action="store_true")
    options = parser.parse_args()
    tool.need_snnc(parser, options)
    version = subprocess.run([os.environ.get("CC", "cc"), "--version"], capture_output=True, text=True, check=False).stdout
    if not shutil.which("valgrind") or os.uname().machine != "x86_64" or not re.search(r"^\S*cc .* 12\.", version):
        print("skipped: needs valgrind and gcc 12")
        return 77
    known = dict(line.split() for line in COUNTS.read_text().splitlines() if line and line[0] != "#") if COUNTS.exists() else {}
    found, wrong = {}, 0
    with tempfile.TemporaryDirectory(prefix="snnc-instructions-") as folder:
        for name, settings, short, long, dt in CASES:
            a, b = (count(options.snnc, Path(folder), name, settings, ms) for ms in (short, long))
            found[name] = round((b - a) / ((long - short) / dt))
            ratio = found[name] / int(known[name]) if name in known else 1
            grown = ratio > 1 + MORE or name not in known
            wrong += grown
            print(f"{'failed' if grown else 'passed'}  {name}: {found[name]} instructions a step, {known.get(name, 'none')} in the list ({100 * ratio - 100:+.1f} %)")
    if options.update:
        COUNTS.write_text("# Instructions of a step (tests/instructions/run.py --update).\n" + "".join(f"{name} {n}\n" for name, n in found.items()))
        return 0
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
