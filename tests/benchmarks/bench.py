#!/usr/bin/env python3
"""bench.py: bench/run measures and tells: its rows have what they should, rates are right, fits and floors are what they say. No time is judged.

    tests/benchmarks/bench.py [--snnc PATH]
"""
import argparse
import gzip
import json
import struct
import subprocess
import sys
import tempfile
from pathlib import Path
from types import SimpleNamespace

ROOT = Path(__file__).resolve().parent.parent.parent
sys.dont_write_bytecode = True
sys.path[:0] = [str(ROOT / "tests" / "tools"), str(ROOT / "bench")]

import beside                                        # noqa: E402
import growth                                        # noqa: E402
import measure                                       # noqa: E402
import networks                                      # noqa: E402
import tool                                          # noqa: E402

SIZES = [{"kib": kib, "read": gb, "update": gb, "scatter": 10 * gb} for kib, gb in ((24, 200), (512, 100), (8192, 40), (262144, 10))]
LIMITS = {"sizes": SIZES, "fma": 100, "divide": 10, "product": 10}


def rows(snnc, *more):
    done = subprocess.run([str(ROOT / "bench" / "run"), "--snnc", snnc, "--networks", "0", "--repeat", "1", "--json", *more],
                          capture_output=True, text=True, timeout=500, check=False)
    if done.returncode:
        raise SystemExit(f"bench/run: exit status {done.returncode}\n{done.stderr}")
    return json.loads(done.stdout)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0].split(": ", 1)[1])
    tool.add_snnc_option(parser)
    options = parser.parse_args()
    tool.need_snnc(parser, options)
    wrong = []

    def need(truth, text):
        if not truth:
            wrong.append(text)

    slope, scatter = growth.exponent([(x, 3 * x ** 1.5) for x in (1, 2, 5, 9)])
    need(abs(slope - 1.5) < 1e-9 and scatter < 1e-9, f"an exponent of 1.5 is fitted as {slope} +- {scatter}")
    found = [measure.limit(LIMITS, "read", size) for size in (1000, 512 * 1024, 2 * 1024 ** 2, 1e9)]
    need([round(gb, 6) for gb in found] == [200, 100, round((100 * 40) ** 0.5, 6), 10], f"limits of a working set: {found}")
    other = {**LIMITS, "fma": 90, "divide": 11, "sizes": [{**size, "read": 150} for size in SIZES]}
    both = measure.best_of(LIMITS, other)
    need((both["fma"], both["divide"], [size["read"] for size in both["sizes"]]) == (100, 11, [200, 150, 150, 150]), f"the best of two measures: {both}")
    peers = beside.compare({"Brian2": 2.0, "GeNN": 1.0, "Auryn": 5.0}, {"Brian2": [(6.0, 5), (2.0, 5), (3.0, 6)], "NEST": [(1.4, 5)]})
    need(peers == [("NEST", 1.4, "here", 5), ("GeNN", 1.5, "scaled", None), ("Brian2", 3.0, "here", 5), ("Auryn", 7.5, "scaled", None)], f"peers {peers}")
    with tempfile.TemporaryDirectory(prefix="snnc-test-") as folder:
        peer = Path(folder) / "peer.py"
        peer.write_text("import sys\nif sys.argv[1] != 'digits':\n    sys.exit(3)\nprint('{\"run_s\": 4000.0, \"rate\": 1.0}')\n")
        found = rows(options.snnc, "--sizes", "20", "--cold-size", "20", "--seconds", "0.1", "--sparse", "0", "--rewarded", "0",
                     "--peer", f"Slow={sys.executable} {peer}")
    need([row["name"] for row in found] == ["cold start n=20", "warm start n=20", "digits n=20"], f"rows {[row['name'] for row in found]}")
    need(found[2]["peer"] == "Slow (here)" and abs(found[2]["ratio"] * found[2]["value"] / 1000 - 1) < 1e-6, f"a peer of digits: {found[2]}")
    share, cc = found[2]["share_of_limit"], measure.limits()
    need((share is None) == (cc is None) and (share is None or share > 0), f"the limit of digits: {found[2]}")
    found = rows(options.snnc, "--sizes", "0", "--sparse", "small", "--rewarded", "60")
    need([row["name"] for row in found] == ["CUBA, short", "MSTDPET n=60"], f"rows {[row['name'] for row in found]}")
    for row in found:
        need({"name", "unit", "value", "low", "high", "ratio", "target", "peer", "peak_memory", "bytes_per_synapse"} <= set(row),
             f"{row['name']}: a field is missing")
        need(row["low"] <= row["value"] <= row["high"], f"{row['name']}: the median is outside")
        need(row["peak_memory"] > 1e6, f"{row['name']}: {row['peak_memory']} bytes of memory")
    need(found[0]["rate_ok"], f"CUBA: {found[0]['rate_hz']} Hz")
    need(2 <= found[0]["bytes_per_synapse"] < 3, f"CUBA: {found[0]['bytes_per_synapse']} bytes per synapse")
    need(8 <= found[1]["bytes_per_synapse"] <= 40, f"MSTDPET: {found[1]['bytes_per_synapse']} bytes per synapse")
    bench = SimpleNamespace(options=SimpleNamespace(snnc=options.snnc), limits=dict(LIMITS))
    case = next(c for c in networks.CASES if c.program == "microcircuit")
    words = 20 * sum(16 * -(-axes["neuron"] // 128) for name, _, axes in measure.arrays(bench.options, networks.NETWORKS / "microcircuit.snn", case.settings)
                     if name.endswith(".v"))          # products: 128 neurons have sixteen blocks, of ten rounds of two
    floors = []
    for speed in (10, 20):
        bench.limits["product"] = speed
        floors.append(networks.floor(bench, case, case.rate))
    need(abs((floors[0] - floors[1]) / (10000 * words * (1 / 10 - 1 / 20) / 1e9) - 1) < 1e-3, f"random words in the floor of a microcircuit: {floors}")
    learning = networks.dense(1000, True)
    whole = networks.floor(bench, learning, learning.rate)
    bench.limits["sizes"] = [{**size, "read": 2 * size["read"]} for size in SIZES]      # of all that it does only sums of rows that wait are read alone
    sums = next(n for name, n, axes in measure.arrays(bench.options, networks.NETWORKS / "dense_stdp.snn", learning.settings) if {"slot", "post"} <= set(axes))
    saved = 30e6 * 5e-9 / measure.limit(LIMITS, "read", sums) / 2
    need(abs((whole - networks.floor(bench, learning, learning.rate)) / saved - 1) < 1e-3, "sums of rows that wait")
    with tempfile.TemporaryDirectory(prefix="snnc-test-") as folder:
        for name, head, size in (("images-idx3", struct.pack(">IIII", 0x803, 100, 28, 28), 784), ("labels-idx1", struct.pack(">II", 0x801, 100), 1)):
            (Path(folder) / f"t10k-{name}-ubyte.gz").write_bytes(gzip.compress(head + bytes(100 * size)))
        digits, bench.options.data = measure.HERE / "digits.snn", folder
        bench.limits = {"sizes": [{"kib": kib, "read": 100, "update": 200} for kib in (24, 48)], "fma": 1e9, "divide": 1e9, "product": 10}
        quiet, loud = (networks.floor_of_image(bench, digits, 100, 250, spikes, 150) for spikes in (0, 1000))
        need(abs((loud - quiet) / (1000 * (100 * 8e-9 / 200 + 5e-9 / 10)) - 1) < 1e-6, f"what spikes add to an image: {quiet}, {loud}")
        norm = networks.floor_of_image(bench, digits, 100, 0, 0, 150)
        need(abs(norm / (78400 * (4e-9 / 100 + 8e-9 / 200)) - 1) < 1e-6, f"an image without spikes or steps: {norm}")
    for case in networks.CASES:
        need((networks.NETWORKS / f"{case.program}.snn").exists() and case.times > 0, f"{case.name}: no program, or no target")
    print(*wrong, sep="\n")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
