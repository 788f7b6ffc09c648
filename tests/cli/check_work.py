#!/usr/bin/env python3
"""check_work.py: how many instructions `snnc check` takes on each example, as callgrind counts them: at most 440 million: 50 ms where 415 million took 47.
Instructions, since the time of a machine that others use is no property of the compiler. Skipped (status 77) without valgrind.

    tests/cli/check_work.py --snnc PATH
"""
import argparse
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
sys.dont_write_bytecode = True
sys.path.insert(0, str(ROOT / "tests" / "tools"))

import tool                                          # noqa: E402

MOST = 440e6


def work(snnc, path):
    done = subprocess.run(["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", snnc, "check", str(path)], capture_output=True, text=True,
                          timeout=100, check=False)
    found = re.search(r"Collected : (\d+)", done.stderr)
    if done.returncode or not found:
        sys.exit(f"{path.name}: exit status {done.returncode}\n{done.stderr}")
    return int(found.group(1))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    tool.add_snnc_option(parser)
    options = parser.parse_args()
    tool.need_snnc(parser, options)
    if not shutil.which("valgrind"):
        print("skipped: needs valgrind")
        return 77
    counts = sorted(((work(options.snnc, path), path) for path in (ROOT / "examples").glob("*.snn")), reverse=True)
    for count, path in counts:
        if count > MOST:
            print(f"failed  {path.name}: {count / 1e6:.0f} million instructions")
    print(f"{len(counts)} programs, {counts[-1][0] / 1e6:.0f} to {counts[0][0] / 1e6:.0f} million instructions ({counts[0][1].name})")
    return 1 if counts[0][0] > MOST else 0


if __name__ == "__main__":
    sys.exit(main())
