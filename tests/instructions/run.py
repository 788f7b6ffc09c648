#!/usr/bin/env python3
"""run.py: how many instructions each kernel of some networks takes in a step, as callgrind counts them, against counts.txt: at most 5 % more.

    tests/instructions/run.py [--snnc PATH] [--update] [--without PASS] [NETWORK...]

Counted is C for x86-64-v3 by gcc 12 (Debian 12's), which is told to inline no kernel; functions that a kernel calls count as its own, the
runtime does not. A count is a mean over the steps of a run; `step` is all kernels of the step together, and decides where one came, went or
got another name. What stays below FEW instructions may change. Fewer than in the list are told, and written by --update.
Skipped (status 77) without valgrind, or where cc is another compiler, whose counts are others.
"""
import argparse
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
sys.dont_write_bytecode = True
sys.path.insert(0, str(ROOT / "tests" / "tools"))

import tool                                          # noqa: E402

MORE, FEW, COUNTS = 0.05, 100, HERE / "counts.txt"
# Options of gcc alone, so that a kernel stays a function; `static inline` helpers still become part of it.
WHOLE = "-fno-inline-functions -fno-inline-small-functions -fno-inline-functions-called-once -fno-partial-inlining -fno-ipa-icf"
PEERS, OWN = "examples/benchmarks", "bench/networks"
NETWORKS = {                                         # more steps than what waits for a turn of its own (`lazy`, `drift`) waits
    "dense_static": (f"{PEERS}/dense_static.snn", "--set n=300 --set 'time=60 ms'"),
    "dense_stdp": (f"{PEERS}/dense_stdp.snn", "--set n=520 --set 'time=260 ms'"),
    "cuba": (f"{PEERS}/cuba.snn", "--set 'time=20 ms'"),
    "coba": (f"{PEERS}/coba.snn", "--set 'time=12 ms'"),
    "brunel_stdp": (f"{PEERS}/brunel_stdp.snn", "--set scale=0.1 --set 'time=100 ms'"),
    "microcircuit": (f"{PEERS}/microcircuit.snn", "--set scale=0.02 --set 'time=20 ms'"),
    "digits": ("bench/digits.snn", "--set n=370 --set train=2 --set shown=150"),          # drawn ones
    "mstdpet": (f"{OWN}/mstdpet.snn", "--set n=520 --set 't=60 ms'"),
    "mstdpet_exact": (f"{OWN}/mstdpet.snn", "--set n=100 --set 't=60 ms' --exact"),
}


def compiler():
    return os.environ.get("CC") or "cc"


def read_profile(text):
    """Calls of `step`, and instructions in it by who took them: `step` itself, or what it called with all that was called from there."""
    by, steps, inside, callee = Counter(), 0, False, None
    for line in text.splitlines():
        name, _, value = line.partition("=")
        value = value.split(".")[0]                  # gcc's copies: NAME.constprop.0
        if name == "fn":
            inside = value == "step"
        elif name == "cfn":
            callee = value
        elif name == "calls":
            steps += int(value.split()[0]) if callee == "step" else 0
        elif line[:1].isdigit():
            if inside:
                by[callee or "step"] += int(line.split()[1])
            callee = None
    return steps, by


def count(options, folder, name):
    file, words = NETWORKS[name]
    out = folder / name
    env = {**os.environ, "CC": f"{compiler()} {WHOLE}"}
    passes = ["--without", options.without] if options.without else []
    subprocess.run([options.snnc, "build", ROOT / file, "--cpu", "x86-64-v3", "-o", out, *shlex.split(words), *passes], check=True, env=env)
    subprocess.run(["valgrind", "--tool=callgrind", f"--callgrind-out-file={out}.cg", "--compress-strings=no", "--compress-pos=no", out,
                    "--quiet", "--no-results"], cwd=folder, capture_output=True, check=True)
    steps, by = read_profile(Path(f"{out}.cg").read_text())
    by = {kernel: round(n / steps) for kernel, n in by.items() if not kernel.startswith("snnrt_")}
    by["step"] = sum(by.values())
    return by


def read_list():
    rows = [line.split() for line in COUNTS.read_text().splitlines() if line and line[0] != "#"] if COUNTS.exists() else []
    return {name: {kernel: int(n) for network, kernel, n in rows if network == name} for name in NETWORKS}


def write_list(known):
    rows = [f"{name} {kernel} {n}\n" for name in sorted(known) for kernel, n in sorted(known[name].items())]
    COUNTS.write_text("# Network, kernel, its instructions in a step (tests/instructions/run.py --update).\n" + "".join(rows))


def judge(name, known, found):
    """Prints what changed in a network; false where a kernel, or the step, grew too much."""
    file, words = NETWORKS[name]
    good = True
    for kernel, n in sorted(found.items()):
        if kernel not in known:
            print(f"new     {name}: {kernel}, {n} instructions a step")
        elif n > max(FEW, known[kernel] * (1 + MORE)):
            good = False
            what = "all kernels of the step together" if kernel == "step" else f"kernel {kernel}"
            show = "/^proc step /" if kernel == "step" else f"/^kernel {kernel.replace('_', '.')} /"
            print(f"failed  {name}: {what} grew from {known[kernel]} to {n} instructions a step ({100 * n / known[kernel] - 100:+.1f} %)\n"
                  f"        its plan: snnc emit --plan {file} {words} | sed -n '{show},/^}}/p'")
        elif n > FEW and n < known[kernel] / (1 + MORE):
            print(f"fewer   {name}: {kernel}, {n} instructions a step after {known[kernel]}")
    for kernel in sorted(known.keys() - found.keys()):
        print(f"gone    {name}: {kernel}, {known[kernel]} instructions a step")
    if not known:
        print(f"failed  {name}: not in {COUNTS.name}; add it by --update")
        return False
    if good:
        print(f"passed  {name}: {len(found) - 1} kernels, {found['step']} instructions a step ({100 * found['step'] / known['step'] - 100:+.1f} %)")
    return good


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0].split(": ", 1)[1])
    tool.add_snnc_option(parser)
    parser.add_argument("--update", action="store_true", help="write counts.txt")
    parser.add_argument("--without", metavar="PASS", help="leave out a pass, to see that its absence is noticed")
    parser.add_argument("networks", nargs="*", metavar="NETWORK", help=f"only these: {', '.join(NETWORKS)}")
    options = parser.parse_args()
    tool.need_snnc(parser, options)
    for name in options.networks:
        if name not in NETWORKS:
            parser.error(f"no network `{name}`; there are {', '.join(NETWORKS)}")
    version = subprocess.run([*compiler().split(), "--version"], capture_output=True, text=True, check=False).stdout
    if not shutil.which("valgrind") or os.uname().machine != "x86_64" or not re.search(r"^\S*g?cc\S* .* 12\.", version):
        print("skipped: needs valgrind and gcc 12")
        return 77
    known, good = read_list(), True
    with tempfile.TemporaryDirectory(prefix="snnc-instructions-") as folder:
        for name in options.networks or NETWORKS:
            found = count(options, Path(folder), name)
            good = judge(name, known[name], found) and good
            known[name] = found
    if options.update:
        write_list(known)
    return 0 if good or options.update else 1


if __name__ == "__main__":
    sys.exit(main())
