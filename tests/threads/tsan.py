#!/usr/bin/env python3
"""tsan.py: the C of programs on several threads, and the runtime with it, under ThreadSanitizer.

    tests/threads/tsan.py --snnc PATH [PROGRAM ...]

No two threads may touch what one of them writes without having met. To see that this test can see it, the first program is also run with
its meetings taken out, which must be found. Skipped (status 77) without a compiler that has -fsanitize=thread.
"""
import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
FLAGS = "-std=gnu11 -fsanitize=thread -g -O1 -ffp-contract=off -fwrapv -fno-math-errno -fno-trapping-math -w".split()
# Small copies: what is looked at is who meets whom, which does not depend on sizes.
PROGRAMS = [("examples/benchmarks/brunel_stdp.snn", ["--set", "scale=0.2", "--set", "time=20 ms"]),
            ("examples/benchmarks/microcircuit.snn", ["--set", "scale=0.02", "--set", "time=5 ms"]),
            ("tests/threeway/plasticity.snn", []), ("tests/threeway/delivery.snn", []), ("tests/threeway/three_factor.snn", []),
            ("tests/rounding/engines/waits.snn", []), ("tests/rounding/landing.snn", []), ("tests/threeway/counts.snn", []), ("tests/threeway/late.snn", [])]
THREADS = "3"


def build(compiler, folder, source, runtime):
    out = source.with_suffix(".x")
    subprocess.run([compiler, *FLAGS, f"-I{ROOT / 'runtime' / 'include'}", source, *runtime, "-o", out, "-lz", "-lpng", "-lpthread", "-lm"], check=True)
    return out


def run(program, folder):
    """What ThreadSanitizer says; "" if nothing."""
    done = subprocess.run([program, "--threads", THREADS, "--quiet", "--no-results"], cwd=folder, timeout=1200, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True, errors="replace", env={**os.environ, "TSAN_OPTIONS": "halt_on_error=1 exitcode=66"})
    if done.returncode not in (0, 66):
        sys.exit(f"tsan.py: {program.name} ends with {done.returncode}\n{done.stdout[-2000:]}")
    return done.stdout if done.returncode == 66 else ""


def find_compiler(folder):
    (folder / "try.c").write_text("int main(void) { return 0; }\n")
    for compiler in (os.environ.get("CC"), "clang", "gcc"):
        if compiler and shutil.which(compiler):
            made = subprocess.run([compiler, "-fsanitize=thread", "-o", folder / "try", folder / "try.c"], stderr=subprocess.DEVNULL)
            if made.returncode == 0 and subprocess.run([folder / "try"], stderr=subprocess.DEVNULL).returncode == 0:
                return compiler
    return None


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--snnc", required=True, type=Path)
    parser.add_argument("programs", nargs="*", type=Path)
    options = parser.parse_args()
    failed = 0
    with tempfile.TemporaryDirectory(prefix="snnc-tsan-") as temporary:
        folder = Path(temporary)
        compiler = find_compiler(folder)
        if not compiler:
            print("skipped: no compiler with -fsanitize=thread")
            return 77
        runtime = []
        for source in sorted((ROOT / "runtime" / "src").glob("*.c")):
            runtime.append(folder / f"{source.stem}.o")
            subprocess.run([compiler, *FLAGS, f"-I{ROOT / 'runtime' / 'include'}", f"-I{source.parent}", "-c", source, "-o", runtime[-1]], check=True)
        for path in (ROOT / "tests" / "threeway").glob("*.npy"):
            shutil.copy(path, folder)
        for number, (program, sets) in enumerate([(program.resolve(), []) for program in options.programs] or PROGRAMS):
            source = folder / (Path(program).stem + ".c")
            subprocess.run([options.snnc.resolve(), "emit", ROOT / program, "--c", "--threads", THREADS, "-o", source, *sets], check=True)
            said = run(build(compiler, folder, source, runtime), folder)
            failed += bool(said)
            print(f"{'failed' if said else 'passed'}  {program}\n{said[:3000]}".rstrip(), flush=True)
            if number == 0:
                text = source.read_text()
                apart = re.sub(r"^\tsnnrt_meet\(.*\);\n", "", text, flags=re.MULTILINE)
                source.write_text(apart)
                seen = apart != text and run(build(compiler, folder, source, runtime), folder)
                failed += not seen
                print(f"{'passed' if seen else 'failed'}  without its meetings: a race is found", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
