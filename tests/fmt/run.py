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

SPOILT = ", spoilt"
PIECE = re.compile(r'("(?:[^"\\\n]|\\.)*"|#[^\n]*)')


def call(snnc, *words, text=None):
    return subprocess.run([snnc, *words], input=text, capture_output=True, text=True, timeout=240)


def tree(snnc, path, folder):
    """The program as it was read, with no library beside it; None: not one, or one of several files."""
    done = call(snnc, "check", str(path), "--stop-after", "parse", "--dump", "parse", "--lib", str(folder / "lib"))
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


def is_refused(snnc, path, text):
    """True if it is left alone, with the messages of the parser."""
    return call(snnc, "fmt", str(path)).returncode == 1 and path.read_text(encoding="utf-8") == text


def check(snnc, texts, folder):
    """Complaints about texts, by name; one process lays out all of them."""
    wrong, before, paths = [], {}, {}
    for k, (name, text) in enumerate(texts.items()):
        path = folder / f"{k}.snn"
        path.write_text(text, encoding="utf-8")
        before[name] = tree(snnc, path, folder)
        if before[name] is not None or not is_refused(snnc, path, text):
            paths[name] = path
    files = [str(path) for path in paths.values()]
    done = call(snnc, "fmt", *files)
    if done.returncode:
        wrong.append(done.stderr)
    again = call(snnc, "fmt", "--check", *files)
    for name, path in paths.items():
        after = path.read_text(encoding="utf-8")
        if tree(snnc, path, folder) != before[name]:
            wrong.append(f"{name}: another program")
        if comments(after) != comments(texts[name]):
            wrong.append(f"{name}: other comments")
        if str(path) in again.stdout.split():
            wrong.append(f"{name}: laid out twice it is another text")
        if not name.endswith(SPOILT) and call(snnc, "fmt", text=texts[name]).stdout != after:
            wrong.append(f"{name}: through a pipe it is another text")
    return wrong


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    tool.add_snnc_option(parser)
    options = parser.parse_args()
    tool.need_snnc(parser, options)
    texts, rng = {}, random.Random(1)
    house = sorted([*ROOT.glob("lib/*/*.snn"), *ROOT.glob("examples/*.snn")])
    for source in [*house, *sorted(ROOT.glob("tests/*/*.snn"))]:
        text, name = source.read_text(encoding="utf-8"), str(source.relative_to(ROOT))
        texts[name] = text
        texts[name + SPOILT] = spoilt(text, rng)
    with tempfile.TemporaryDirectory(prefix="snnc-fmt-") as folder:
        (Path(folder) / "lib").mkdir()
        wrong = check(options.snnc, texts, Path(folder))
    laid = call(options.snnc, "fmt", "--check", *map(str, house))
    wrong += [f"{name}: is not laid out; `snnc fmt` does it" for name in laid.stdout.splitlines()]
    print(*wrong, sep="\n")
    print(f"{len(texts)} texts, {len(wrong)} complaints")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
