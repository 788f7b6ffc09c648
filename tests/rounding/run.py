"""run.py: passes that round stay within their bound.

The programs here draw spikes that do not depend on the weights, so a run with all passes can be compared with one
that has only the exact ones (--exact), value by value. The bound is that of docs/performance.md, relative to the largest
value. That the pass did something is seen in the plan; that all engines agree on what it made, by their files.
"""
import argparse
import re
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "tools"))
import npy                                            # noqa: E402
from tool import add_snnc_option, need_snnc           # noqa: E402

BOUND = 1e-5


def run(options, program, out, *more):
    subprocess.run([options.snnc, "run", program, "--quiet", "--out", out, *more], check=True)
    return {file.name: npy.load(file) for file in sorted(Path(out).rglob("*.npy"))}


def worst(exact, other):
    largest = max(abs(v) for v in exact.data)
    return max(abs(a - b) for a, b in zip(exact.data, other.data)) / largest


def check(options, program, engines, out):
    plan = subprocess.run([options.snnc, "emit", "--plan", program], check=True, capture_output=True, text=True).stdout
    made = re.findall(r"^# made: (.*)$", program.read_text(), re.M)      # lines of the plan; else all that is saved waits
    made = made or [f"{weight}.learn.gather range" for weight in re.findall(r"save (\w+\.weight) to", program.read_text())]
    for line in made:
        assert line in plan, f"{program.name}: no `{line}`"
    assert made, program.name
    exact = run(options, program, out / "exact", "--exact")
    runs = {engine: run(options, program, out / engine, "--engine", engine) for engine in engines}
    first = runs[engines[0]]
    for name, values in exact.items():
        far = worst(values, first[name])
        print(f"{program.stem:10} {name}: {far:.1e} of the largest value")
        assert 0 < far <= BOUND, f"{program.name}, {name}: {far} is beyond {BOUND}"
        for engine in engines[1:]:
            same = runs[engine][name].data == first[name].data
            assert same, f"{program.name}, {name}: {engine} and {engines[0]} differ"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add_snnc_option(parser)
    parser.add_argument("--engines", default="jit,c")
    options = parser.parse_args()
    need_snnc(parser, options)
    for program in sorted(HERE.glob("*.snn")):
        with tempfile.TemporaryDirectory() as out:
            check(options, program, options.engines.split(","), Path(out))
    print("passed")


if __name__ == "__main__":
    main()
