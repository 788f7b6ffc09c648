#!/usr/bin/env python3
"""quiet.py: programs that are meant as they are get no warning.

    tests/diag/quiet.py --snnc PATH [--cases DIR ...] [--random N]

Checks the models of lib/ (as programs of their own, so that what is said of a user's models is said of them), examples/, and the
BindsNET cases below DIR, written as programs. A warning about one of them is either a false alarm or a truth about the
program; truths are listed below, with the reason. Of N random networks (tests/networks), many of them silent, each layer that is said never
to spike is run, and does not.
"""
import argparse
import re
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
sys.dont_write_bytecode = True
sys.path[:0] = [str(ROOT / "tests" / folder) for folder in ("bindsnet", "networks", "tools")]

import npy                                           # noqa: E402
import tool                                          # noqa: E402
from case import write_program                       # noqa: E402
from words import NotYet                             # noqa: E402
import library as library_of                         # noqa: E402
from program import draw_network, settings_of, text_of   # noqa: E402

WARNING = re.compile(r"warning\[(W\d{4})\]: (.*)")
IDLE = {"W0601"}                                     # a library runs nothing
TRUE = {("rule-learning-off-norm", "W0605"): "what a norm does while learning is off in every run is the case"}


def warnings_of(snnc, name, folder):
    done = subprocess.run([snnc, "check", name], cwd=folder, capture_output=True, text=True, timeout=60)
    if done.returncode:
        return [("E", done.stderr)]
    return [(code, text) for code, text in WARNING.findall(done.stderr) if code not in IDLE]


def of_case(snnc, folder):
    """Of a case of BindsNET; None: not a case that can be said."""
    try:
        program = write_program(folder)
    except (NotYet, OSError, KeyError):
        return None
    with tempfile.TemporaryDirectory(prefix="snnc-quiet-") as scratch:
        (Path(scratch) / "case.snn").write_text(program.text, encoding="utf-8")
        for name, array in program.files.items():
            npy.save(Path(scratch) / name, array)
        return warnings_of(snnc, "case.snn", scratch)


def spikes_of(path):
    record = npy.load(path)
    return bool(record.rows) if isinstance(record, npy.Events) else any(record.data)


def of_random(snnc, library, number):
    """(layers said to be silent, of these those that spike, all silent layers) of one random network."""
    settings = settings_of("quiet", number)
    net = draw_network(library, "quiet", number, 0, 0, settings)
    with tempfile.TemporaryDirectory(prefix="snnc-quiet-") as scratch:
        folder = Path(scratch)
        (folder / "net.snn").write_text(text_of([net], settings, "quiet"), encoding="utf-8")
        for name, array in net.files.items():
            npy.save(folder / name, array)
        done = subprocess.run([snnc, "run", "net.snn", "--engine", "eval", "--quiet", "--out", "out", *settings["options"]], cwd=folder,
                              capture_output=True, text=True, timeout=120)
        if done.returncode:
            return None
        said = set(re.findall(r"no neuron of `(\w+)` can ever spike|drives layer `(\w+)`, so it never spikes", done.stderr))
        said = {a or b for a, b in said}
        silent = {layer["name"] for layer in net.layers if not spikes_of(folder / "out" / f"{layer['name']}.spikes.npy")}
        return said, said - silent, silent


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    tool.add_snnc_option(parser)
    parser.add_argument("--cases", action="append", default=[], type=Path)
    parser.add_argument("--random", type=int, default=0, metavar="N")
    options = parser.parse_args()
    tool.need_snnc(parser, options)
    found, count = [], 0
    for path in sorted([*ROOT.glob("lib/*/*.snn"), *ROOT.glob("examples/*.snn")]):
        found += [(path.stem, *w) for w in warnings_of(options.snnc, path.name, path.parent)]
        count += 1
    for cases in options.cases:
        for path in sorted(cases.rglob("case.json")):
            said = of_case(options.snnc, path.parent)
            if said is not None:
                found += [(path.parent.name, *w) for w in said]
                count += 1
    wrong = [(name, code, text) for name, code, text in found if (name, code) not in TRUE]
    for name, code, text in wrong:
        print(f"{name}: {code}: {text}")
    print(f"{count} programs, {len(wrong)} warnings")
    library, said, silent, lies, runs = library_of.read(ROOT / "lib"), 0, 0, [], 0
    for number in range(options.random):
        one = of_random(options.snnc, library, number)
        if one:
            runs, said, silent = runs + 1, said + len(one[0]), silent + len(one[2])
            lies += [f"random network {number}: `{name}` is said never to spike, and does" for name in one[1]]
    if options.random:
        print(*lies, sep="\n")
        print(f"{runs} random networks: {silent} silent layers, {said} of them foretold, {len(lies)} foretold wrongly")
    return 1 if wrong or lies or not count else 0


if __name__ == "__main__":
    sys.exit(main())
