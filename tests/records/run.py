#!/usr/bin/env python3
"""run.py: what records make of variables is what NumPy makes of the whole record, by every engine; and memory does not grow with a run.

    tests/records/run.py [--snnc PATH] [--engines eval,jit,c]
"""
import argparse
import contextlib
import io
import json
import os
import re
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
    assert (load("input.weight2") == w[:, 3:9]).all() and (load("input.weight3") == w[:, 2:20:4, 1:12:2]).all()
    assert (load("input.weight4") == w[:, 7:8, 5:6]).all() and (load("exc.v4") == v[:, :, 0:13:3]).all()
    assert (load("exc.v.average") == (v.astype(float).reshape(8, 25, 1, 13).cumsum(1)[:, -1] / 25).astype(np.float32)).all()
    assert (load("src.spikes.average")[:, 0] == (spikes.reshape(5, 40, 21).sum(1) / 40).astype(np.float32)).all()
    average = load("input.weight.average")
    assert average.shape == (1, 21, 13) and (average >= 0).all() and (average <= 5).all() and np.abs(average[0] - w[1]).mean() < 0.5
    told = {r["name"]: r for r in json.loads((folder / "manifest.json").read_text())["records"]}
    assert told["src.spikes2"]["form"] == "bits" and told["src.spikes2"]["neurons"] == [0, 21] and told["src.spikes3"]["neurons"] == [3, 14]
    assert told["input.weight3"]["part"] == "[2 ..< 19 by 4, 1 ..< 12 by 2]" and told["exc.v4"]["axes"] == ["record", "batch", "neuron"]
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
    assert sorted(records.files) == sorted(r["key"] for r in told) and len(told) == 22
    for key in records.files:
        npy = np.load(whole["npy"] / f"{key}.npy")
        assert (records[key] == npy).all(), key
        names = npy.dtype.names
        rows = np.loadtxt(whole["csv"] / f"{key}.csv", delimiter=",", skiprows=1, ndmin=2, dtype="i8" if names else npy.dtype)
        flat = np.stack([npy[n] for n in names], 1) if names else npy.reshape(len(npy), -1)
        assert (rows == flat).all(), key
    print("passed  formats")


def check_page(snnc, folder):
    """What docs/results.md says of reading results, line by line."""
    page = (HERE.parent.parent / "docs" / "results.md").read_text(encoding="utf-8")
    (folder / "net.snn").write_text((HERE / "records.snn").read_text().replace("record src.spikes as bits", "record exc.spikes").replace("[21]", "[100]"))
    (folder / "sweep.snn").write_text("param tau = 20 ms\nsweep tau in [10 ms, 20 ms]\nlayer a : Poisson[9](rate = 500 Hz)\nlayer b : LIF[4](tau = tau)\n"
                                      "connect a -> b { weight = 4 }\nsignal fired = n { state n = 0 ; on b.spikes { n += 1 } }\n"
                                      "experiment { run 100 ms ; report fired }\n")
    for program, more in (("net.snn", []), ("net.snn", ["--format", "npz", "--out", "results/packed"]), ("sweep.snn", [])):
        subprocess.run([snnc, "run", program, "--quiet", *more], cwd=folder, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    bits = folder / "bits.snn"
    bits.write_text("layer exc : Poisson[100](rate = 100 Hz)\nexperiment { run 50 ms }\nrecord exc.spikes as bits\n")
    blocks = re.findall(r"```python\n(.*?)```", page, re.S)
    assert len(blocks) == 3, len(blocks)
    names = {}
    for block in blocks:
        if "unpackbits" in block:
            subprocess.run([snnc, "run", "bits.snn", "--quiet", "--out", "results/net"], cwd=folder, check=True, stderr=subprocess.DEVNULL)
        run_lines(folder, block, names)
    assert names["v"].shape[2] == 13 and names["spikes"].shape == (50, 1, 100) and names["table"]["lane"].tolist() == [0, 1]
    assert np.load(folder / "results/packed/results.npz")["exc.v"].shape == (200, 1, 13)
    print("passed  docs/results.md")


def run_lines(folder, block, names):
    here = os.getcwd()
    os.chdir(folder)
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            exec(block, names)
    finally:
        os.chdir(here)


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
record average(exc.v) every 10 ms
record src_exc.weight[0 ..< 200 by 20, 0 ..< 9]
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
        check_page(options.snnc, Path(name))
        for seconds in (1, 30):                      # compiled code is in the cache then
            memory(options.snnc, Path(name), seconds)
        (short, few), (long, many) = (memory(options.snnc, Path(name), s) for s in (1, 30))
        print(f"memory: {short >> 20} MiB with {few >> 20} MiB of results, {long >> 20} MiB with {many >> 20} MiB")
        assert many > few + (30 << 20) and long < short + (4 << 20)
    return 0


if __name__ == "__main__":
    sys.exit(main())
