#!/usr/bin/env python3
"""library_part.py: `snnc run`, `build` and `emit` read of the library built in only what a program names; the C text that comes out
must be the one that comes from the whole library (--lib).

    tests/cli/library_part.py [--snnc PATH]
"""
import argparse
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
sys.dont_write_bytecode = True
sys.path.insert(0, str(ROOT / "tests" / "tools"))

import tool                                          # noqa: E402


def emitted(snnc, program, *extra):
    done = subprocess.run([snnc, "emit", "--c", program, *extra], capture_output=True, text=True, check=False)
    return done.returncode, done.stdout, done.stderr


def main():
    parser = argparse.ArgumentParser()
    tool.add_snnc_option(parser)
    options = parser.parse_args()
    tool.need_snnc(parser, options)
    programs = sorted(path for folder in ("examples", "bench", "tests/threeway") for path in (ROOT / folder).rglob("*.snn"))
    wrong = 0
    for program in programs:
        part, whole = emitted(options.snnc, program), emitted(options.snnc, program, "--lib", str(ROOT / "lib"))
        if part != whole or whole[0] != 0:
            wrong += 1
            print(f"{program}: not the same with the whole library\n{part[2]}{whole[2]}")
    print(f"{len(programs)} programs, {wrong} wrong")
    return wrong > 0 or len(programs) < 50


if __name__ == "__main__":
    sys.exit(main())
