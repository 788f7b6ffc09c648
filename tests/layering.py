#!/usr/bin/env python3
"""layering.py: checks the law of direction, and that C knows no model by name.

    python3 tests/layering.py [ROOT]

Ground (base, source, diag) includes only ground below it; nouns (ast, net, plan) include ground and
never each other; verbs include ground and nouns, never another verb; the driver includes verbs; the
runtime includes nothing of the compiler, of which it shares one file, snnrt_abi.def (the driver may
also see snnrt.h). LLVM's headers are seen by emit_llvm only. Prints every line that breaks the law
and exits with 1.
"""
import re
import sys
from pathlib import Path

GROUND = ["base", "source", "diag"]                 # each may include those before it
NOUNS = ["ast", "net", "plan"]
VERBS = ["parse", "testing", "expand", "sema", "elab", "solve", "lint", "lower", "opt", "lanes", "emit_c", "emit_llvm", "eval", "info", "explain"]
ABI = "snnrt_abi.def"                               # the one file both sides see
CONFIG = "snnc_config.h"                            # what CMake knows

ALLOWED = {folder: set(GROUND[: i + 1]) for i, folder in enumerate(GROUND)}
ALLOWED |= {noun: {*GROUND, noun} for noun in NOUNS}
ALLOWED |= {verb: {*GROUND, *NOUNS, verb} for verb in VERBS}
ALLOWED["driver"] = {*GROUND, *NOUNS, *VERBS, "driver", "include"}
ALLOWED["include"] = {*GROUND, "include"}           # the library's face
ALLOWED["main.c"] = {"driver"}
ALLOWED["grammar"] = ALLOWED["parse"]

# Bare names that are no folder: who may include them.
BARE = {
    ABI: {*NOUNS, *VERBS, "driver"},
    "snnrt.h": {"driver"},
    CONFIG: {*VERBS, "driver"},
    "snnc.h": {"driver", "include"},
}

MODELS = re.compile(r"\b(LIF|DiehlCook|PostPre|Hebbian|MSTDP|Izhikevich)\b")
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', re.MULTILINE)
COMMENT_OR_STRING = re.compile(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.DOTALL)
SUFFIXES = {".c", ".h", ".def", ".y", ".l"}


def without_comments(text):
    """The text with comments turned into blanks (line ends kept); strings stay."""
    def blank(match):
        piece = match.group(0)
        return re.sub(r"[^\n]", " ", piece) if piece.startswith(("/*", "//")) else piece
    return COMMENT_OR_STRING.sub(blank, text)


def why_not_compiler(folder, quote, name):
    """Why a file of compiler/FOLDER may not include NAME; None if it may."""
    if folder not in ALLOWED:
        return f"the folder `{folder}` has no place in the law; give it one in tests/layering.py"
    if name.startswith("llvm") and folder != "emit_llvm":
        return "LLVM is seen by emit_llvm only"
    if quote == "<" and name.split("/")[0] not in ALLOWED:
        return None                                 # the system's
    if name in BARE:
        return None if folder in BARE[name] else f"{folder} may not see {name}"
    if "/" not in name:
        return None                                 # its own folder, or written by flex and bison
    if name.startswith("."):
        return "includes are relative to compiler/, without dots"
    target = name.split("/")[0]
    if target == "runtime":
        return f"of the runtime the compiler sees {ABI} alone"
    return None if target in ALLOWED[folder] else f"{folder} may not include {target}"


def why_not_runtime(quote, name):
    """Why a file of runtime/ may not include NAME; None if it may."""
    if name.startswith("llvm"):
        return "LLVM is seen by emit_llvm only"
    target = name.split("/")[0]
    if quote == '"' and (target in ALLOWED or target in ("compiler", "..") or name == CONFIG):
        return "the runtime includes nothing of the compiler"
    return None


def check_file(root, path):
    """The complaints about one file."""
    parts = path.relative_to(root).parts
    text = without_comments(path.read_text(encoding="utf-8"))
    lines = text.split("\n")

    def complain(offset, reason):
        number = text.count("\n", 0, offset) + 1
        return f"{'/'.join(parts)}:{number}: {reason}\n\t{lines[number - 1].strip()}"

    for match in INCLUDE.finditer(text):
        if parts[0] == "runtime":
            reason = why_not_runtime(*match.groups())
        else:
            folder = parts[1] if parts[0] == "compiler" else parts[0]
            reason = why_not_compiler(folder, *match.groups())
        if reason:
            yield complain(match.start(2), reason)
    for match in MODELS.finditer(text):
        yield complain(match.start(), f"`{match.group(0)}` is a model of lib/: C knows no model by name")


def main():
    root = Path(sys.argv[1] if len(sys.argv) > 1 else ".").resolve()
    files = [path for top in ("compiler", "runtime", "grammar") for path in sorted((root / top).rglob("*"))
             if path.suffix in SUFFIXES and path.is_file()]
    complaints = [c for path in files for c in check_file(root, path)]
    print("\n".join(complaints) if complaints else f"{len(files)} files keep the law of direction")
    return 1 if complaints or not files else 0


if __name__ == "__main__":
    sys.exit(main())
