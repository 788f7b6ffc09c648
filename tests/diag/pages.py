#!/usr/bin/env python3
"""pages.py: every message has a page, docs/errors/CODE.md, and what the pages show is true.

    tests/diag/pages.py --snnc PATH

* Every code of compiler/diag/diag.def has a page, and every page a code. A page is a title with the code's meaning, a few
  sentences why, a wrong program that gives exactly this code, and a right one that gives none. (E1003, a mistake of snnc
  itself, has no wrong program.)
* `snnc --explain CODE` prints it.
* All wrong programs together, of the pages and of this folder, are at least 150, and each stands for a message (code, text
  and labels) of its own.
* `--diagnostics=json` says for each of them what the text says, by the schema of docs/diagnostics.md; where it has fixes,
  doing what they say takes the message away.
"""
import argparse
import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
sys.dont_write_bytecode = True
sys.path[:0] = [str(ROOT / "tests" / "docs"), str(ROOT / "tests" / "tools")]

import run as docs                                   # noqa: E402
import tool                                          # noqa: E402

docs.QUIET = {"W0601"}                               # nothing runs; but no other warning

NO_PROGRAM = {"E1003"}
LEAST = 150
PLACE = {"file": str, "line": int, "column": int, "end_line": int, "end_column": int, "offset": int, "length": int}
FIELDS = {"severity": str, "code": str, "slug": str, "message": str, "labels": list, "notes": list, "helps": list, "fixes": list}
FORM = """docs/errors/{0}.md is missing. A page is

    # {0}: {1}

    A sentence or two: why this is refused.

    Wrong:

    ```snn {2} {0}
    a program that gives just {0}
    ```

    Right:

    ```snn
    the same, put right
    ```"""


def table():
    rows = re.findall(r'(?m)^D\((\w+), SEV_(\w+), (\w+), "(.*)"\)$', (ROOT / "compiler/diag/diag.def").read_text())
    return {code: (severity.lower(), slug, meaning) for code, severity, slug, meaning in rows}


# ---- the form of a page ------------------------------------------------------------------------

def form_of(code, severity, meaning):
    """What is wrong with the form of a page."""
    path = ROOT / "docs" / "errors" / f"{code}.md"
    if not path.exists():
        yield FORM.format(code, meaning, severity)
        return
    text = path.read_text(encoding="utf-8")
    blocks = [b for b in docs.blocks_of(text.splitlines()) if b.language == "snn"]
    wrong = [b for b in blocks if severity in b.words]
    if text.splitlines()[0] != f"# {code}: {meaning}":
        yield f"{code}.md: the title is not `# {code}: {meaning}`, as in diag.def"
    if code in NO_PROGRAM:
        if blocks:
            yield f"{code}.md: no program gives {code}"
    elif len(blocks) != 2 or blocks[0] not in wrong or len(wrong) != 1 or blocks[0].words[:2] != [severity, code]:
        yield f"{code}.md: a wrong program in ```snn {severity} {code}, and then a right one in ```snn, are all its programs"
    why = re.sub(r"(?ms)^```.*?^```", "", text).split("\n", 1)[1]
    if len(re.sub(r"(?m)^(Wrong|Right):$", "", why).split()) < 6:
        yield f"{code}.md: a sentence should say why"


# ---- JSON --------------------------------------------------------------------------------------

def has_fields(record, fields):
    return all(isinstance(record.get(name), kind) for name, kind in fields.items())


def is_sound(record, codes):
    """True if a record has the fields of docs/diagnostics.md, with their types, and no others."""
    placed = "line" in record
    if not has_fields(record, FIELDS) or (placed and not has_fields(record, PLACE)):
        return False
    known = {*FIELDS, *(PLACE if placed else ()), "label"}
    severity, slug, _ = codes.get(record["code"], ("", "", ""))
    parts = [(p, "message") for p in record["labels"]] + [(p, "replacement") for p in record["fixes"]]
    return (set(record) <= known and record["severity"] == severity and record["slug"] == slug and
            all(has_fields(p, {**PLACE, name: str}) and set(p) == {*PLACE, name} for p, name in parts) and
            all(isinstance(t, str) for t in record["notes"] + record["helps"]))


def records_of(snnc, command, name, folder, options):
    """Every line of stderr (tests: of stdout too) that is an object."""
    done = subprocess.run([snnc, command, name, "--diagnostics=json", *options], cwd=folder, capture_output=True, timeout=60)
    return [json.loads(line) for line in done.stderr.decode().splitlines() + done.stdout.decode().splitlines()
            if line.startswith("{")]


def mended(text, fixes):
    """The text after all fixes, from its end."""
    data = text.encode()
    for fix in sorted(fixes, key=lambda f: -f["offset"]):
        data = data[:fix["offset"]] + fix["replacement"].encode() + data[fix["offset"] + fix["length"]:]
    return data.decode()


def key_of(record):
    return (record["code"], record["message"], record.get("label", ""), *sorted(p["message"] for p in record["labels"]))


class Programs:
    def __init__(self, snnc, codes):
        self.snnc, self.codes = snnc, codes
        self.wrong, self.said, self.fixed = [], {}, 0

    def take(self, name, path, command="check", options=()):
        """What is said of one wrong program."""
        records = records_of(self.snnc, command, path.name, path.parent, options)
        for record in records:
            if not is_sound(record, self.codes):
                self.wrong.append(f"{name}: not by the schema: {record}")
        self.said[name] = {key_of(r) for r in records}
        text = path.read_text(encoding="utf-8")
        for record in records:
            if record["fixes"] and record.get("file") == path.name:
                self.try_fix(name, path, text, record, command, options)

    def try_fix(self, name, path, text, record, command, options):
        self.fixed += 1
        for part in record["fixes"]:
            said = text.encode()[part["offset"]:part["offset"] + part["length"]].decode()
            line = text.splitlines()[part["line"] - 1]
            if line[part["column"] - 1:part["column"] - 1 + len(said)] != said:
                self.wrong.append(f"{name}: place and offset of a fix differ: {part}")
        other = path.with_name("mended.snn")
        other.write_text(mended(text, record["fixes"]), encoding="utf-8")
        after = records_of(self.snnc, command, other.name, other.parent, options)
        other.unlink()
        if any(r["code"] == record["code"] and r["message"] == record["message"] and r.get("line") == record["line"] and
               r.get("column") == record["column"] for r in after):
            self.wrong.append(f"{name}: its fix does not take it away: {record}")

    def of_page(self, code, severity, folder):
        """The program of a page, checked by the runner of the documents, too."""
        page = docs.Page(ROOT / "docs" / "errors" / f"{code}.md", self.snnc)
        self.wrong += page.check()
        for block in docs.blocks_of(page.path.read_text(encoding="utf-8").splitlines()):
            if block.language != "snn" or severity not in block.words:
                continue
            options = []
            for word in block.words[2:]:
                if word.startswith("--"):
                    options.append(word)
                elif "=" in word:
                    docs.make_file(folder / word.split("=")[0], word.split("=")[1])
            path = folder / f"{code}.snn"
            path.write_text(block.text, encoding="utf-8")
            self.take(f"page {code}", path, "test" if "test" in block.words else "check", options)

    def alike(self):
        """Programs for which no message is left that another one does not stand for (a matching, by augmenting paths)."""
        owner = {}

        def place(name, seen):
            for key in sorted(self.said[name]):
                if key in seen:
                    continue
                seen.add(key)
                if key not in owner or place(owner[key], seen):
                    owner[key] = name
                    return True
            return False

        for name in sorted(self.said, key=lambda n: len(self.said[n])):
            if not place(name, set()):
                yield f"{name}: other wrong programs stand for all it says: {sorted(k[:2] for k in self.said[name])}"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    tool.add_snnc_option(parser)
    options = parser.parse_args()
    tool.need_snnc(parser, options)
    codes = table()
    programs = Programs(options.snnc, codes)
    wrong = programs.wrong
    for page in sorted((ROOT / "docs" / "errors").glob("*.md")):
        if page.stem not in codes:
            wrong.append(f"docs/errors/{page.name}: there is no such code in compiler/diag/diag.def")
    for code, (severity, _, meaning) in codes.items():
        faults = list(form_of(code, severity, meaning))
        wrong += faults
        if faults:
            continue
        with tempfile.TemporaryDirectory(prefix="snnc-pages-") as folder:
            programs.of_page(code, severity, Path(folder))
        shown = subprocess.run([options.snnc, "--explain", code], capture_output=True, text=True)
        if shown.returncode or not shown.stdout.startswith(f"{code}: {meaning}\n"):
            wrong.append(f"snnc --explain {code}: {shown.stdout[:80]}{shown.stderr}")
    for path in sorted(HERE.glob("*.snn")):
        with tempfile.TemporaryDirectory(prefix="snnc-pages-") as folder:
            for file in HERE.glob("*.npy"):
                (Path(folder) / file.name).write_bytes(file.read_bytes())
            copy = Path(folder) / path.name
            copy.write_bytes(path.read_bytes())
            programs.take(path.name, copy)
    wrong += programs.alike()
    if len(programs.said) < LEAST:
        wrong.append(f"{len(programs.said)} wrong programs; at least {LEAST} there should be")
    print(*wrong, sep="\n")
    print(f"{len(codes)} codes, {len(programs.said)} wrong programs, {len(set().union(*programs.said.values()))} different messages, "
          f"{programs.fixed} with fixes; {len(wrong)} complaints")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
