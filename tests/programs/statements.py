#!/usr/bin/env python3
"""statements.py: tunables, `present`, lists of spikes as data, `load`, against the same said otherwise.

    tests/programs/statements.py [--snnc PATH] [--engines eval,jit,c] [NAME ...]

Every program is run by each engine, and all must leave the same files; so must the program that says the same in other words.
"""
import argparse
import random
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.dont_write_bytecode = True
sys.path.insert(0, str(HERE.parent / "tools"))

import npy                                           # noqa: E402
import tool                                          # noqa: E402

CASES = []


def case(function):
    CASES.append(function)
    return function


class Place:
    """A folder with programs, and what running them leaves."""
    def __init__(self, snnc, engines, folder):
        self.snnc, self.engines, self.folder, self.wrong, self.runs = snnc, engines, folder, [], 0

    def write(self, name, text):
        (self.folder / name).write_text(text)

    def call(self, words, code=0):
        done = subprocess.run([str(w) for w in words], cwd=self.folder, capture_output=True, text=True, timeout=300)
        if code is not None and done.returncode != code:
            self.wrong.append(f"{' '.join(map(str, words))}: exit status {done.returncode}\n{done.stderr}")
        return done

    def files(self, out):
        found = {}
        for path in sorted((self.folder / out).rglob("*")):
            if path.is_file() and path.suffix != ".snnw":
                data = path.read_bytes()
                if path.name == "manifest.json":     # the text is another one
                    data = re.sub(rb'"(program|source_hash)": "\w+",?|\n\t"tunables": \{[^}]*\},|"data": \[(\n.*?\n\t)?\],', b"", data, flags=re.S)
                found[path.name] = data
        return found

    def run(self, name, *words, engine=None, code=0):
        """What is left; the same by every engine."""
        first = None
        for e in [engine] if engine else self.engines:
            self.runs += 1
            out = f"out_{self.runs}"
            self.call([self.snnc, "run", name, "--quiet", "--engine", e, "--out", out, *words], code)
            files = self.files(out)
            if first is not None and files != first:
                self.wrong.append(f"{name} {' '.join(map(str, words))}: {e} leaves something else than {self.engines[0]}")
            first = files if first is None else first
        return first

    def same(self, what, a, b):
        if not a or a.keys() != b.keys():
            self.wrong.append(f"{what}: other files, {sorted(a)} and {sorted(b)}")
        else:
            self.wrong += [f"{what}: {name} differs" for name in a if a[name] != b[name]]

    def differ(self, what, a, b):
        if a == b:
            self.wrong.append(f"{what}: nothing differs")

    def refused(self, name, words, says, code=3):
        done = self.call([self.snnc, "run", name, "--quiet", "--out", "refused", "--engine", self.engines[0], *words], code)
        if says not in done.stderr or "bug" in done.stderr:
            self.wrong.append(f"{name} {words}: `{says}` is not said:\n{done.stderr}")
        if (self.folder / "refused").exists():
            self.wrong.append(f"{name} {words}: was refused, and left results")
            shutil.rmtree(self.folder / "refused")


TUNED = """
    {kind} threshold = -54 mV
    {kind} most = 0.9
    {kind} nu = 1e-2
    {kind} rate = 80 Hz
    {kind} drive = 0.1 mV
    {kind} time = 20 ms
    const half = most / 2
    layer a : Poisson[40](rate = rate)
    layer b : LIF[10](threshold = threshold + 0.125 mV * i) {{ input drive }}
    connect a -> b as c {{ weight = uniform(0, half) {{ range [0, 2] ; learn PostPre(nu = (pre: 1e-4, post: nu)) }} }}
    signal fired = k {{ state k = 0 ; on b.spikes {{ k += most }} }}
    experiment {{ for k in 0 ..< 3 {{ run time ; reset }} ; b.threshold = threshold ; run 20 ms ; report fired }}
    record b.spikes
    record c.weight every 20 ms
    record b.v every 5 ms
"""


@case
def tunables(at):
    """A tunable is a param, and its value that of the run: also of one that was built before."""
    at.write("param.snn", TUNED.format(kind="param"))
    at.write("tuned.snn", TUNED.format(kind="tunable"))
    sets = ["--set", "threshold=-55.5 mV", "--set", "most=1.25", "--set", "rate=0.12 kHz", "--set", "time=0.025 s"]
    plain, other = at.run("tuned.snn"), at.run("tuned.snn", *sets)
    at.same("a tunable and a param", plain, at.run("param.snn", engine=at.engines[0]))
    at.same("a tunable and a param that are set", other, at.run("param.snn", *sets, engine=at.engines[0]))
    at.differ("tunables that are set", plain, other)
    at.call([at.snnc, "build", "tuned.snn", "-o", "tuned"])
    for k, (words, want) in enumerate((([], plain), (sets, other), ([w.replace("-55.5 mV", "-0.0555V") for w in sets], other))):
        at.call(["./tuned", "--quiet", "--out", f"built_{k}", *words])
        at.same(f"built, {words}", want, at.files(f"built_{k}"))
    at.call([at.snnc, "build", "tuned.snn", "-o", "tuned2", *sets])
    at.call(["./tuned2", "--quiet", "--out", "built_2"])
    at.same("built with other values", other, at.files("built_2"))
    for words, says in ((["--set", "time=3 mV"], "is no number with a unit such as ms"), (["--set", "n=3"], "has no such tunable; there are"),
                        (["--set", "nu=x"], "is no number without a unit")):
        done = at.call(["./tuned", *words], 3)
        if says not in done.stderr:
            at.wrong.append(f"{words}: {done.stderr}")
    if "Tunables: threshold=-54 mV, most=0.9" not in at.call(["./tuned", "--help"]).stdout:
        at.wrong.append("--help does not tell the tunables")


@case
def tunables_go_on(at):
    """A run that goes on has the values that it began with."""
    at.write("tuned.snn", TUNED.format(kind="tunable"))
    whole = at.run("tuned.snn", "--set", "most=1.25", engine=at.engines[0])
    at.call([at.snnc, "build", "tuned.snn", "-o", "tuned"])
    at.call(["./tuned", "--quiet", "--out", "p", "--set", "most=1.25", "--pause-after", "33 steps"], 130)
    done = at.call(["./tuned", "--quiet", "--resume", "p", "--set", "most=1.5"], 3)
    if "is of a run with most = 1.25, and --set says 1.5" not in done.stderr:
        at.wrong.append(f"another value on the way: {done.stderr}")
    at.call([at.snnc, "run", "tuned.snn", "--quiet", "--resume", "p", "--engine", at.engines[-1]])
    at.same("on with what was set", whole, at.files("p"))


@case
def tunables_swept(at):
    at.write("tuned.snn", TUNED.format(kind="tunable") + "sweep most in [0.5, 1.25], time in [20 ms, 30 ms]\n")
    done = at.call([at.snnc, "run", "tuned.snn", "--out", "lanes"])
    if "4 lanes of one compiled program, which loads 0 numbers" not in done.stderr:
        at.wrong.append(done.stderr)
    own = at.run("tuned.snn", "--set", "most=1.25", "--set", "time=30 ms", engine=at.engines[0])
    at.same("a lane of tunables", own, at.files("lanes/lane_3"))


@case
def present(at):
    """The short form, and what it stands for."""
    text = """
        data digits = drawn_digits()
        layer pixels : Poisson[28, 28]
        layer exc : DiehlCook[10]
        connect pixels -> exc { weight = uniform(0, 0.3) { range [0, 1] ; learn PostPre() } }
        experiment {
            for image, label in digits[0 ..< 4] shuffled as seeing { %s ; reset }
            run 5 ms
        }
        record exc.spikes
        record exc.v
    """
    at.write("short.snn", text % "present image / 255 * 128 Hz to pixels.rate, -52 mV + label * 0.1 mV to exc.threshold for 20 ms { silence exc where i == 3 }")
    at.write("long.snn", text % "pixels.rate = image / 255 * 128 Hz ; exc.threshold = -52 mV + label * 0.1 mV ; run 20 ms { silence exc where i == 3 }")
    at.same("present", at.run("short.snn"), at.run("long.snn", engine=at.engines[0]))
    at.same("present, with a batch", at.run("short.snn", "--set", "batch=2", engine=at.engines[-1]),
            at.run("long.snn", "--set", "batch=2", engine=at.engines[0]))


def draw_spikes(samples, neurons, seed=1):
    rng = random.Random(seed)
    return [(s, rng.uniform(0, 50), rng.randrange(neurons)) for s in range(samples) if s != 1 for _ in range(40)]


@case
def spikes_as_data(at):
    """Each sample is a list of spikes: as if all had been one list for the whole run."""
    spikes = draw_spikes(5, 20)
    random.Random(2).shuffle(spikes)
    at.write("spikes.csv", "sample,time,neuron\n" + "".join(f"{s},{t!r},{i}\n" for s, t, i in spikes))
    npy.save(at.folder / "spikes.npy", npy.make((len(spikes), 3), "f8", [x for row in spikes for x in row]))
    with zipfile.ZipFile(at.folder / "both.npz", "w") as file:
        file.write(at.folder / "spikes.npy", "spikes.npy")
    npy.save(at.folder / "labels.npy", npy.make((6,), "i8", [0, 1, 2, 0, 1, 2]))
    text = """
        data trials = events(%s, "labels.npy")
        layer source : Input[20]
        layer out : LIF[5]
        connect source -> out as c { weight = uniform(0, 9) { range [0, 9] ; learn PostPre() } }
        experiment {
            for s, label in trials[0 ..< 6]%s as showing { present s to source for 30 ms ; run 10 ms }
        }
        record source.spikes
        record c.weight every 40 ms
    """
    whole = [(t + 40 * s, i) for s, t, i in spikes if t < 30]
    at.write("whole.csv", "".join(f"{t!r}, {i}\n" for t, i in whole))
    at.write("whole.snn", re.sub(r"data trials.*\n", "", re.sub(r"for s.*\n", "run 240 ms\n", text % ("", "")))
             .replace("Input[20]", 'Input[20] { input events("whole.csv") }'))
    one = at.run("whole.snn", engine=at.engines[0])
    for source in ('"spikes.csv"', '"spikes.npy"', '"both.npz:spikes"'):
        at.write("trials.snn", text % (source, ""))
        at.same(f"lists of spikes from {source}", at.run("trials.snn", engine=None if "npy" in source else at.engines[0]), one)
    at.write("trials.snn", text % ('"spikes.npy"', " shuffled"))
    shuffled = at.run("trials.snn")
    at.differ("in another order", shuffled, one)
    got = npy.load(at.folder / f"out_{at.runs}" / "source.spikes.npy").rows
    turns = sorted(sorted((t % 40, i) for t, _, i in got if t // 40 == k) for k in range(6))
    want = sorted(sorted({(int(t), i) for s, t, i in spikes if s == k and t < 30}) for k in range(6))
    if [sorted(set(turn)) for turn in turns] != want:
        at.wrong.append("shuffled samples are no permutation of the samples")
    batch = at.run("trials.snn", "--set", "batch=2")
    if not batch:
        at.wrong.append("nothing with a batch")
    for engine in at.engines:
        at.call([at.snnc, "run", "trials.snn", "--quiet", "--engine", engine, "--out", "p", "--pause-after", "97 steps"], 130)
        at.call([at.snnc, "run", "trials.snn", "--quiet", "--engine", engine, "--resume", "p"])
        at.same("lists of spikes in pieces", at.files("p"), shuffled)
        shutil.rmtree(at.folder / "p")
    for rows, says in ((["0,5,20"], "there is a spike of neuron 20, and the layer it is presented to has 0 to 19"), (["0,-1,3"], "is at -1 ms"),
                       (["0,1,2.5"], "is of neuron 2.5"), (["0.5,1,2"], "is of sample 0.5"), (["1,2,3", "x,2,3"], "`x` is no number"),
                       (["1"], "is no list of spikes"), (["0,nan,3"], "is at nan ms"), (["7,1,1"], "has 8 samples")):
        at.write("bad.csv", "\n".join(rows) + "\n")
        at.write("bad.snn", text % ('"bad.csv"', ""))
        at.refused("bad.snn", [], says)


NETWORK = """
    layer a : LIF[20](refractory = 2 ms) { input 2 mV + 0.2 mV * i }
    layer b : LIF[10] { trace x { tau = 10 ms ; on spike add 1 } }
    connect a -> b as c {
        weight = uniform(0, 4) { range [0, 4] ; keep sign ; norm 20 per post each run ; learn PostPre(nu = (pre: 1e-2, post: 1e-2)) }
        delay = 4 ms
    }
    connect b -> b by %s as d { weight = 1 ; delay = uniform(1 ms, 6 ms) }
    signal dopamine = q { q' = -q / 20 ms ; on b.spikes { q += 1 } }
    experiment { %s }
    record b.v
    record a.spikes
    record dopamine
    record c.weight every 10 ms
"""


def second_half(at, number):
    rows = {}
    for name in ("b.v", "dopamine", "c.weight"):
        a = npy.load(at.folder / f"out_{number}" / f"{name}.npy")
        rows[name] = a.data[len(a.data) // 2:].tobytes()
    rows["a.spikes"] = [(t - 50, b, i) for t, b, i in npy.load(at.folder / f"out_{number}" / "a.spikes.npy").rows if t >= 50]
    return rows


@case
def load_everything(at):
    """A network that takes what another run saved does what that one did: neurons, delays, signals, drawn synapses."""
    for pattern in ("random(p = 0.4)", "all_but_self", "fixed_indegree(3)"):
        at.write("first.snn", NETWORK % (pattern, 'run 50 ms ; save "mid.snnw" ; run 50 ms'))
        at.write("second.snn", NETWORK % (pattern, 'run 50 ms ; load "mid.snnw" ; run 50 ms'))
        at.run("first.snn", engine=at.engines[0])
        first = second_half(at, at.runs)
        shutil.copy(at.folder / f"out_{at.runs}" / "mid.snnw", at.folder / "mid.snnw")
        at.run("second.snn", "--seed", "9")
        again = second_half(at, at.runs)
        at.wrong += [f"{pattern}: behind load {name} goes another way" for name in first if first[name] != again[name]]
        for engine in at.engines:                    # a run that stopped behind it
            whole = at.run("second.snn", "--seed", "9", engine=engine)
            at.call([at.snnc, "run", "second.snn", "--seed", "9", "--quiet", "--engine", engine, "--out", "p", "--pause-after", "71 steps"], 130)
            at.call([at.snnc, "run", "second.snn", "--quiet", "--engine", engine, "--resume", "p"])
            at.same("load in pieces", at.files("p"), whole)
            shutil.rmtree(at.folder / "p")


@case
def load_rows(at):
    """Rows that begin at cache lines lie side by side in files: these are the same as without the pass, and are taken with it and without."""
    text = """
        seed = 3 ; batch = 2
        layer a : Poisson[80](rate = 50 Hz)
        layer b : LIF[75](threshold = -60 mV)
        connect a -> b as c { weight = uniform(0, 1) { range [0, 1] ; learn PostPre(nu = (pre: 1e-2, post: 1e-1)) reduce sum over batch } }
        record c.weight every 5 ms
        record b.v
        record b.spikes
        experiment { %s }
    """
    at.write("first.snn", text % 'run 30 ms ; save "mid.snnw" ; save c.weight to "w.npy"')
    at.same("saved", at.run("first.snn"), at.run("first.snn", "--without", "pad"))
    for name in ("mid.snnw", "w.npy"):
        shutil.copy(at.folder / f"out_{at.runs}" / name, at.folder / name)
    at.write("second.snn", text % 'load "mid.snnw" ; run 20 ms ; load c.weight from "w.npy" ; run 20 ms')
    at.same("taken", at.run("second.snn"), at.run("second.snn", "--without", "pad"))


@case
def load_parts(at):
    """A variable from an array, or from a checkpoint, which has it by its name."""
    at.write("first.snn", NETWORK % ("all_but_self", 'run 50 ms ; save "mid.snnw" ; save c.weight to "w.npy" ; save b.v to "v.npy"'))
    at.run("first.snn", engine=at.engines[0])
    for name in ("mid.snnw", "w.npy", "v.npy"):
        shutil.copy(at.folder / f"out_{at.runs}" / name, at.folder / name)
    found = []
    for weight, v in (("w.npy", "v.npy"), ("mid.snnw", "mid.snnw"), ("mid.snnw:c.weight", "mid.snnw:b.v")):
        at.write("second.snn", NETWORK % ("all_but_self", f'run 5 ms ; load c.weight from "{weight}" ; load b.v from "{v}" ; run 20 ms'))
        found.append(at.run("second.snn"))
    at.same("from a checkpoint", found[0], found[1])
    at.same("from a checkpoint, by name", found[0], found[2])
    at.write("second.snn", NETWORK % ("all_but_self", "run 25 ms"))
    at.differ("loaded weights", found[0], at.run("second.snn", engine=at.engines[0]))


@case
def load_counts(at):
    """A count of refractory steps that takes more room where it may be longer is the same number."""
    text = """
        layer source : Poisson[50](rate = 200 Hz)
        layer target : CUBA[20](refractory = %s)
        connect source -> target.exc { weight = uniform(0, 3 mV) }
        record target.spikes
        experiment { %s }
    """
    at.write("short.snn", text % ("200 ms", 'run 100 ms ; save "mid.snnw"'))
    at.run("short.snn", engine=at.engines[0])
    shutil.copy(at.folder / f"out_{at.runs}" / "mid.snnw", at.folder / "mid.snnw")
    found = []
    for longest in ("200 ms", "400 ms"):                  # u8 and u16; the first spike afterwards does not know it
        at.write("go_on.snn", text % (longest, 'load "mid.snnw" ; run 150 ms'))
        found.append(at.run("go_on.snn"))
    at.same("spikes behind counts that were loaded", *({"spikes": f["target.spikes.npy"]} for f in found))
    at.write("go_on.snn", text % ("200 ms", "run 150 ms"))
    at.differ("counts that were loaded", found[0], at.run("go_on.snn", engine=at.engines[0]))


@case
def votes_go_on(at):
    """A program that only tests takes the labels of the one that learned."""
    text = """
        data digits = drawn_digits()
        layer pixels : Poisson[28, 28]
        layer exc : DiehlCook[10]
        connect pixels -> exc as input { weight = uniform(0, 0.3) { range [0, 1] ; norm 78.4 per post each run ; learn PostPre(nu = (pre: 1e-4, post: 1e-2)) } }
        experiment { %s }
    """
    turn = "for image, label in digits[%s] as %s { present image / 255 * 128 Hz to pixels.rate for 60 ms ; vote exc for label by all_activity%s ; reset }"
    at.write("learn.snn", text % (turn % ("0 ..< 20", "learning", " every 10") + '; save "learned.snnw"'))
    at.run("learn.snn", engine=at.engines[0])
    shutil.copy(at.folder / f"out_{at.runs}" / "learned.snnw", at.folder / "learned.snnw")
    at.write("test.snn", text % ('load "learned.snnw" ; freeze ; ' + turn % ("20 ..< 30", "testing", "") + "; report accuracy of testing"))
    files = at.run("test.snn")
    if b'"samples": 10, "all_activity": ' not in files["manifest.json"]:
        at.wrong.append(f"nothing is predicted: {files['manifest.json'].decode()}")


@case
def load_refused(at):
    """What is damaged, of another network, or taken within a run is refused before anything is run."""
    at.write("first.snn", NETWORK % ("all_but_self", 'run 20 ms ; save "mid.snnw" ; run 20 ms'))
    at.call([at.snnc, "run", "first.snn", "--quiet", "--out", "first", "--engine", at.engines[0], "--pause-after", "30 steps"], 130)
    good = (at.folder / "first" / "mid.snnw").read_bytes()
    at.write("second.snn", NETWORK % ("all_but_self", 'load "mid.snnw" ; run 20 ms'))
    at.write("sizes.snn", (NETWORK % ("all_but_self", 'load "mid.snnw" ; run 20 ms')).replace("LIF[10]", "LIF[11]"))
    at.write("names.snn", (NETWORK % ("all_but_self", 'load "mid.snnw" ; run 20 ms')).replace("as c", "as other").replace("record c.", "record other."))
    at.write("part.snn", NETWORK % ("all_but_self", 'load c.weight from "mid.snnw" ; run 20 ms'))
    at.refused("second.snn", [], "there is no `mid.snnw`")
    rng = random.Random(3)
    for k in range(20):
        place = rng.randrange(len(good))
        (at.folder / "mid.snnw").write_bytes(good[:place] + bytes([good[place] ^ (1 << rng.randrange(8))]) + good[place + 1:])
        at.refused("second.snn" if k % 2 else "part.snn", [], "mid.snnw`")
    for data, says in ((good[:-1], "is truncated"), (good[:40], "is truncated"), (b"", "is not a checkpoint"), (b"\x93NUMPY" + good[6:], "is not a checkpoint"),
                       ((at.folder / "first" / "checkpoint.snnw").read_bytes(), "was taken in the middle of a run")):
        (at.folder / "mid.snnw").write_bytes(data)
        at.refused("second.snn", [], says)
    (at.folder / "mid.snnw").write_bytes(good)
    at.refused("sizes.snn", [], "is of another network: `b.v` is f32 [1, 10] there and f32 [1, 11] here")
    at.refused("names.snn", [], "is of another network: it holds no `other.weight`")
    at.refused("second.snn", ["--set", "batch=2"], "is of another network: ")
    at.refused("second.snn", ["--precision", "f64"], "is of another network: `dopamine` is f32 [1] there and f64 [1] here")
    at.run("second.snn")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    tool.add_snnc_option(parser)
    parser.add_argument("--engines", default="eval,jit,c")
    parser.add_argument("names", nargs="*")
    options = parser.parse_args()
    tool.need_snnc(parser, options)
    wrong, runs = [], 0
    for function in CASES:
        if options.names and function.__name__ not in options.names:
            continue
        with tempfile.TemporaryDirectory(prefix="snnc-statements-") as folder:
            at = Place(options.snnc, options.engines.split(","), Path(folder))
            function(at)
            wrong += [f"{function.__name__}: {w}" for w in at.wrong]
            runs += at.runs
    print(*wrong, sep="\n")
    print(f"{runs} runs, {len(wrong)} complaints")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
