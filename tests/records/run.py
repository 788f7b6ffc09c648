#!/usr/bin/env python3
"""run.py: what records make of variables is what NumPy makes of the whole record, by every engine; and memory does not grow with a run.

    tests/records/run.py [--snnc PATH] [--engines eval,jit,c]
"""
import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.dont_write_bytecode = True
sys.path.insert(0, str(HERE.parent / "tools"))

import tool                                          # noqa: E402

try:
    import numpy as np
except ImportError:
    sys.exit(77)


def check(folder):
    def load(name):
        return np.load(folder / f"{name}.npy")
    events = load("src.spikes")
    spikes = np.zeros((200, 21), bool)
    spikes[events["t"], events["i"]] = True
    assert spikes.any() and not spikes.all()
    assert (np.unpackbits(load("src.spikes2"), axis=-1, count=21, bitorder="little")[:, 0] == spikes).all()
    assert (np.unpackbits(load("src.spikes3"), axis=-1, count=11, bitorder="little")[:, 0] == spikes[1::2, 3:14]).all()
    assert (load("src.spikes4") == events[(events["i"] >= 3) & (events["i"] < 14)]).all()
    v = load("exc.v")
    assert (load("exc.v2") == v[:, :, 4:5]).all()
    assert (load("exc.v3") == v[20:50, :, 2:6]).all()
    means = np.array([[np.float32(sum(x.astype(float).tolist()) / 13) for x in row] for row in v[9::10]])
    assert (load("exc.v.mean") == means).all()
    assert (load("exc.v.max") == v.max(2)).all() and (load("exc.v.min") == v.min(2)).all()
    assert np.allclose(load("src.rate")[:, 0], spikes.reshape(10, 20, 21).sum((1, 2)) / 21 / 0.02)
    w = load("input.weight")
    assert np.allclose(load("input.weight.sum"), w.astype(float).sum((1, 2)))
    assert w.std() > 0 and (w[0] != w[-1]).any()
    assert (load("input.weight.histogram") == np.array([np.histogram(x, bins=10, range=(0, 5))[0] for x in w])).all()
    assert (load("exc.v.histogram")[:, 0] == np.array([np.histogram(x, bins=7, range=(-70, -50))[0] for x in v])).all()
    told = {r["name"]: r for r in json.loads((folder / "manifest.json").read_text())["records"]}
    assert told["src.spikes2"]["form"] == "bits" and told["src.spikes2"]["neurons"] == [0, 21] and told["src.spikes3"]["neurons"] == [3, 14]
    assert told["src.rate"]["unit"] == "Hz" and (told["exc.v.histogram"]["low"], told["exc.v.histogram"]["high"]) == (-70, -50)
    for name, r in told.items():
        assert list(np.load(folder / r["file"]).shape) == r["shape"], name


def check_formats(snnc, folder):
    """The same numbers as .npz and .csv, also in two pieces."""
    def run(out, *more):
        return subprocess.run([snnc, "run", HERE / "records.snn", "--quiet", "--out", out, *more], stderr=subprocess.DEVNULL).returncode
    whole = {form: folder / f"as {form}" for form in ("npy", "npz", "csv")}
    for form, out in whole.items():
        assert run(out, "--format", form) == 0
        pieces = folder / f"pieces {form}"
        assert run(pieces, "--format", form, "--pause-after", "77 steps") == 130
        assert run(pieces, "--format", form, "--resume", pieces) == 0
        assert {p.name: p.read_bytes() for p in out.iterdir()} == {p.name: p.read_bytes() for p in pieces.iterdir()}, form
    records = np.load(whole["npz"] / "results.npz")
    told = json.loads((whole["npz"] / "manifest.json").read_text())["records"]
    assert sorted(records.files) == sorted(r["key"] for r in told) and len(told) == 15
    for key in records.files:
        npy = np.load(whole["npy"] / f"{key}.npy")
        assert (records[key] == npy).all(), key
        names = npy.dtype.names
        rows = np.loadtxt(whole["csv"] / f"{key}.csv", delimiter=",", skiprows=1, ndmin=2, dtype="i8" if names else npy.dtype)
        flat = np.stack([npy[n] for n in names], 1) if names else npy.reshape(len(npy), -1)
        assert (rows == flat).all(), key
    print("passed  formats")


LONG = """
layer src : Poisson[200](rate = 500 Hz)
layer exc : LIF[200]
connect src -> exc { weight = uniform(0, 1) }
experiment { run %d s }
record src.spikes
record src.spikes as bits
record exc.v
record mean(exc.v)
record rate(src) every 10 ms
record histogram(exc.v, bins = 50, low = -80 mV, high = -50 mV)
"""


def memory(snnc, folder, seconds):
    (folder / "long.snn").write_text(LONG % seconds)
    child = subprocess.Popen([snnc, "run", "long.snn", "--quiet", "--out", f"out{seconds}"], cwd=folder)
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = 0
    assert status == 0, status
    size = sum(p.stat().st_size for p in (folder / f"out{seconds}").iterdir())
    return usage.ru_maxrss * 1024, size


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    tool.add_snnc_option(parser)
    parser.add_argument("--engines", default="eval,jit,c")
    options = parser.parse_args()
    tool.need_snnc(parser, options)
    with tempfile.TemporaryDirectory(prefix="snnc-records-") as name:
        for engine in options.engines.split(","):
            out = Path(name) / engine
            subprocess.run([options.snnc, "run", HERE / "records.snn", "--engine", engine, "--quiet", "--out", out, "--check-stages"], check=True)
            check(out)
            print(f"passed  records by {engine}")
        check_formats(options.snnc, Path(name))
        for seconds in (1, 30):                      # compiled code is in the cache then
            memory(options.snnc, Path(name), seconds)
        (short, few), (long, many) = (memory(options.snnc, Path(name), s) for s in (1, 30))
        print(f"memory: {short >> 20} MiB with {few >> 20} MiB of results, {long >> 20} MiB with {many >> 20} MiB")
        assert many > few + (30 << 20) and long < short + (4 << 20)
    return 0


if __name__ == "__main__":
    sys.exit(main())
