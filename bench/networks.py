"""networks.py: seconds per simulated second of the networks in networks/, beside peers where they are installed.

A run is timed twice, short and long, and the difference taken, so that starting up, drawing weights and compiling do not
count. Peers time their simulation loop themselves. All take turns: snnc, peer, snnc, peer.
"""
import json
import shutil
import statistics
import subprocess
import sys
from pathlib import Path

import npy

HERE = Path(__file__).resolve().parent

# Seconds per simulated second by GeNN 5 and Brian2 2.9 on two cores of a Zen 4, one thread (the minimum of several runs, other work
# beside), and how many times as fast as GeNN snnc should be there.
KNOWN = {
    ("dense_static", 1000): {"genn": 0.0148, "brian2": 0.061, "target": 7},
    ("dense_static", 4000): {"genn": 0.298, "brian2": 1.14, "target": 6},
    ("dense_static", 8000): {"genn": 1.18, "brian2": 4.4, "target": 5},
    ("dense_stdp", 1000): {"genn": 0.046, "brian2": 0.196, "target": 8},
    ("dense_stdp", 4000): {"genn": 2.98, "brian2": 7.5, "target": 12},
    ("dense_stdp", 8000): {"genn": 14.8, "brian2": 33.0, "target": 12},
}
RATE, WITHIN = 19.85, 0.05                            # Hz, of the driven neurons in the first second, by all simulators


def run_for(bench, name, n, seconds, *more):
    return bench.run({"n": n, "t": f"{round(1000 * seconds)} ms"}, more, program=HERE / "networks" / f"{name}.snn")


def check_rate(bench, name, n):
    """The rate over one second, by a copy of the program that records spikes."""
    program = bench.folder / f"{name}.snn"
    program.write_text((HERE / "networks" / f"{name}.snn").read_text() + "record target.spikes\n")
    bench.run({"n": n, "t": "1 s"}, program=program, keep=True)
    files = [file for file in bench.out.rglob("*.npy") if "target.spikes" in file.name]
    rate = len(npy.load(files[0]).rows) / n
    shutil.rmtree(bench.out, ignore_errors=True)
    return rate


def find_brian2(options):
    """A Python that has Brian2: --brian2 PATH, or this one."""
    for python in filter(None, (options.brian2, sys.executable)):
        if subprocess.run([python, "-c", "import brian2"], capture_output=True).returncode == 0:
            return python
    return None


def run_brian2(python, name, n, seconds):
    script = HERE / "peers" / "brian2_dense.py"
    done = subprocess.run([python, str(script), name.removeprefix("dense_"), str(n), str(seconds)], capture_output=True,
                          text=True)
    if done.returncode:
        sys.exit(f"bench: {script.name}\n{done.stderr}")
    return json.loads(done.stdout.splitlines()[-1])


def measure(bench, options, name, n):
    """One row: seconds per simulated second, and how many times as fast as the peers."""
    run_for(bench, name, n, 0.01)                    # fills the cache
    start, length = run_for(bench, name, n, 0.01)[0], 1
    while length < 100 and run_for(bench, name, n, 0.01 + length)[0] - start < options.seconds / 2:
        length *= 3                                  # until a run is long beside what starting up varies
    python = find_brian2(options) if (name, n) in KNOWN and n <= options.peer_size else None
    ours, theirs = [], []
    for _ in range(options.repeat):
        short, long = run_for(bench, name, n, 0.01)[0], run_for(bench, name, n, 0.01 + length)[0]
        ours.append((long - short) / length)
        if python:
            theirs.append(run_brian2(python, name, n, 1)["run_s"])
    known, value = KNOWN[name, n], statistics.median(ours)
    rate = check_rate(bench, name, n)
    row = {"name": f"{name} n={n}", "unit": "s per simulated s", "value": value, "low": min(ours), "high": max(ours),
           "rate_hz": rate, "rate_ok": abs(rate - RATE) <= WITHIN * RATE, "target": known["target"], "peer": "GeNN"}
    # GeNN is not here: its known figure, scaled by how this machine compares for Brian2.
    scale = statistics.median(theirs) / known["brian2"] if theirs else 1.0
    row["ratio"] = known["genn"] * scale / value
    row["scaled_by_brian2"] = bool(theirs)
    if theirs:
        row["brian2_s"], row["brian2_ratio"] = statistics.median(theirs), statistics.median(theirs) / value
    return row


def tell(row):
    peer = f", {row['brian2_ratio']:.1f} x Brian2 here" if "brian2_ratio" in row else ""
    return (f"  {row['name']:22} {row['value']:9.5f}  ({row['low']:.5f} to {row['high']:.5f}), {row['rate_hz']:.2f} Hz; "
            f"{row['ratio']:.1f} x GeNN{'' if row['scaled_by_brian2'] else ' elsewhere'}, target {row['target']}{peer}")
