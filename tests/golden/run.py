#!/usr/bin/env python3
"""run.py: what small programs become and what they give, against files.

    tests/golden/run.py [--snnc PATH] [--update] [NAME ...]

NAME.snn beside NAME.ast, .net, .plan, .c: what `snnc emit` prints. NAME.out, also of examples/*.snn as
examples/NAME.out: what `snnc run` prints, and the checksum of each file that it leaves, which must be the same by eval,
JIT and C, and with exact passes only; NAME.f64.out, of the small ones, is the same in double. --update writes what changed: read it before you commit it.
"""
import argparse
import difflib
import re
import subprocess
import sys
import tempfile
import zlib
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
sys.dont_write_bytecode = True
sys.path.insert(0, str(ROOT / "tests" / "tools"))

import npy                                           # noqa: E402
import tool                                          # noqa: E402

STAGES = ("ast", "net", "plan", "c")
SMALL = {                                            # examples that are long as they are
    "mnist": ["--set", "n=20", "--set", "train=20", "--set", "test=10"],
    "two_layer": ["--set", "n=20", "--set", "train=8", "--set", "test=4", "--set", "interval=4"],
    "diehl_cook_v2": ["--set", "n=20", "--set", "train=12", "--set", "test=6", "--set", "interval=4"],
    "locally_connected": ["--set", "filters=4", "--set", "train=4", "--set", "test=2", "--set", "interval=2"],
    "convolution": ["--set", "filters=4", "--set", "train=4", "--set", "test=2", "--set", "interval=2"],
    "prediction_error": ["--set", "trials=20"],
    "coba": ["--set", "n=200", "--set", "ms=30"],
    "reward": ["--set", "train=10"],
    "short_term": ["--set", "seconds=2"],
    "triplet": ["--set", "repeats=2"],
    "clopath": ["--set", "bursts=1"],
    "delayed_reward": ["--set", "trials=2", "--set", "tests=4"],
    "dopamine": ["--set", "minutes=2", "--set", "minute=1000"],
    "eprop": ["--set", "epochs=2"],
    "spike_times": ["--set", "trials=3"],
    "working_memory": ["--set", "trials=2", "--set", "tests=2"],
    "increasing_inhibition": ["--set", "side=5", "--set", "train=12", "--set", "test=6", "--set", "interval=4"],
}


def call(command, **more):
    done = subprocess.run(command, capture_output=True, text=True, timeout=600, **more)
    if done.returncode:
        raise SystemExit(f"{' '.join(command)}: exit status {done.returncode}\n{done.stderr}")
    return done.stdout


def emitted(snnc, program, stage):
    text = call([snnc, "emit", f"--{stage}", program.name], cwd=program.parent)
    return re.sub(r'"[0-9a-f]{16}"', '"(hash)"', text)  # of source and version


def printed(snnc, program, engine, options):
    with tempfile.TemporaryDirectory(prefix="snnc-golden-") as folder:
        out = Path(folder) / "out"
        text = call([snnc, "run", str(program), *tool.engine_options(snnc, engine), "--quiet", "--out", str(out), *options])
        for path in sorted(p for p in out.rglob("*") if p.is_file() and p.suffix in (".npy", ".snnw")):
            if path.suffix == ".snnw":               # names the version, which the numbers do not depend on
                text += f"{path.name}\n"
                continue
            text += f"{path.name} {path.stat().st_size} bytes, crc32 {zlib.crc32(path.read_bytes()):08x}\n"
    return text


def same_by_all(snnc, program, options):
    texts = {engine: printed(snnc, program, engine, options) for engine in ("eval", "jit", "c", "jit-exact")}
    for engine, text in texts.items():
        if text != texts["eval"]:
            return None, f"{engine} and eval differ:\n" + "\n".join(
                difflib.unified_diff(texts["eval"].splitlines(), text.splitlines(), "eval", engine, lineterm=""))
    return texts["eval"], None


def compare(path, text, update):
    have = path.read_text() if path.exists() else ""
    if have == text:
        return True
    print("\n".join(difflib.unified_diff(have.splitlines(), text.splitlines(), str(path.name), "now", lineterm="")))
    if update:
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    return update


def check(snnc, program, golden, update):
    good = True
    for stage in STAGES:
        path = golden / f"{program.stem}.{stage}"
        if golden == HERE:
            good &= compare(path, emitted(snnc, program, stage), update)
    runs = [(f"{program.stem}.out", SMALL.get(program.stem, []))]
    if golden == HERE or program.stem.startswith("0"):
        runs.append((f"{program.stem}.f64.out", ["--precision", "f64"]))
    for name, options in runs:
        text, why = same_by_all(snnc, program, options)
        if why:
            print(why)
            return False
        good &= compare(golden / name, text, update)
    return good


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    tool.add_snnc_option(parser)
    parser.add_argument("--update", action="store_true", help="write what changed")
    parser.add_argument("names", nargs="*")
    options = parser.parse_args()
    tool.need_snnc(parser, options)
    if not (HERE / "drive.npy").exists():
        drive = [8.0 if (t + j) % 3 else 1.5 for t in range(3) for j in range(4)]
        npy.save(HERE / "drive.npy", npy.make((3, 1, 4), "f4", drive))
    failed = 0
    programs = [(p, HERE) for p in sorted(HERE.glob("*.snn"))]
    programs += [(p, HERE / "examples") for p in sorted((ROOT / "examples").glob("*.snn"))]
    for program, golden in programs:
        if options.names and program.stem not in options.names:
            continue
        good = check(options.snnc, program, golden, options.update)
        print(f"{'passed' if good else 'failed'}  {program.stem}", flush=True)
        failed += not good
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
