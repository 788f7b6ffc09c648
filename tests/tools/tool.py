"""tool.py: where the snnc to be tested is."""
import os
import shutil
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
