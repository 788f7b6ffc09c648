#!/usr/bin/env python3
"""run.py: every snippet of the documents is compiled, every link leads somewhere.

    tests/docs/run.py [--snnc PATH] [--without NAME] [FILE.md ...]

A fenced block says after its language what it is:

    ```snn                          a whole program: no errors, and no warnings but that something is missing
    ```snn in NAME                  a part, which stands in the place of `...` of a setting
    ```snn error E0301 E0204        a program that is refused with just these codes
    ```snn warning W0602            a program that is warned of
    ```snn drive.npy=3x1x4          the program reads a file of that shape; pairs.npy=int:9x2, steps of whole numbers
    ```snn error E1002 test         the program's tests are run instead: `snnc test`
    ```snn error E0522 --set=n=4    with an option
    ```snn pair NAME:WHAT           one of several programs that tests/coming_from compares
    ```snn file own.snn             as well: written to the folder where the `sh` blocks of the page run
    ```sh                           commands, run one block after the other in one folder; no error
    ```sh fails                     the same, and the last command fails
    ```sh numpy                     the same, where NumPy is installed; else what it prints is not compared
    ```output                       what the sh block before prints, `...` standing for any text; runs of blanks count as one
    ```text, ```sh no, ```ebnf ...  only read

A setting is a comment in the page, before its first use; the line `...` is where the part goes:

    <!-- setting NAME
    layer a : LIF[4]
    ...
    -->
"""
import argparse
import importlib.util
import os
import re
import subprocess
import sys
import tempfile
from collections import namedtuple
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
sys.dont_write_bytecode = True
sys.path.insert(0, str(ROOT / "tests" / "tools"))

import npy                                           # noqa: E402
import tool                                          # noqa: E402

Block = namedtuple("Block", "line language words text")
CODE = re.compile(r"\b(?:error|warning)\[([EW]\d{4})\]")
QUIET = {"W0601", "W0603", "W0604", "W0606"}         # a part of a network: nothing runs, drives or is read


def blocks_of(lines):
    """Fenced blocks and settings, in order; a setting is a Block of language `setting`."""
    found, i = [], 0
    while i < len(lines):
        fence = re.match(r"( *)```(.*)$", lines[i])
        setting = re.match(r"<!-- setting (\w+)\s*$", lines[i])
        if fence or setting:
            end = fence.group(1) + "```" if fence else "-->"
            begin = i
            i += 1
            while i < len(lines) and lines[i].rstrip() != end:
                i += 1
            text = "\n".join(lines[begin + 1:i]) + "\n"
            words = fence.group(2).split() if fence else ["setting", setting.group(1)]
            found.append(Block(begin + 1, words[0] if words else "", words[1:], text))
        i += 1
    return found


def indented(lines):
    """Numbers of lines with code that is not fenced."""
    fenced, before = False, ""
    for number, line in enumerate(lines, 1):
        if line.lstrip().startswith("```"):
            fenced = not fenced
        elif not fenced and line.startswith("    ") and not before.strip():
            yield number
        before = line


def make_file(path, form):
    """form: 3x1x4 of small numbers (as text if the name ends in .csv), int:3x2 of whole numbers counted up by column; bool:,
    twice: (zeros), nan: (the last)."""
    kind, _, shape = form.rpartition(":")
    shape = tuple(int(n) for n in shape.split("x"))
    size = 1
    for n in shape:
        size *= n
    if path.suffix == ".csv":
        cells = [str(0.25 * (1 + k % 3)) for k in range(size)]
        path.write_text("".join(",".join(cells[k:k + shape[-1]]) + "\n" for k in range(0, size, shape[-1])))
    elif kind == "int":
        npy.save(path, npy.make(shape, "i4", [k // shape[-1] for k in range(size)]))
    elif kind == "twice":                            # all rows alike
        npy.save(path, npy.make(shape, "i4", [0] * size))
    elif kind == "nan":
        npy.save(path, npy.make(shape, "f4", [0.25] * (size - 1) + [float("nan")]))
    elif kind == "bool":
        npy.save(path, npy.make(shape, "b1", [k % 3 == 0 for k in range(size)]))
    else:
        npy.save(path, npy.make(shape, "f4", [0.25 * (1 + k % 3) for k in range(size)]))


class Page:
    def __init__(self, path, snnc):
        self.path, self.snnc, self.settings, self.wrong = path, snnc, {}, []
        self.output = None
        self.count = 0

    def complain(self, line, what):
        try:
            shown = self.path.relative_to(ROOT)
        except ValueError:
            shown = self.path
        self.wrong.append(f"{shown}:{line}: {what}")

    # ---- snippets ------------------------------------------------------------------------------
    def program(self, block, name):
        setting = self.settings.get(name)
        if setting is None:
            self.complain(block.line, f"no setting `{name}` before it")
            return ""
        lines = []
        for line in setting.splitlines():
            if line.strip() == "...":
                lines += [line[:line.index("...")] + part for part in block.text.splitlines()]
            else:
                lines.append(line)
        return "\n".join(lines) + "\n"

    def snippet(self, block, folder):
        words, wanted, text, command, options = list(block.words), set(), block.text, "check", []
        while words:
            word = words.pop(0)
            if word == "test":
                command = "test"
            elif word == "pair":                     # of docs/coming-from.md, with its name
                words.pop(0)
            elif word.startswith("--"):
                options.append(word)
            elif word == "in":
                text = self.program(block, words.pop(0))
            elif word in ("error", "warning"):
                while words and CODE.match(f"error[{words[0]}]"):
                    wanted.add(words.pop(0))
            elif word == "file":
                path = folder / words.pop(0)
                path.parent.mkdir(exist_ok=True)
                path.write_text(text)
            elif "=" in word:
                name, form = word.split("=")
                make_file(folder / name, form)
            else:
                self.complain(block.line, f"what is `{word}`?")
        program = folder / "snippet.snn"
        program.write_text(text)
        done = subprocess.run([self.snnc, command, program.name, *options], cwd=folder, capture_output=True, text=True, timeout=60)
        told = set(CODE.findall(done.stdout + done.stderr)) - (QUIET - wanted)
        if told != wanted or done.returncode not in (0, 1, 3):
            self.complain(block.line, f"{' '.join(sorted(wanted)) or 'nothing'} expected, exit status {done.returncode}:\n"
                          f"{done.stdout}{done.stderr}")
        program.unlink()

    # ---- commands ------------------------------------------------------------------------------
    def commands(self, block, folder):
        if "no" in block.words:
            return
        if "numpy" in block.words and not importlib.util.find_spec("numpy"):
            self.output = ...
            return
        environment = {**os.environ, "PATH": f"{Path(self.snnc).parent}:{os.environ['PATH']}", "NO_COLOR": "1"}
        done = subprocess.run(["sh", "-e", "-c", block.text], cwd=folder, env=environment, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=300)
        self.output = done.stdout
        if (done.returncode != 0) != ("fails" in block.words):
            self.complain(block.line, f"exit status {done.returncode}:\n{done.stdout}")

    def compare(self, block):
        def plain(text):
            return re.sub(r"\s+", " ", text).strip()
        pattern = ".*".join(re.escape(plain(part)) for part in block.text.split("..."))
        pattern = pattern.replace(r"\ .*", ".*").replace(r".*\ ", ".*")
        if self.output is ...:
            return
        if self.output is None or not re.fullmatch(pattern, plain(self.output)):
            self.complain(block.line, f"this is not what the commands print:\n{self.output}")

    # ---- the whole -----------------------------------------------------------------------------
    def check(self):
        lines = self.path.read_text(encoding="utf-8").splitlines()
        for line in indented(lines):
            self.complain(line, "code without a fence is not tested: write ```snn, ```sh or ```text")
        with tempfile.TemporaryDirectory(prefix="snnc-docs-") as scratch:
            for block in blocks_of(lines):
                if block.language == "setting":
                    self.settings[block.words[0]] = block.text
                    continue
                self.count += 1
                if block.language == "snn":
                    self.snippet(block, Path(scratch))
                elif block.language == "sh":
                    self.commands(block, Path(scratch))
                elif block.language == "output":
                    self.compare(block)
                elif not block.language:
                    self.complain(block.line, "a block without a language: ```text if it is nothing to run")
        return self.wrong


def has_snippets(path):
    return re.search(r"(?m)^ *```(snn|sh)", path.read_text(encoding="utf-8"))


# ---- links -------------------------------------------------------------------------------------

def anchors_of(path):
    text = re.sub(r"(?ms)^ *```.*?^ *```", "", path.read_text(encoding="utf-8"))
    for title in re.findall(r"(?m)^#+ (.*)$", text):
        yield re.sub(r"[^\w\- ]", "", title.strip().lower()).replace(" ", "-")


def dead_links(path):
    text = re.sub(r"(?ms)^ *```.*?^ *```", lambda found: "\n" * found.group().count("\n"), path.read_text(encoding="utf-8"))
    for number, line in enumerate(text.splitlines(), 1):
        for target in re.findall(r"\]\(([^)\s]+)\)", re.sub(r"`[^`]*`", "", line)):
            if re.match(r"[a-z]+:", target):
                continue
            name, _, anchor = target.partition("#")
            file = (path.parent / name).resolve() if name else path
            if not file.exists():
                yield f"{path.relative_to(ROOT)}:{number}: nothing at {target}"
            elif anchor and file.suffix == ".md" and anchor not in anchors_of(file):
                yield f"{path.relative_to(ROOT)}:{number}: no heading for {target}"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    tool.add_snnc_option(parser)
    parser.add_argument("--without", metavar="NAME", action="append", default=[], help="leave out docs/NAME.md")
    parser.add_argument("pages", nargs="*", type=Path)
    options = parser.parse_args()
    tool.need_snnc(parser, options)
    all_pages = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md"), *ROOT.glob("*/README.md"),
                        *ROOT.glob("tests/*/README.md"), ROOT / "grammar" / "grammar.md"])
    wrong = []
    for path in all_pages:
        wrong += dead_links(path)
    pages = [path.resolve() for path in options.pages] or [path for path in all_pages if has_snippets(path) and path.stem not in options.without]
    count = 0
    for path in pages:
        page = Page(path, options.snnc)
        wrong += page.check()
        count += page.count
    print(*wrong, sep="\n")
    print(f"{count} snippets of {len(pages)} pages, {len(wrong)} complaints")
    return 1 if wrong or not count else 0


if __name__ == "__main__":
    sys.exit(main())
