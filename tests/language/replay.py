#!/usr/bin/env python3
"""replay.py: spikes that a run recorded drive another run, which is then the same, item by item; lists of spikes for items of a batch.

    tests/language/replay.py [--snnc PATH] [--engines eval,jit,c]
"""
import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.dont_write_bytecode = True
sys.path.insert(0, str(HERE.parent / "tools"))

import tool                                          # noqa: E402

DRAWN = """dt = 0.5 ms ; batch = 3
layer source : SOURCE
layer target : LIF[4]
connect source -> target { weight = 3 + 0.1 * i }
experiment { run 60 ms }
record source.spikes ; record target.v ; record target.spikes
"""
# time, neuron, value, item: an event without an item is of every one
ITEMS = "0, 0, 1, 0\n0, 1, 1, 1\n1, 0, 1, 2\n2, 3\n"
WRONG = [
    ("0, 0, 1, 3\n", "event 1 of `list.csv` is of item 3 of the batch, and there are 0 to 2"),
    ("0, 0, 1, 0.5\n", "event 1 of `list.csv` is of item 0.5 of the batch, and there are 0 to 2"),
    ("0, 0, 1, 1, 1\n", "line 1 of `list.csv` is no event: time [ms], neuron, maybe a value, maybe an item of the batch"),
    ("t,b,i\n0,1\n", "line 2 of `list.csv` is no event: time [ms], neuron, maybe a value, maybe an item of the batch"),
    ("t,b,i\n0.5,1,1\n", "event 1 of `list.csv` is at 0.5 steps"),
    ("t,b,i\n0,7,1\n", "event 1 of `list.csv` is of item 7 of the batch, and there are 0 to 2"),
]


def run(snnc, folder, source, out, *options):
    Path(folder, "p.snn").write_text(DRAWN.replace("SOURCE", source))
    done = subprocess.run([snnc, "run", "p.snn", "--out", out, *options], cwd=folder, capture_output=True, text=True)
    return done.stderr if done.returncode else None


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    tool.add_snnc_option(parser)
    parser.add_argument("--engines", default="eval")
    options = parser.parse_args()
    tool.need_snnc(parser, options)
    wrong = []

    def check(what, fine):
        print(f"{'passed' if fine else 'FAILED'}  {what}")
        wrong.extend([] if fine else [what])

    with tempfile.TemporaryDirectory() as folder:
        def files(out):
            return [Path(folder, out, f"{name}.npy").read_bytes() for name in ("source.spikes", "target.v", "target.spikes")]
        first = "Poisson[12](rate = 80 Hz)"
        assert not run(options.snnc, folder, first, "drawn") and not run(options.snnc, folder, first, "text", "--format", "csv")
        for engine in options.engines.split(","):
            for kind, path in (("npy", "drawn/source.spikes.npy"), ("csv", "text/source.spikes.csv")):
                said = run(options.snnc, folder, f'Input[12] {{ input events("{path}") }}', "again", "--engine", engine)
                check(f"recorded spikes as {kind} are played again by {engine}", said is None and files("again") == files("drawn"))
        Path(folder, "list.csv").write_text(ITEMS)
        said = run(options.snnc, folder, 'Input[12] { input events("list.csv") }', "items", "--format", "csv")
        got = Path(folder, "items", "source.spikes.csv").read_text().split()
        check("events of items", said is None and got == ["t,b,i", "0,0,0", "0,1,1", "2,2,0", "4,0,3", "4,1,3", "4,2,3"])
        for text, what in WRONG:
            Path(folder, "list.csv").write_text(text)
            said = run(options.snnc, folder, 'Input[12] { input events("list.csv") }', "wrong") or ""
            check(f"refused: {what}", what in said)
        said = run(options.snnc, folder, 'Input[12] { input file("drawn/source.spikes.npy") }', "wrong") or ""
        check("spikes are no rows of numbers", "has spikes (t, b, i), and numbers are needed here; `events(…)` reads them" in said)
    if wrong:
        raise SystemExit(f"{len(wrong)} wrong")


if __name__ == "__main__":
    main()
