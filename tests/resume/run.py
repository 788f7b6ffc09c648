#!/usr/bin/env python3
"""run.py: a run that was stopped and goes on is the run that was not, bit for bit.

    tests/resume/run.py [--snnc PATH] [--engines eval,jit,c] [--stops N] [--seed S] [PROGRAM.snn ...]
    tests/resume/run.py --networks N          over random networks (tests/networks)
    tests/resume/run.py --kill N              kill -9 at random moments until a run is complete, N runs
    tests/resume/run.py --refusals            checkpoints that are not of this run are refused, and why

Each program is run once as a whole, and then in pieces: it pauses after a random number of steps, and the next piece goes on by another
engine and with another number of threads, or with its rows where they happen to lie, until it is complete. Everything that it leaves must be the same: records, reports, pictures,
manifest, saved files, state.
"""
import argparse
import importlib.util
import json
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
sys.dont_write_bytecode = True
sys.path[:0] = [str(ROOT / "tests" / "tools"), str(ROOT / "tests" / "networks")]

import tool                                          # noqa: E402

LIMIT = 300
UNKNOWN_TO_CHECKPOINTS = ["pad", "records", "whole", "list", "near", "prefetch"]          # passes: a run goes on with them and without


class Wrong(Exception):
    """What must not happen."""


def contents(folder):
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def compare(whole, parts, what):
    if whole.keys() != parts.keys():
        raise Wrong(f"{what}: files {sorted(whole.keys() ^ parts.keys())} are there once only")
    for name, data in whole.items():
        if data != parts[name]:
            raise Wrong(f"{what}: {name} differs")


class Run:
    """One program with its options, in a folder of its own. `built`: an executable that engine `built` stands for."""
    def __init__(self, snnc, program, options, folder):
        self.snnc, self.program, self.options, self.folder = snnc, program, options, folder
        self.built = None

    def command(self, engine, out, *more):
        if engine == "built":
            return [str(self.built), "--quiet", f"--out={out}", *more]
        return [self.snnc, "run", str(self.program), "--engine", engine, "--quiet", "--out", str(out), *self.options, *more]

    def call(self, engine, out, *more):
        cwd = self.program.parent if engine == "built" else None
        done = subprocess.run(self.command(engine, out, *more), capture_output=True, text=True, timeout=LIMIT, cwd=cwd)
        return done.returncode, done.stdout, done.stderr

    def build(self):
        self.built = self.folder / "built"
        subprocess.run([self.snnc, "build", str(self.program), "-o", str(self.built), *self.options], check=True, timeout=LIMIT)

    def whole(self, engine):
        out, state = self.folder / "whole", self.folder / "whole.state"
        code, text, errors = self.call(engine, out, "--dump-state", str(state))
        if code:
            raise Wrong(f"{engine}: exit status {code}\n{errors}")
        return {**contents(out), "state": state.read_bytes()}, text

    def pieces(self, engines, steps, rng, elsewhere=False, brief=0):
        """In pieces of random lengths; gives what is left, and how many pieces there were. brief: so many pieces at most, of which those of
        the interpreter are short, and the last is the fastest engine's."""
        out, state, code, printed, more = self.folder / "pieces", self.folder / "pieces.state", 130, "", []
        shutil.rmtree(out, ignore_errors=True)
        n = 0
        while code == 130:
            engine = rng.choice(engines)
            pause = rng.choice([1, 2, rng.randint(1, steps), rng.randint(1, steps)])
            if brief and engine == "eval":
                pause = rng.randint(1, min(steps, 25))
            less = ["--without", rng.choice(UNKNOWN_TO_CHECKPOINTS)] if engine != "built" and rng.random() < 0.3 else []
            code, text, errors = self.call(engine, out, *less, "--pause-after", f"{pause} steps", "--threads", str(rng.randint(1, 3)), "--dump-state", str(state), *more)
            printed += text
            if code not in (0, 130):
                raise Wrong(f"{engine}, piece {n}: exit status {code}\n{errors}")
            if code == 130 and json.loads((out / "manifest.json").read_text())["status"] != "interrupted":
                raise Wrong("the manifest of a run that pauses says that it is complete")
            more, n = ["--resume", str(out)], n + 1
            if code == 130 and elsewhere and rng.random() < 0.5:          # on in another folder
                more = ["--resume", str(out / "checkpoint.snnw")]
                out = self.folder / f"pieces{n}"
                shutil.rmtree(out, ignore_errors=True)
            if n > (brief or 12) and code == 130:                    # the rest at once
                engine = engines[-1] if brief else engine
                code, text, errors = self.call(engine, out, "--dump-state", str(state), *more)
                printed += text
                n += 1
                if code:
                    raise Wrong(f"the last piece: exit status {code}\n{errors}")
        return {**contents(out), "state": state.read_bytes()}, printed, n


def check(run, engines, stops, rng, name, elsewhere=False, brief=0):
    whole, text = run.whole(engines[-1 if brief else 0])
    steps = json.loads(whole["manifest.json"])["steps"]
    pieces = 0
    for _ in range(stops):
        parts, printed, n = run.pieces(engines, max(steps, 1), rng, elsewhere, brief)
        compare(whole, parts, name)
        if sorted(printed.splitlines()) != sorted(text.splitlines()):
            raise Wrong(f"{name}: what is printed differs")
        pieces += n
    return steps, pieces


def load(path):
    spec = importlib.util.spec_from_file_location(path.parent.name, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def check_programs(options):
    golden = load(ROOT / "tests" / "golden" / "run.py")              # examples in small
    failed = 0
    programs = [Path(p) for p in options.programs] or [HERE / "protocol.snn"]
    for program in programs:
        rng = random.Random(f"{options.seed} {program.name}")
        for extra in [[], ["--precision", "f64"]] if program.parent == HERE else [[]]:
            with tempfile.TemporaryDirectory(prefix="snnc-resume-") as folder:
                run = Run(options.snnc, program.resolve(), [*(golden.SMALL.get(program.stem, []) if "examples" in program.parts else []), *extra], Path(folder))
                try:
                    engines = options.engines.split(",")
                    if "built" in engines:
                        run.build()
                    steps, pieces = check(run, engines, options.stops, rng, program.name, program.parent == HERE, options.brief)
                    print(f"passed  {program.name}{' '.join(['', *extra])}: {steps} steps, {options.stops} times in {pieces} pieces", flush=True)
                except Wrong as why:
                    print(f"failed  {program.name}: {why}", flush=True)
                    failed += 1
    return failed


def check_networks(options):
    networks = load(ROOT / "tests" / "networks" / "run.py")
    library = networks.library_of.read(ROOT / "lib")
    failed = done = drawn = 0
    while done < options.networks:
        rng = random.Random(f"{options.seed} resume {drawn}")
        drawn += 1
        with tempfile.TemporaryDirectory(prefix="snnc-resume-") as folder:
            settings = networks.settings_of(options.seed, drawn)
            networks.write(Path(folder), [networks.draw_network(library, options.seed, drawn, 0, 0, settings)], settings, f"network {drawn}")
            run = Run(options.snnc, Path(folder) / "net.snn", [], Path(folder))
            if run.call("eval", Path(folder) / "probe")[0]:
                continue                             # refused
            try:
                engines = options.engines.split(",")
                if "built" in engines:
                    run.build()
                check(run, engines, options.stops, rng, f"network {drawn} of seed {options.seed}")
            except Wrong as why:
                print(f"failed  {why}\n{(Path(folder) / 'net.snn').read_text()}", flush=True)
                failed += 1
            done += 1
    print(f"{done} networks in pieces ({drawn} drawn), {failed} failed")
    return failed


def check_kills(options):
    """A run is killed at random moments, and goes on from the last checkpoint, until it is complete. What a kill may lose is what came
    behind the last checkpoint: so each piece gets further than the one before."""
    failed = 0
    rng = random.Random(options.seed)
    with tempfile.TemporaryDirectory(prefix="snnc-resume-") as folder:
        run = Run(options.snnc, HERE / "protocol.snn", ["--set", "n=30"], Path(folder))
        engine = options.engines.split(",")[-1]
        whole, _ = run.whole(engine)
        for k in range(options.kill):
            out, more, kills = Path(folder) / f"killed{k}", [], 0
            every = rng.choice(["7 steps", "10 steps", "3 samples", "0.01 s"])
            while True:
                child = subprocess.Popen(run.command(engine, out, "--checkpoint-every", every, "--dump-state", f"{out}.state", *more),
                                         stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
                try:
                    code = child.wait(rng.uniform(0.05, 0.4) * (1 + kills / 10))
                except subprocess.TimeoutExpired:
                    child.send_signal(signal.SIGKILL)
                    code = child.wait()
                errors = child.stderr.read()
                child.stderr.close()
                if code == 0:
                    break
                if code != -signal.SIGKILL:
                    print(f"failed  kill {k}, after {kills} kills: exit status {code}\n{errors}")
                    failed += 1
                    break
                kills += 1
                for name in ("manifest.json", "exc.spikes.npy"):
                    if (out / name).exists() and (out / name).read_bytes() != whole[name]:
                        print(f"failed  kill {k}: {name} is half written under its name")
                        failed += 1
                more = ["--resume", str(out)] if (out / "checkpoint.snnw").exists() else []
            try:
                compare(whole, {**contents(out), "state": Path(f"{out}.state").read_bytes()}, f"kill {k} ({every})")
                print(f"passed  killed {kills} times, a checkpoint every {every}", flush=True)
            except (Wrong, OSError) as why:
                print(f"failed  {why}")
                failed += 1
    return failed


SMALL = """
param n = 6 ; param items = 1 ; param rate = 128 ; batch = items
layer source : Poisson[20](rate = rate * 1 Hz)
layer exc    : LIF[n]
connect source -> exc as input { weight = uniform(0, 5) { range [0, 5] ; learn PostPre() } ; delay = 3 ms }
experiment { run 100 ms ; run 100 ms }
record exc.spikes
record exc.v
"""

REFUSED = [                                          # what is changed, and what the message must say
    ([], lambda d: d[:100] + bytes([d[100] ^ 1]) + d[101:], "is damaged"),
    ([], lambda d: d[:-1], "is truncated"),
    ([], lambda d: d[: len(d) // 2], "is truncated"),
    ([], lambda d: b"", "is not a checkpoint"),
    ([], lambda d: b"\x93NUMPY" + d[6:], "is not a checkpoint"),
    ([], lambda d: d[:8] + b"\x63" + d[9:], "has version 99 of the checkpoint format"),
    (["--precision", "f64"], None, "is of a run in f32, this one is in f64"),
    (["--set", "n=7"], None, "is of another"),
    (["--set", "items=2"], None, "is of another network: "),
    (["--set", "rate=100"], None, "is of another program"),
    (["--without", "fold"], None, "compiled otherwise"),
    (["--seed", "5"], None, "is of a run with seed 0"),
    (["--no-results", "--checkpoint-every", "5 steps"], None, "there is none (--no-results)"),
]


def check_refusals(options):
    failed = 0
    with tempfile.TemporaryDirectory(prefix="snnc-resume-") as name:
        folder = Path(name)
        (folder / "net.snn").write_text(SMALL)
        (folder / "other.snn").write_text(SMALL.replace("3 ms", "3.0 ms"))
        run = Run(options.snnc, folder / "net.snn", [], folder)
        out = folder / "out"
        code, _, errors = run.call("eval", out, "--pause-after", "77 steps")
        assert code == 130, errors
        good = contents(out)
        checkpoint = good["checkpoint.snnw"]
        cases = [(extra, change, says, "net.snn") for extra, change, says in REFUSED]
        cases.append(([], None, "is of another program", "other.snn"))
        for extra, change, says, program in cases:
            (out / "checkpoint.snnw").write_bytes(change(checkpoint) if change else checkpoint)
            run.program = folder / program
            code, _, errors = run.call("eval", out, "--resume", str(out), *extra)
            if code != 3 or says not in errors or "bug" in errors:
                print(f"failed  {extra} {says}: exit status {code}, {errors}")
                failed += 1
            (out / "checkpoint.snnw").write_bytes(checkpoint)
            if contents(out) != good:
                print(f"failed  {extra} {says}: the results were touched")
                failed += 1
        run.program = folder / "net.snn"
        spikes = good["exc.v.npy"]
        for data, says in ((spikes[:-1], "is shorter than it was"), (spikes[:-1] + b"\x7f", "is not what it was"), (None, "is not beside the checkpoint")):
            if data is None:
                (out / "exc.v.npy").unlink()
            else:
                (out / "exc.v.npy").write_bytes(data)
            code, _, errors = run.call("eval", out, "--resume", str(out))
            if code != 3 or says not in errors:
                print(f"failed  a changed record: exit status {code}, {errors}")
                failed += 1
            (out / "exc.v.npy").write_bytes(spikes)
        code, _, errors = run.call("eval", out, "--resume", str(out))
        failed += code != 0
        code, _, errors = run.call("eval", out, "--resume", str(out))
        failed += code != 3 or "there is no checkpoint in" not in errors
        print(f"{len(cases) + 4} refusals, {failed} failed")
    return failed


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    tool.add_snnc_option(parser)
    parser.add_argument("--engines", default="eval,jit")
    parser.add_argument("--stops", type=int, default=3)
    parser.add_argument("--brief", type=int, default=0, help="so many pieces at most, few steps by the interpreter")
    parser.add_argument("--seed", default="1")
    parser.add_argument("--networks", type=int, default=0)
    parser.add_argument("--kill", type=int, default=0)
    parser.add_argument("--refusals", action="store_true")
    parser.add_argument("programs", nargs="*")
    options = parser.parse_args()
    tool.need_snnc(parser, options)
    if options.seed == "new":
        options.seed = str(int(time.time()))
    if options.networks:
        return 1 if check_networks(options) else 0
    if options.kill:
        return 1 if check_kills(options) else 0
    if options.refusals:
        return 1 if check_refusals(options) else 0
    return 1 if check_programs(options) else 0


if __name__ == "__main__":
    sys.exit(main())
