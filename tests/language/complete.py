#!/usr/bin/env python3
"""complete.py: what every model of the library has: tests beside it, and where it comes from.

    tests/language/complete.py

Each neuron, feature and rule has a comment and a `test` block that expects something (of features those without a table of their own);
each rule names the paper that it is from, each neuron a paper or the class of BindsNET whose numbers it gives.
"""
import re
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
LIB = HERE.parent.parent / "lib"
WITHOUT_PAPER = {"NoOp"}                             # learns nothing
WITHOUT_TEST = {"adaptation"}                        # needs the numbers of a trained network: tests/bindsnet replays it
HEAD = re.compile(r"((?:^#.*\n)*)^(neuron|feature|rule) (\w+)", re.MULTILINE)


def models():
    for path in sorted(LIB.glob("*/*.snn")):
        text = path.read_text()
        heads = list(HEAD.finditer(text))
        for found, following in zip(heads, heads[1:] + [None]):
            body = text[found.end():following.start() if following else len(text)]
            yield path.relative_to(LIB), found.group(1), found.group(2), found.group(3), body


def main():
    wrong, count = [], 0
    for path, comment, kind, name, body in models():
        count += 1
        tests = re.findall(r'^\s*test "', body, re.MULTILINE)
        expects = re.findall(r"\b(?:expect|golden)\b", body)
        if name not in WITHOUT_TEST and (not tests or len(expects) < len(tests)):
            wrong.append(f"{path}: {kind} {name} has {len(tests)} tests that expect {len(expects)} things")
        if not comment.strip("# \n"):
            wrong.append(f"{path}: {kind} {name} has no comment")
        paper, replayed = "# Reference: " in comment, "# BindsNET: " in comment
        if kind == "rule" and not paper and name not in WITHOUT_PAPER:
            wrong.append(f"{path}: rule {name} names no reference")
        if kind == "neuron" and not paper and not replayed:
            wrong.append(f"{path}: neuron {name} names neither a reference nor a class of BindsNET")
    print("\n".join(wrong) if wrong else f"{count} models have tests and say where they come from")
    return 1 if wrong or not count else 0


if __name__ == "__main__":
    sys.exit(main())
