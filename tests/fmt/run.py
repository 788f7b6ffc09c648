#!/usr/bin/env python3
"""run.py: laid out anew, a program is the same program, and stays as it is the second time.

    tests/fmt/run.py --snnc PATH

Takes every program of lib/, examples/ and tests/, and each of them once more with its blanks spoilt. The library and the examples
are laid out already. What cannot be parsed is refused and left alone.
"""
import argparse
import random
import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
sys.dont_write_bytecode = True
sys.path.insert(0, str(ROOT / "tests" / "tools"))

import tool                                          # noqa: E402

PIECE = re.compile(r'("(?:[^"\\\n]|\\.)*"|#[^\n]*)')


def call(snnc, *words, text=None):
    return subprocess.run([snnc, *words], input=text, capture_output=True, text=True, timeout=60)


def tree(snnc, path):
    """The program as it was read; None: not one, or one of several files."""
    done = call(snnc, "check", str(path), "--stop-after", "parse", "--dump", "parse")
    return done.stdout if done.returncode == 0 else None


def spoilt(text, rng):
    """The same tokens: indents, blanks around braces and commas, and ends of lines changed."""
    out = []
    for piece in PIECE.split(text):
        if not PIECE.fullmatch(piece):
            piece = re.sub(r"(?m)^[ \t]+", lambda m: rng.choice(["", "\t", "   ", m.group()]), piece)
            piece = re.sub(r" ?([{},;]) ?", lambda m: rng.choice([m.group(), m.group(1) + " ", " " + m.group(1) + "  "]), piece)
            piece = re.sub(r"\n", lambda m: rng.choice(["\n", " \n", "\n\n"]) if rng.random() < 0.2 else "\n", piece)
        out.append(piece)
    return "".join(out)


def comments(text):
    return [piece.rstrip() for piece in PIECE.findall(text) if piece.startswith("#")]


def check(snnc, text, path, name):
    path.write_text(text, encoding="utf-8")
    before = tree(snnc, path)
    done = call(snnc, "fmt", str(path))
    after = path.read_text(encoding="utf-8")
    if before is None and done.returncode == 1 and after == text:
        return []                                    # refused, with the messages of the parser
    wrong = []
    if done.returncode:
        return [f"{name}: {done.stderr}"]
    if tree(snnc, path) != before:
        wrong.append(f"{name}: another program")
    if comments(after) != comments(text):
        wrong.append(f"{name}: other comments")
    if call(snnc, "fmt", "--check", str(path)).returncode:
        wrong.append(f"{name}: laid out twice it is another text")
    piped = call(snnc, "fmt", text=text)
    if piped.stdout != after:
        wrong.append(f"{name}: through a pipe it is another text")
    return wrong


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    tool.add_snnc_option(parser)
    options = parser.parse_args()
    tool.need_snnc(parser, options)
    wrong, count, rng = [], 0, random.Random(1)
    house = sorted([*ROOT.glob("lib/*/*.snn"), *ROOT.glob("examples/*.snn")])
    with tempfile.TemporaryDirectory(prefix="snnc-fmt-") as folder:
        for source in [*house, *sorted(ROOT.glob("tests/*/*.snn"))]:
            text, name = source.read_text(encoding="utf-8"), str(source.relative_to(ROOT))
            path = Path(folder) / "x.snn"
            wrong += check(options.snnc, text, path, name)
            wrong += check(options.snnc, spoilt(text, rng), path, name + ", spoilt")
            count += 2
    laid = call(options.snnc, "fmt", "--check", *map(str, house))
    wrong += [f"{name}: is not laid out; `snnc fmt` does it" for name in laid.stdout.splitlines()]
    print(*wrong, sep="\n")
    print(f"{count} texts, {len(wrong)} complaints")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
