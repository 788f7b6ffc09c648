#!/usr/bin/env python3
"""from_bindsnet.py: docs/from-bindsnet.md has every class and argument of BindsNET; its quirks have tests that exist.

    tests/docs/from_bindsnet.py

The names are in bindsnet_names.txt, the quirks in tests/bindsnet/quirks.md.
"""
import re
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
QUIRKS = 51


def missing_names(page):
    words = set(re.findall(r"\w+", page))
    section, wrong = "", []
    for line in (HERE / "bindsnet_names.txt").read_text(encoding="utf-8").splitlines():
        if line.startswith("#") or not line:
            continue
        if f"\n## {line}\n" in page:
            section = line
            continue
        wrong += [f"`{name}` ({section}) is not on the page" for name in re.findall(r"\w+", line) if name not in words]
    return wrong


def quirks(text):
    """(number, what shows it) of each row."""
    return [(int(number), shown.strip()) for number, shown in re.findall(r"^\| Q(\d+) \|.*\|([^|]*)\|$", text, re.M)]


def missing_tests(rows):
    wrong = [] if [number for number, _ in rows] == list(range(1, QUIRKS + 1)) else ["the quirks are not Q1 … Q51, each once"]
    required = (ROOT / "tests/bindsnet/required.txt").read_text(encoding="utf-8").split()
    for number, shown in rows:
        case = re.fullmatch(r"cases/([\w-]+)", shown)
        if case and case[1] not in required:
            wrong.append(f"Q{number}: {case[1]} is no case that must pass")
        if case or not shown:
            continue
        name, _, needle = shown.partition(": ")
        file = ROOT / name
        if not needle or not file.is_file() or needle not in file.read_text(encoding="utf-8"):
            wrong.append(f"Q{number}: no `{needle}` in {name}")
    return wrong


def main():
    page = (ROOT / "docs/from-bindsnet.md").read_text(encoding="utf-8")
    rows = quirks((ROOT / "tests/bindsnet/quirks.md").read_text(encoding="utf-8"))
    wrong = missing_names(page) + missing_tests(rows)
    print("\n".join(wrong) or f"every name is on the page, {sum(bool(shown) for _, shown in rows)} of {len(rows)} quirks have a test")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
