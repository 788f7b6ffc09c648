#!/usr/bin/env python3
"""run.py: scripts that use the tool as a person would, and what the terminal shows.

    tests/cli/run.py --snnc PATH [--update] SCRIPT.sh ...

A script runs by `sh` in an empty folder, with `snnc` as the tool; `nextcode COMMAND...` runs a command and
prints its exit code. Its stdout and stderr together, with the folder as @ and the version as VERSION, must be
what SCRIPT.out says; --update writes that file (read the difference before you commit it).
"""
import argparse
import difflib
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

LIMIT = 300
PROLOGUE = '''
snnc() { "$SNNC" "$@"; }
nextcode() { rc=0; "$@" || rc=$?; echo "[exit code $rc]"; }
'''


def run(snnc, script):
    with tempfile.TemporaryDirectory(prefix="snnc-cli-") as folder:
        folder = os.path.realpath(folder)
        (Path(folder) / "tmp").mkdir()
        environment = {**os.environ, "SNNC": str(snnc), "XDG_CACHE_HOME": folder + "/cache", "NO_COLOR": "1",
                       "TMPDIR": folder + "/tmp", "LC_ALL": "C", "HERE": str(script.parent)}
        for name in ("CC", "LD_PRELOAD"):
            environment.pop(name, None)
        done = subprocess.run(["sh", "-c", PROLOGUE + script.read_text(encoding="utf-8")], cwd=folder, env=environment,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=LIMIT)
        text = done.stdout.decode(errors="replace").replace(folder, "@").replace(str(snnc), "snnc")
        if done.returncode:
            text += f"[the script ended with {done.returncode}]\n"
        return re.sub(r"\b0\.\d+\.\d+\b", "VERSION", text)


def main():
    parser = argparse.ArgumentParser(description="Runs scripts and compares what they print.")
    parser.add_argument("--snnc", required=True, type=lambda path: Path(path).resolve())
    parser.add_argument("--update", action="store_true")
    parser.add_argument("scripts", nargs="+", type=Path)
    options = parser.parse_args()
    failed = 0
    for script in options.scripts:
        expected_file = script.with_suffix(".out")
        got = run(options.snnc, script.resolve())
        expected = expected_file.read_text(encoding="utf-8") if expected_file.exists() else ""
        if got == expected:
            continue
        if options.update:
            expected_file.write_text(got, encoding="utf-8")
            print(f"{script.stem}: written")
            continue
        failed += 1
        sys.stdout.writelines(difflib.unified_diff(expected.splitlines(True), got.splitlines(True),
                                                   str(expected_file), "got"))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
