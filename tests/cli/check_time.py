#!/usr/bin/env python3
"""check_time.py: how long `snnc check` works on each example: processor time, the least of several; at most 50 ms.
Where others use the machine a program gets more turns: one that nobody disturbs shows what the work takes.

    tests/cli/check_time.py --snnc PATH
"""
import argparse
import resource
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
sys.dont_write_bytecode = True
sys.path.insert(0, str(ROOT / "tests" / "tools"))

import tool                                          # noqa: E402

MOST, TIMES, TURNS = 0.050, 5, 60                    # s; turns at least, and at most


def work(snnc, path):
    def spent():
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        return used.ru_utime + used.ru_stime
    least = float("inf")
    for turn in range(TURNS):
        if turn >= TIMES and least <= MOST:
            break
        before = spent()
        subprocess.run([snnc, "check", str(path)], capture_output=True, timeout=60)
        least = min(least, spent() - before)
    return least


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    tool.add_snnc_option(parser)
    options = parser.parse_args()
    tool.need_snnc(parser, options)
    times = sorted(((work(options.snnc, path), path) for path in (ROOT / "examples").glob("*.snn")), reverse=True)
    for seconds, path in times:
        if seconds > MOST:
            print(f"failed  {path.name}: {1000 * seconds:.1f} ms")
    print(f"{len(times)} programs, {1000 * times[-1][0]:.1f} to {1000 * times[0][0]:.1f} ms ({times[0][1].name})")
    return 1 if times[0][0] > MOST else 0


if __name__ == "__main__":
    sys.exit(main())
