"""run.py: wrong programs and what is said about them.

    python3 tests/diag/run.py SNNC [--update] [NAME ...]

Runs `SNNC check NAME.snn` for each program of this folder and compares stderr with NAME.err, byte
by byte, but for line numbers of the library, which a comment more in it changes: `*` there. A mark
`#~ E0301` (or several codes) at the end of a line says which codes are reported there, so that the
intent stays when the wording changes. Each error must show a way out: a line with `= help:`, but for
E0102, which says what was expected. --update writes NAME.err; read the difference before you commit it.
Exits with 77 (skipped) without SNNC.
"""
import difflib
import re
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
MARK = re.compile(r"#~((?:\s+[EW]\d{4})+)\s*$")
HEAD = re.compile(r"^(\S+?):(\d+):\d+: (?:error|warning)\[([EW]\d{4})\]: ")
WITHOUT_HELP = {"E0102"}


def marks_of(text):
    """(line, code) for every mark, sorted."""
    found = []
    for number, line in enumerate(text.splitlines(), 1):
        match = MARK.search(line)
        if match:
            found += [(number, code) for code in match.group(1).split()]
    return sorted(found)


def messages_of(text, name):
    """(line, code, whole message) for every message about NAME."""
    found = []
    for line in text.splitlines():
        match = HEAD.match(line)
        if match:
            found.append([int(match.group(2)), match.group(3), line, match.group(1) == name])
        elif found:
            found[-1][2] += "\n" + line
    return found


def without_library_lines(text):
    """<lib>/a.snn:8:20 and the lines shown of it, with * for the 8, so that comments of the library may change."""
    lines, inside = text.split("\n"), False
    for i, line in enumerate(lines):
        if re.match(r" *--> ", line):
            inside = "--> <lib>/" in line
            lines[i] = re.sub(r"(<lib>/[^:]+):\d+:", r"\1:*:", line)
        elif inside and re.match(r" *\d+ \|", line):
            lines[i] = re.sub(r"^ *\d+ \|", "    * |", line)
        elif not re.match(r" *\|", line):
            inside = False
    return "\n".join(lines)


def check_marks(name, source, err):
    """What the marks and the rule of the way out have against these messages, line by line."""
    wrong = []
    messages = messages_of(err, name)
    for line, code, text, here in messages:
        if not here:
            wrong.append(f"{code} is reported in another file")
        if "= help: " not in text and code not in WITHOUT_HELP:
            wrong.append(f"line {line}: {code} shows no way out (`= help:`)")
    wanted, told = marks_of(source), sorted((line, code) for line, code, _, _ in messages)
    for row in wanted:
        if row in told:
            told.remove(row)
        else:
            wrong.append(f"line {row[0]}: {row[1]} is marked, but not reported")
    return wrong + [f"line {line}: {code} is reported, but not marked" for line, code in told]


def run_one(snnc, path, update):
    """What is wrong with one program, as lines of text."""
    done = subprocess.run([snnc, "check", path.name], cwd=HERE, capture_output=True, timeout=60)
    err, source = without_library_lines(done.stderr.decode()), path.read_text()
    wrong = check_marks(path.name, source, err)
    if done.returncode != 1:
        wrong.append(f"exit status {done.returncode}, expected 1")
    golden = path.with_suffix(".err")
    if update:
        if not golden.exists() or golden.read_text() != err:
            golden.write_text(err)
            print(f"wrote {golden.name}")
        return wrong
    if not golden.exists():
        return wrong + [f"{golden.name} is missing: run with --update and read it"]
    before = golden.read_text()
    if before != err:
        wrong += difflib.unified_diff(before.splitlines(), err.splitlines(),
                                      golden.name, "now", lineterm="")
    return wrong


def count_kinds(paths):
    """Codes, and messages that differ in code, text or labels, over all programs; what is wrong with that."""
    codes, kinds, seen, wrong = set(), set(), {}, []
    for path in paths:
        source = path.read_text().splitlines()
        for line, code, text, _ in messages_of(path.with_suffix(".err").read_text(), path.name):
            labels = tuple(label.strip() for label in re.findall(r"\| +[\^-]+ ?(.*)", text))
            kind = (text.splitlines()[0].split(": ", 1)[1], labels)
            program = (*kind, re.sub(r"\s*#~.*", "", source[line - 1]), text.split(":")[2])
            if program in seen:
                wrong.append(f"{path.name}:{line} says what {seen[program]} says")
            seen[program] = f"{path.name}:{line}"
            codes.add(code)
            kinds.add(kind)
    print(f"{len(seen)} wrong programs, {len(kinds)} of them alike in no code, text and labels, {len(codes)} codes")
    return wrong + (["too few"] if len(kinds) < 150 or len(codes) < 80 else [])


def main(args):
    update = "--update" in args
    args = [a for a in args if a != "--update"]
    if not args:
        print(__doc__)
        return 2
    snnc, names = Path(args[0]), args[1:]
    if not snnc.exists():
        print(f"{snnc} is not built; skipped")
        return 77
    paths = sorted(p for p in HERE.glob("*.snn") if not names or p.stem in names)
    bad = 0
    for path in paths:
        wrong = run_one(snnc.resolve(), path, update)
        if wrong:
            bad += 1
            print(f"{path.name}:", *wrong, sep="\n    ")
    if not names and not bad:
        alike = count_kinds(paths)
        print(*alike, sep="\n")
        bad += bool(alike)
    print(f"{len(paths) - bad} of {len(paths)} programs are told what is wrong with them")
    return 1 if bad or not paths else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
