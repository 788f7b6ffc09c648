#!/usr/bin/env python3
"""sweeps.py: each lane of a sweep is, bit for bit, its own run.

    tests/programs/sweeps.py [--snnc PATH] [NAME ...]

Each program is swept as compiled code on one and on three threads, by the interpreter, and (some of them) as C and as an executable; the
results of each lane are compared with those of a run of its own by --set, byte by byte. The table has a line for each lane, with what that run
reported. How many programs are compiled is said, and compared. Sweeps that were stopped or killed go on, lane by lane.
"""
import argparse
import csv
import random
import re
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.dont_write_bytecode = True
sys.path.insert(0, str(HERE.parent / "tools"))

import npy                                           # noqa: E402
import state                                         # noqa: E402
import tool                                          # noqa: E402

# name: text, lanes as they are set, compiled programs, also as C
PROGRAMS = {
    "numbers": ("""
        param tau = 20 ms
        param rate = 30 Hz
        param refractory = 3 ms
        sweep tau in [10 ms, 20 ms], seed in 1 .. 2
        sweep refractory in [2 ms, 4 ms], rate in [20 Hz, 60 Hz]
        layer a : Poisson[50](rate = rate)
        layer b : LIF[20](tau = tau, refractory = refractory)
        connect a -> b as c {
            weight = uniform(0, 2) { range [0, 2] ; learn PostPre(nu = (pre: 1e-4, post: 1e-2), tau_post = tau)
                                     norm 40 per post each run }
            delay = uniform(1 ms, 4 ms)
        }
        signal score = mean(b.v)
        experiment { run 60 ms ; report score }
        record b.spikes
        record c.weight every 20 ms
        record b.v every 10 ms
        """, [{"tau": t, "seed": s, "refractory": f, "rate": r} for t in ("10 ms", "20 ms") for s in (1, 2)
              for f in ("2 ms", "4 ms") for r in ("20 Hz", "60 Hz")], 1, True),
    "first values and lengths": ("""
        param g = 0.5
        param time = 20 ms
        param vary = 1 mV
        sweep g in [0.25, 1.5, 1], time in [20 ms, 30 ms], vary in [0 mV, 2 mV]
        layer a : Poisson[30](rate = 80 Hz)
        layer b : LIF[20](threshold = -52 mV + vary * i / 20, v = normal(-65 mV, 1 mV + vary))
        connect a -> b as c { weight = g * (1 + i) if j < 10 else 2 * g { learn Hebbian(nu = (pre: 0.01 * g, post: 0.01)) } }
        signal spikes = s { state s = 0 ; on b.spikes { s += 1 } }
        experiment { for k in 0 ..< 3 { run time ; reset } ; report spikes }
        record b.spikes
        record b.v
        """, [{"g": g, "time": t, "vary": v} for g in (0.25, 1.5, 1) for t in ("20 ms", "30 ms")
              for v in ("0 mV", "2 mV")], None, False),
    "structure": ("""
        param n = 10
        param tau = 20 ms
        sweep n in [10, 12], tau in [10 ms, 20 ms]
        layer a : Poisson[n](rate = 60 Hz)
        layer b : LIF[20](tau = tau)
        connect a -> b as c { weight = uniform(0, 8) }
        signal score = sum(b.spikes)
        experiment { run 50 ms ; report score ; run 50 ms ; report score }
        record b.spikes
        """, [{"n": n, "tau": t} for n in (10, 12) for t in ("10 ms", "20 ms")], 2, True),
    "votes": ("""
        param most = 1
        sweep most in [0.5, 1, 2]
        data digits = drawn_digits()
        layer pixels : Poisson[28, 28]
        layer exc : DiehlCook[10]
        connect pixels -> exc as input { weight = uniform(0, 0.3) { range [0, most] ; learn PostPre() } }
        experiment {
            for image, label in digits[0 ..< 12] as training {
                pixels.rate = image / 255 * 128 Hz
                run 20 ms
                vote exc for label by all_activity, proportion every 4
                reset
            }
            report accuracy of training
            save input.weight to "w.npy"
            save "net.snnw"
        }
        """, [{"most": m} for m in (0.5, 1, 2)], 1, False),
}


def run(snnc, folder, words):
    done = subprocess.run([snnc, "run", "p.snn", *words], cwd=folder, capture_output=True, text=True, timeout=300)
    return done


def run_built(folder, words):
    return subprocess.run(["./p", *words], cwd=folder, capture_output=True, text=True, timeout=300)


def files_of(folder):
    """What a run left; its own hash tells how it was set, and that may be said in two ways."""
    found = {}
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            data = path.read_bytes()
            if path.name == "manifest.json":
                data = re.sub(rb'"source_hash": "\w+"', b"", data)
            if path.suffix == ".snnw":
                data = {name: bytes(values) for name, values in state.load(path).items()}   # without the hashes
            found[path.name] = data
    return found


def compare_lanes(name, how, folder, out, lanes, programs, done):
    wrong = []
    if done.returncode:
        return [f"{name}, {how}: exit status {done.returncode}\n{done.stderr}"]
    table = npy.load(folder / out / "sweep.npy")
    with open(folder / out / "sweep.csv", newline="") as file:
        text = list(csv.reader(file))
    if table.fields != text[0] or [[str(x) if k == 0 else float(x) for k, x in enumerate(row)] for row in table.rows] != \
            [[row[0], *[float(x) if x not in ("", "true", "false") else x == "true" for x in row[1:]]] for row in text[1:]]:
        wrong.append(f"{name}, {how}: sweep.npy holds {table}, sweep.csv {text}")
    said = "lanes of one compiled program" if programs == 1 else f"lanes of {programs} compiled programs"
    if programs and how != "built" and f"{len(lanes)} {said}" not in done.stderr:
        wrong.append(f"{name}, {how}: `{len(lanes)} {said}` is not said:\n{done.stderr}")
    for k in range(len(lanes)):
        a, b = files_of(folder / out / f"lane_{k}"), files_of(folder / f"own_{k}")
        if not a or a.keys() != b.keys():
            wrong.append(f"{name}, {how}, lane {k}: other files: {sorted(a)}, {sorted(b)}")
        wrong += [f"{name}, {how}, lane {k}: `{f}` differs from that of its own run" for f in a if a[f] != b.get(f)]
    with open(folder / out / "sweep.csv", newline="") as file:
        table = list(csv.reader(file))
    if len(table) != len(lanes) + 1 or [row[0] for row in table] != ["lane", *map(str, range(len(lanes)))]:
        wrong.append(f"{name}, {how}: the table has other lines: {table}")
    for k, lane in enumerate(lanes):
        values = [float(str(v).split()[0]) for v in lane.values()]
        if [float(x) for x in table[k + 1][1:1 + len(lane)]] != values:
            wrong.append(f"{name}, {how}: line {k} of the table is {table[k + 1]}, and the lane {lane}")
        reports = re.findall(r'"(?:value|all_activity|proportion)": ([^,}\n]+)', (folder / f"own_{k}/manifest.json").read_text())
        measures = table[k + 1][1 + len(lane):]
        if [float(x) for x in measures] != [float(x) for x in reports[-len(measures):]]:
            wrong.append(f"{name}, {how}: line {k} of the table tells {measures}, and its own run {reports}")
    return wrong


def check(snnc, name):
    text, lanes, programs, as_c = PROGRAMS[name]
    with tempfile.TemporaryDirectory(prefix="snnc-sweeps-") as scratch:
        folder = Path(scratch)
        (folder / "p.snn").write_text(text)
        for k, lane in enumerate(lanes):
            words = [word for key, value in lane.items() if key != "seed" for word in ("--set", f"{key}={value}")]
            words += ["--seed", str(lane["seed"])] if "seed" in lane else []
            done = run(snnc, folder, [*words, "--out", f"own_{k}"])
            if done.returncode:
                return [f"{name}, its own run {k}: {done.stderr}"]
        wrong = []
        ways = {"compiled": [], "three threads": ["--threads", "3"], "interpreted": ["--engine", "eval"]}
        if as_c:
            ways["as C"] = ["--engine", "c"]
        for i, (how, words) in enumerate(ways.items()):
            done = run(snnc, folder, [*words, "--out", f"out_{i}"])
            wrong += compare_lanes(name, how, folder, f"out_{i}", lanes, programs, done)
        built = []
        if as_c:
            done = subprocess.run([snnc, "build", "p.snn", "-o", "p"], cwd=folder, capture_output=True, text=True, timeout=300)
            wrong += [f"{name}, built: {done.stderr}"] * (done.returncode != 0)
            done = run_built(folder, ["--threads", "2", "--out", "out_built"])
            wrong += compare_lanes(name, "built", folder, "out_built", lanes, programs, done)
            last = str(len(lanes) - 1)
            done = run_built(folder, ["--lane", last, "--out", "alone"])
            if done.returncode or files_of(folder / f"alone/lane_{last}") != files_of(folder / f"own_{last}"):
                wrong.append(f"{name}, lane {last} alone: {done.returncode} {done.stderr}")
            built = [lambda words: run_built(folder, words)]
        for k, call in enumerate([lambda words: run(snnc, folder, words), *built]):
            wrong += check_pieces(name, f"in pieces {k}", folder, call, lanes, programs)
        return wrong


def check_pieces(name, how, folder, call, lanes, programs):
    """Each lane pauses, and the sweep goes on until it is complete; what is complete is not touched again."""
    out = how.replace(" ", "_")
    done = call(["--out", out, "--threads", "2", "--pause-after", "37 steps"])
    wrong, n = [], 0
    while done.returncode == 130 and n < 200:
        if "--resume goes on from here" not in done.stderr:
            wrong.append(f"{name}, {how}: {done.stderr}")
        complete = {p: p.stat().st_mtime_ns for p in (folder / out).glob("lane_*/manifest.json") if '"complete"' in p.read_text()}
        n += 1
        done = call(["--resume", out, "--threads", str(1 + n % 3), *(["--pause-after", "41 steps"] if n < 4 else [])])
        wrong += [f"{name}, {how}: {p} was complete, and was run again" for p, t in complete.items() if p.stat().st_mtime_ns != t]
    wrong += compare_lanes(name, how, folder, out, lanes, None, done)
    if n < 2:
        wrong.append(f"{name}, {how}: it was never stopped")
    return wrong


def check_killed(snnc):
    """kill -9 loses what came behind the last checkpoint of each lane that ran, and nothing else."""
    text, lanes, _, _ = PROGRAMS["numbers"]
    wrong = []
    rng = random.Random(5)
    with tempfile.TemporaryDirectory(prefix="snnc-sweeps-") as scratch:
        folder = Path(scratch)
        (folder / "p.snn").write_text(text.replace("run 60 ms", "run 400 ms"))
        done = run(snnc, folder, ["--out", "whole"])
        words, kills = ["--out", "killed"], 0
        while True:
            child = subprocess.Popen([snnc, "run", "p.snn", "--threads", "2", "--quiet", "--checkpoint-every", "20 steps", *words], cwd=folder,
                                     stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
            try:
                code = child.wait(rng.uniform(0.1, 0.5) * (1 + kills / 5))
            except subprocess.TimeoutExpired:
                child.send_signal(signal.SIGKILL)
                code = child.wait()
            errors = child.stderr.read()
            child.stderr.close()
            if code != -signal.SIGKILL or kills > 100:
                break
            kills += 1
            words = ["--resume", "killed"] if (folder / "killed").exists() else words
        if code or files_of(folder / "killed") != files_of(folder / "whole"):
            wrong.append(f"killed {kills} times: exit status {code}, {errors}")
        for k in range(len(lanes)):
            if files_of(folder / f"killed/lane_{k}") != files_of(folder / f"whole/lane_{k}"):
                wrong.append(f"killed {kills} times: lane {k} differs")
        (folder / "killed/lane_2/manifest.json").unlink()            # as if it was killed before its first checkpoint
        (folder / "killed/lane_2/.b.v.npy.1-0.part").write_bytes(b"begun")
        done = run(snnc, folder, ["--resume", "killed"])
        if files_of(folder / "killed/lane_2") != files_of(folder / "whole/lane_2"):
            wrong.append(f"a lane without a checkpoint: {done.returncode} {done.stderr}")
        manifest = folder / "killed/lane_3/manifest.json"
        manifest.write_text(re.sub(r'"source_hash": "..', '"source_hash": "xx', manifest.read_text()))
        done = run(snnc, folder, ["--resume", "killed"])
        if done.returncode != 3 or "lane 3, tau" not in done.stderr or "holds the results of another program" not in done.stderr:
            wrong.append(f"another program's lane: {done.returncode} {done.stderr}")
        print(f"killed {kills} times")
    return wrong


def check_verified(snnc):
    """--verify compares the joined program with the interpreter, in each lane; explain tells the lanes."""
    text, lanes, _, _ = PROGRAMS["structure"]
    wrong = []
    with tempfile.TemporaryDirectory(prefix="snnc-sweeps-") as scratch:
        folder = Path(scratch)
        (folder / "p.snn").write_text(text)
        done = run(snnc, folder, ["--verify", "--no-results", "--quiet"])
        if done.returncode == 2 and "built without" in done.stderr:
            return []
        if done.returncode or len(re.findall(r"^lane \d, n = .*: 100 steps, \d+ variables: same bits$", done.stdout, re.M)) != len(lanes):
            wrong.append(f"--verify of a sweep: {done.returncode}\n{done.stdout}{done.stderr}")
        done = subprocess.run([snnc, "explain", "p.snn"], cwd=folder, capture_output=True, text=True, timeout=60)
        if not all(text in done.stdout for text in ("Program 0: 2 lanes", "Program 1: 2 lanes", "n = 12, tau = 20 ms")):
            wrong.append(f"explain of a sweep:\n{done.stdout[:500]}{done.stderr}")
    return wrong


def check_refusals(snnc):
    """What is said where a sweep cannot be."""
    wrong = []
    with tempfile.TemporaryDirectory(prefix="snnc-sweeps-") as scratch:
        folder = Path(scratch)
        (folder / "p.snn").write_text("param n = 3\nsweep n in [2, 0], seed in 1 .. 2\nlayer a : Poisson[n](rate = 100 Hz)\nexperiment { run 2 ms }\n")
        for words, code, told in (
                (["build", "-o", "x"], 1, "lane 2, n = 0, seed = 1:\np.snn:3:19: error"),
                (["run", "--resume", "nowhere"], 1, "lane 2, n = 0, seed = 1:\np.snn:3:19: error"),
                (["run", "--set=n=2", "--resume", "nowhere"], 3, "--resume: `nowhere` is no folder that a sweep left"),
                (["run", "--dump-state=s"], 2, "`--dump-state` writes the state of one lane"),
                (["run", "--seed=1"], 1, "lane 1, n = 0:\np.snn:3:19: error"),
                (["run", "--set=n=2", "--seed=1"], 0, ""),
                (["check"], 0, "")):
            done = subprocess.run([snnc, words[0], "p.snn", *words[1:]], cwd=folder, capture_output=True, text=True, timeout=60)
            if done.returncode != code or told not in done.stderr or "warning" in done.stderr:
                wrong.append(f"{words}: {done.returncode}\n{done.stderr}")
            if (folder / "results/p/sweep.csv").exists():
                wrong.append(f"{words}: one lane left a table")
    return wrong


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    tool.add_snnc_option(parser)
    parser.add_argument("names", nargs="*")
    options = parser.parse_args()
    tool.need_snnc(parser, options)
    wrong = check_refusals(options.snnc)
    for name in options.names or PROGRAMS:
        wrong += check(options.snnc, name)
    wrong += [] if options.names else [*check_killed(options.snnc), *check_verified(options.snnc)]
    print(*wrong, sep="\n")
    print(f"{len(options.names or PROGRAMS)} sweeps, {len(wrong)} complaints")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
