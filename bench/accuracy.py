#!/usr/bin/env python3
"""accuracy.py: how well examples/mnist.snn learns, over several seeds.

    bench/accuracy.py --data DIR [--snnc PATH] [--seeds 0,1,2,3,4] [--set n=400 ...] [--at-least PERCENT]

Prints the accuracy of both readouts for each seed, their mean and their minimum; --at-least makes a mean of any
readout below it an error.
"""
import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.dont_write_bytecode = True
sys.path.insert(0, str(ROOT / "tests" / "tools"))

import tool                                          # noqa: E402


def find_report(node):
    """The first report of an accuracy anywhere in the manifest."""
    if isinstance(node, dict):
        if node.get("what") == "accuracy":
            return node
        node = list(node.values())
    if isinstance(node, list):
        return next((found for found in map(find_report, node) if found), None)
    return None


def run(options, seed, out):
    command = [options.snnc, "run", str(ROOT / "examples/mnist.snn"), "--seed", str(seed), "--quiet", "--out", str(out)]
    command += ["--data", str(options.data)] if options.data else []
    for setting in options.set:
        command += ["--set", setting]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if done.returncode:
        sys.exit(f"accuracy: exit status {done.returncode}\n{done.stderr}")
    manifest = json.loads((out / "manifest.json").read_text(encoding="utf-8"))
    report = find_report(manifest)
    if report is None:
        sys.exit("accuracy: the manifest reports no accuracy")
    if options.data and '"fallback"' in json.dumps(manifest):
        sys.exit(f"accuracy: the files were not found in {options.data}; drawn digits were used")
    return {key: 100 * value for key, value in report.items() if isinstance(value, float)}


def main():
    parser = argparse.ArgumentParser(description="How well examples/mnist.snn learns, over several seeds.")
    tool.add_snnc_option(parser)
    parser.add_argument("--data", type=Path, help="folder of the MNIST files (default: drawn digits)")
    parser.add_argument("--seeds", default="0,1,2,3,4", help="default: %(default)s")
    parser.add_argument("--set", action="append", default=[], metavar="NAME=VALUE")
    parser.add_argument("--at-least", type=float, metavar="PERCENT")
    parser.add_argument("--skip-missing", action="store_true", help="exit with 77 if there is no folder of --data")
    options = parser.parse_args()
    tool.need_snnc(parser, options)
    if options.skip_missing and options.data and not options.data.is_dir():
        print(f"skipped: there is no folder {options.data}")
        return 77
    results = {}
    with tempfile.TemporaryDirectory(prefix="snnc-accuracy-") as temporary:
        for seed in (int(text) for text in options.seeds.split(",")):
            results[seed] = run(options, seed, Path(temporary) / str(seed))
            print(f"seed {seed}   " + "   ".join(f"{k} {v:5.1f} %" for k, v in results[seed].items()), flush=True)
    names = list(next(iter(results.values())))
    low = False
    for name in names:
        values = [result[name] for result in results.values()]
        mean = statistics.mean(values)
        low |= options.at_least is not None and mean < options.at_least
        print(f"{name}: mean {mean:.1f} %, minimum {min(values):.1f} %, {len(values)} seeds")
    return 1 if low else 0


if __name__ == "__main__":
    sys.exit(main())
