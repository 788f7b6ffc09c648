"""example.py: runs examples, for the scripts beside it that compare what they give with the papers."""
import argparse
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "tests" / "tools"))

import npy                                           # noqa: E402
import tool                                          # noqa: E402


def options(doc, seeds=None):
    """What the command line says; with `seeds`, that many are the default."""
    parser = argparse.ArgumentParser(description=doc.split("\n\n")[0].split(": ", 1)[1])
    tool.add_snnc_option(parser)
    if seeds:
        parser.add_argument("--seeds", type=int, default=seeds, help="runs of seeds 0, 1, … (default: %(default)s)")
        parser.add_argument("--set", action="append", default=[], metavar="NAME=VALUE")
    given = parser.parse_args()
    tool.need_snnc(parser, given)
    return given


@contextmanager
def run(given, name, seed=0, settings=(), precision=None):
    """Runs examples/NAME.snn; the folder of its results, for as long as the block lasts."""
    with tempfile.TemporaryDirectory(prefix="snnc-paper-") as folder:
        command = [given.snnc, "run", str(ROOT / "examples" / f"{name}.snn"), "--quiet", "--seed", str(seed), "--out", folder]
        for setting in settings:
            command += ["--set", setting]
        if precision:
            command += ["--precision", precision]
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True)
        if done.returncode:
            sys.exit(f"{name}: exit status {done.returncode}\n{done.stderr}")
        yield Path(folder)


def numbers(folder, name):
    """The numbers of a file of results, one after the other."""
    return list(npy.load(folder / f"{name}.npy").data)


class Claims:
    """Says which of the claims hold; `end` is the exit status."""
    def __init__(self):
        self.failed = 0

    def check(self, holds, text):
        print(f"{'holds' if holds else 'FAILS'}  {text}")
        self.failed += not holds

    def end(self):
        return 1 if self.failed else 0
