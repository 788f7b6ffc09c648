"""tool.py: where the snnc to be tested is, and how it is told to run."""
import datetime
import functools
import os
import re
import shutil
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent


def find_snnc():
    """The tool of $SNNC, of a build in the tree, or of the path; None if there is none."""
    builds = (ROOT / "build" / preset / "bin" / "snnc" for preset in ("release", "nollvm", "dev", "asan"))
    places = [os.environ.get("SNNC"), *builds, shutil.which("snnc")]
    return next((str(Path(place).resolve()) for place in places if place and Path(place).exists()), None)


def add_snnc_option(parser):
    parser.add_argument("--snnc", metavar="PATH", default=find_snnc(), help="default: $SNNC, or a build in the tree")


def need_snnc(parser, options):
    """Makes options.snnc a whole path, or ends with a message."""
    if not options.snnc or not Path(options.snnc).exists():
        parser.error("no snnc: build it (sh setup build), or name it by --snnc")
    options.snnc = str(Path(options.snnc).resolve())


@functools.cache
def passes(snnc):
    """The names of the optimiser's passes, which the message about a wrong one lists."""
    done = subprocess.run([snnc, "run", "--without", "?", "-"], stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    return [name for name in re.findall(r"`(\w+)`", done.stderr) if name != "all"]


def commit():
    """The commit of the tree in full; "" without a repository, or without git."""
    git = shutil.which("git")
    return subprocess.run([git, "rev-parse", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=False).stdout.strip() if git else ""


@functools.cache
def rotating_pass(snnc):
    """Another pass for each commit; where there is none, for each day."""
    head = commit()
    turn = int(head, 16) if head else datetime.date.today().toordinal()
    return passes(snnc)[turn % len(passes(snnc))]


def engine_options(snnc, name):
    """Options of `snnc run`. ENGINE-exact: exact passes only; ENGINE-PASS: without that pass; ENGINE-rotating: without
    another one for each commit; plain: the interpreter, of a plan that no pass has touched."""
    if name == "plain":
        return ["--engine", "eval", "--without", "all"]
    engine, _, what = name.partition("-")
    if what == "rotating":
        what = rotating_pass(snnc)
    return ["--engine", engine, *(["--exact"] if what == "exact" else ["--without", what] if what else [])]
