#!/usr/bin/env python3
"""run.py: the ready-made networks of examples/ print, in small, what they always printed.

    tests/examples/run.py [--snnc PATH] [--engines eval,c,jit] [--update] [NAME ...]

NAME.out begins with `$ OPTIONS`, the options of `snnc run` that make the network small; then comes what it prints, and
the shape of each array among its results. Every engine must give just that; results of all engines are the same bytes.
"""
import argparse
import filecmp
import os
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
EXAMPLES = HERE.parent.parent / "examples"
sys.dont_write_bytecode = True
sys.path.insert(0, str(HERE.parent / "tools"))

import npy                                           # noqa: E402
import tool                                          # noqa: E402


def run(options, engine, name, arguments, folder):
    """(exit status, text) of one run; its results lie in folder/ENGINE."""
    out = folder / engine
    command = [options.snnc, "run", str(EXAMPLES / f"{name}.snn"), "--engine", engine, "--quiet", "--out", str(out)]
    done = subprocess.run(command + shlex.split(arguments), cwd=folder, stdin=subprocess.DEVNULL, timeout=600,
                          env={**os.environ, "XDG_CACHE_HOME": str(folder / "cache")}, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True, errors="replace")
    if done.returncode:
        return done.returncode, done.stderr
    text = done.stdout
    for path in sorted(out.glob("*.npy")):
        a = npy.load(path)
        text += f"{path.name} {len(a.rows)} events\n" if isinstance(a, npy.Events) else f"{path.name} {list(a.shape)}\n"
    return 0, text


def check(options, golden):
    """What is wrong with one example."""
    text = golden.read_text(encoding="utf-8")
    arguments = text.splitlines()[0].removeprefix("$ ").strip("$")
    wrong, first = [], None
    with tempfile.TemporaryDirectory(prefix="snnc-example-") as temporary:
        folder = Path(temporary)
        for engine in options.engines.split(","):
            status, said = run(options, engine, golden.stem, arguments, folder)
            said = f"$ {arguments}\n{said}"
            if status:
                return wrong + [f"{engine}: exit status {status}\n{said}"]
            if options.update and first is None:
                golden.write_text(said, encoding="utf-8")
                text = said
            if said != text:
                wrong.append(f"{engine} prints\n{said}instead of\n{text}")
            for path in sorted((folder / first).glob("*.npy")) if first else ():
                if not filecmp.cmp(path, folder / engine / path.name, shallow=False):
                    wrong.append(f"{path.name} is not the same by {first} and {engine}")
            first = first or engine
    return wrong


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    tool.add_snnc_option(parser)
    parser.add_argument("--engines", default="eval,c,jit", help="default: %(default)s")
    parser.add_argument("--update", action="store_true", help="write what is printed now: read it before you commit it")
    parser.add_argument("names", nargs="*", metavar="NAME")
    options = parser.parse_args()
    tool.need_snnc(parser, options)
    bad = 0
    for golden in [HERE / f"{name}.out" for name in options.names] or sorted(HERE.glob("*.out")):
        wrong = check(options, golden)
        print("failed " if wrong else "passed ", golden.stem, flush=True)
        for text in wrong:
            print(text)
        bad += bool(wrong)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
