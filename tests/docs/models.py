#!/usr/bin/env python3
"""models.py: docs/models.md is what the comments of lib/ say, and they leave nothing out.

    tests/docs/models.py [--snnc PATH] [--update]

docs/style.md tells how the comment of a model is written.
"""
import argparse
import difflib
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
PAGE = ROOT / "docs" / "models.md"
MISSING = "(not described)"
sys.dont_write_bytecode = True
sys.path.insert(0, str(ROOT / "tests" / "tools"))

import tool                                          # noqa: E402


def gaps(text):
    """What is not described: the model with the line."""
    model = ""
    for line in text.splitlines():
        if line.startswith("### "):
            model = line[4:]
        if MISSING in line and model:
            what = line.split("|")[1].strip() if line.startswith("|") else line.replace(MISSING, "").strip(" *.") or "what it is"
            yield f"{model}: {what} is not described in the comment above it (docs/style.md, Comments of models)"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    tool.add_snnc_option(parser)
    parser.add_argument("--update", action="store_true", help="write docs/models.md")
    options = parser.parse_args()
    tool.need_snnc(parser, options)
    done = subprocess.run([options.snnc, "info", "--markdown"], capture_output=True, text=True, timeout=60)
    if done.returncode:
        print(done.stderr)
        return 1
    wrong = list(gaps(done.stdout))
    before = PAGE.read_text(encoding="utf-8") if PAGE.exists() else ""
    if before != done.stdout and options.update:
        PAGE.write_text(done.stdout, encoding="utf-8")
    elif before != done.stdout:
        wrong += difflib.unified_diff(before.splitlines(), done.stdout.splitlines(), "docs/models.md", "lib/", lineterm="")
        wrong.append("docs/models.md is not what lib/ says: tests/docs/models.py --update")
    print("\n".join(wrong) if wrong else f"{done.stdout.count(chr(10) + '### ')} models are described")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
