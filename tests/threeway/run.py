#!/usr/bin/env python3
"""run.py: the same program through every engine must give the same bytes.

    tests/threeway/run.py [--snnc PATH] [--engines plain,eval,c,jit] [--keep DIR] [--args TEXT] PROGRAM ...

An engine with a number, such as jit/3, runs on so many threads. Each program is run by each engine (those of `snnc run`, and what tests/tools/tool.py makes of them: `plain` is the
interpreter, of a plan that no pass has touched), and the state at the end (--dump-state), every file of results and
stdout are compared byte by byte with the first engine's. Comments in the program say how, and guard
against comparing nothing with nothing (--args adds options to every run; of a document, PROGRAM.md, the first
indented block with an experiment is the program):

    # run: OPTIONS             one line per variant, options for `snnc run`; without any: one run
    # must spike: exc          the record of exc.spikes has spikes
    # must change: input       the first and the last record of input.weight differ (or NAME.STATE)
    # must say: accuracy       stdout contains the text
"""
import argparse
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import textwrap
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.dont_write_bytecode = True
sys.path.insert(0, str(HERE.parent / "tools"))

import npy                                           # noqa: E402
import state                                         # noqa: E402
import tool                                          # noqa: E402

LIMIT = 600                                          # seconds for one run


def marks(text, what):
    return [line.strip() for line in re.findall(rf"^# {what}:(.*)$", text, re.MULTILINE)]


def run(options, engine, program, arguments, folder):
    """Runs one engine into folder/ENGINE; (bytes by name) or a text that says what went wrong."""
    top = folder / engine.replace("/", "-")
    shutil.rmtree(top, ignore_errors=True)
    top.mkdir(parents=True)
    engine, _, threads = engine.partition("/")
    how = [*tool.engine_options(options.snnc, engine), *(["--threads", threads] if threads else [])]
    command = [options.snnc, "run", str(program), *how, "--quiet", "--out", "results",
               "--dump-state", "state", *arguments]
    environment = {**os.environ, "XDG_CACHE_HOME": str(folder / "cache")}
    try:
        done = subprocess.run(command, cwd=top, env=environment, timeout=LIMIT, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    except subprocess.TimeoutExpired:
        return f"not done after {LIMIT} s"
    if done.returncode:
        return f"exit status {done.returncode}\n" + done.stderr.decode(errors="replace").strip()
    out = {path.relative_to(top).as_posix(): path.read_bytes() for path in sorted(top.rglob("*")) if path.is_file()}
    out["stdout"] = done.stdout
    if "state" not in out or "results/manifest.json" not in out:
        return "wrote no state or no results"
    return out


def follows(key, buffers):
    """Whether a pass made parts of a state that it follows from, NAME.part, and keeps it no more."""
    return key not in buffers and any(name.startswith(key + ".") and role == state.DERIVED for name, (role, _) in buffers.items())


def meant(results, others):
    """Results as they are meant: of checkpoints the states alone, without hashes, what a pass may add, and what follows from it there."""
    out = {}
    for name, data in results.items():
        if data.startswith(b"SNNCKPT"):
            buffers = state.parse(others[name]) if others.get(name, b"").startswith(b"SNNCKPT") else {}
            out.update((f"{name}:{key}", values.tobytes()) for key, (role, values) in state.parse(data).items()
                       if role == state.STATE and not follows(key, buffers))
        else:
            out[name] = data
    return out


def first_difference(a, b):
    """None if two results are the same, else the first thing that differs."""
    if sorted(a) != sorted(b):
        return "has files " + ", ".join(sorted(set(a) ^ set(b))) + " that only one engine writes"
    for name in sorted(a):
        if a[name] != b[name]:
            at = next((k for k, (x, y) in enumerate(zip(a[name], b[name])) if x != y), min(len(a[name]), len(b[name])))
            return f"{name} differs at byte {at} of {len(a[name])}"
    return None


def idle(text, results, top):
    """What the program promised to do and did not, as sentences."""
    for name in marks(text, "must spike"):
        path = top / "results" / f"{name}.spikes.npy"
        if not path.exists() or not npy.load(path).rows:
            yield f"no spikes of {name} are recorded"
    for name in marks(text, "must change"):
        path = top / "results" / f"{name if '.' in name else name + '.weight'}.npy"
        a = npy.load(path) if path.exists() else None
        count = a.shape[0] if a else 0
        one = len(a.data) // count if count else 0
        if count < 2 or a.data[:one] == a.data[-one:]:
            yield f"no change of {name} is recorded"
    for said in marks(text, "must say"):
        if said.encode() not in results["stdout"]:
            yield f"stdout does not say `{said}`"


def document_program(path, folder):
    """The first program of a document, as a file of its own."""
    blocks = re.findall(r"^```snn\n(.*?)^```$", path.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    block = next((block for block in blocks if "experiment {" in block), None)
    if block is None:
        sys.exit(f"run.py: {path} shows no program")
    folder.mkdir(parents=True, exist_ok=True)
    out = folder / (path.stem.lower() + ".snn")
    out.write_text(textwrap.dedent(block), encoding="utf-8")
    return out


def check(options, program, arguments, folder):
    """None if all engines agree, else what is wrong."""
    text = program.read_text(encoding="utf-8")
    first = None
    for engine in options.engines:
        results = run(options, engine, program, arguments, folder)
        if isinstance(results, str):
            return f"{engine}: {results}"
        if first is None:
            first = results
            complaint = next(idle(text, results, folder / engine.replace("/", "-")), None)
            if complaint:
                return f"{engine}: {complaint}"
        else:
            same_plan = {"eval", "c", "jit"} >= {engine, options.engines[0]}
            differs = first_difference(*(first, results) if same_plan else (meant(first, results), meant(results, first)))
            if differs:
                return f"{engine}: {differs} from {options.engines[0]}"
    return None


def main():
    parser = argparse.ArgumentParser(description="The same program through every engine must give the same bytes.")
    tool.add_snnc_option(parser)
    parser.add_argument("--engines", default="plain,eval,c,jit", help="default: %(default)s")
    parser.add_argument("--keep", type=Path, metavar="DIR", help="leave the results in DIR")
    parser.add_argument("--args", default="", metavar="TEXT", help="options for every run, as one text")
    parser.add_argument("programs", nargs="*", type=Path, help="default: all beside this script")
    options = parser.parse_args()
    tool.need_snnc(parser, options)
    options.engines = [engine for engine in options.engines.split(",") if engine]
    failed = count = 0
    with tempfile.TemporaryDirectory(prefix="snnc-threeway-") as temporary:
        top = (options.keep or Path(temporary)).resolve()
        for program in options.programs or sorted(HERE.glob("*.snn")):
            program = document_program(program, top / "documents") if program.suffix == ".md" else program
            for k, variant in enumerate(marks(program.read_text(encoding="utf-8"), "run") or [""]):
                why = check(options, program.resolve(), shlex.split(variant + " " + options.args), top / f"{program.stem}-{k}")
                count += 1
                failed += why is not None
                print(f"{'failed' if why else 'passed'}  {program.stem} {variant}  {why or ''}".rstrip(), flush=True)
    print(f"{count - failed} passed, {failed} failed")
    return 1 if failed or not count else 0


if __name__ == "__main__":
    sys.exit(main())
