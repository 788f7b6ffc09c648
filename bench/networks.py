"""networks.py: the networks of examples/benchmarks that other simulators run too, and a rule of three factors.

Of each: processor seconds per simulated second, how many times as fast as the peers (beside.py), the rate beside the reference, the share
of what memory and arithmetic allow, bytes per synapse, seconds to compile, peak memory.

The limits are measured before each network and behind it, and the better ones count.

The floor is the sum of what a program for this network that does as the plan does cannot leave away, at what limits.c measured: the loops
over neurons, at their arithmetic (operations as they are written, half as many per second as flops of fused multiply-adds since none are
fused that the plan does not fuse; divisions apart) or at updating their arrays where these lie; random words, at the products that mix
them; rows of full matrices, which are read, or changed where they learn, and where what post spikes do to a row waits until it is read,
also the sums as they were when it was last read, a vector as long as the row (those of now are read once for four rows); each event's place
in an array of sums, and its synapse, which is read one behind the other in its row, and changed there where it learns.
"""
import re
import statistics
import subprocess
import tempfile
from collections import namedtuple
from pathlib import Path

import beside
import measure
import npy

NETWORKS = measure.ROOT / "examples" / "benchmarks"
POPULATIONS = ("L23E", "L23I", "L4E", "L4I", "L5E", "L5I", "L6E", "L6I")

# peers: seconds per simulated second elsewhere (beside.py); times: how often snnc should be as fast as `than`, or the best of them;
# rate [Hz] over all neurons of the layers, and within which part of it; beside: simulated seconds of a peer; most: bytes of memory.
# Of each spike: events that add to a sum (delivered), that change a weight in a row (plastic); stream: bytes of a synapse.
# Of full matrices: rows [Hz], rows that are read in a second for each source, and what they cost, "read" or "update".
Case = namedtuple("Case", "name program settings short long peers times layers rate within seeds delivered plastic stream than beside rows "
                  "cost most", defaults=(1, 80, 0, 2, None, 1, 0, None, None))
CASES = [
    Case("CUBA", "cuba", {}, 0.5, 8.5, {"Brian2": 0.053, "GeNN": 0.101}, 4, ("e", "i"), 5.6, 0.05),
    Case("COBA", "coba", {}, 0.5, 6.5, {"Auryn": 0.107, "GeNN": 0.295, "Brian2": 0.35}, 4, ("e", "i"), 19.3, 0.15, 3),
    Case("COBA by Euler's method", "coba_euler", {}, 0.5, 6.5, {"Auryn": 0.107}, 4, ("e", "i"), 19.3, 0.15, 3),
    Case("Brunel with STDP", "brunel_stdp", {}, 0.1, 1.1, {"GeNN": 2.98, "Auryn": 3.7, "Brian2": 5.5}, 4, ("e", "i"), 9.4, 0.05, 1, 1000, 512, 6,
         "GeNN"),
    Case("microcircuit, a tenth", "microcircuit", {"scale": 0.1}, 0.3, 6.3, {"GeNN": 0.82, "Brian2": 2.0}, 9, POPULATIONS, 3.48, 0.15, 1, 388, 0, 7,
         "GeNN"),
]
FULL = Case("microcircuit", "microcircuit", {"scale": 1}, 0.05, 2.05, {"GeNN": 29.1}, 9, POPULATIONS, 3.55, 0.15, 1, 3875, 0, 6, "GeNN", most=2.5e9)
SMALL = [Case("CUBA, short", "cuba", {}, 0.1, 0.6, {}, None, ("e", "i"), 5.6, 0.2)]     # for the test of bench/run
PRODUCTS = 5                                         # of a random word: Philox makes four by ten rounds of two
DENSE = {                                            # (n, learning) -> seconds of GeNN, of Brian2, and how often snnc should be as fast as GeNN
    (1000, False): (0.0148, 0.061, 7), (4000, False): (0.298, 1.14, 6), (8000, False): (1.18, 4.4, 5),
    (1000, True): (0.046, 0.196, 8), (4000, True): (2.98, 7.5, 12), (8000, True): (14.8, 33.0, 12),
}


def dense(n, learning):
    """Inputs all to all to as many neurons: 30 Hz of rows."""
    genn, brian2, times = DENSE.get((n, learning), (None, None, None))
    long = 10 if n <= 1000 else 1 if learning and n > 4000 else 4
    return Case(f"dense {'with STDP' if learning else 'static'}, n = {n}", "dense_stdp" if learning else "dense_static", {"n": n}, 0.05, long + 0.05,
                {"GeNN": genn, "Brian2": brian2} if genn else {}, times, ("output",), 19.85, 0.05, 1, 0, than="GeNN", rows=30,
                cost="update" if learning else "read")


def rate_of(bench, case):
    """Spikes per neuron and second in the first second (CUBA and COBA: two), mean of some seeds."""
    rates, seconds = [], min(case.long, 2 if case.stream == 2 else 1)
    for seed in range(1, case.seeds + 1):
        with tempfile.TemporaryDirectory(prefix="snnc-rates-") as folder:
            out = Path(folder) / "out"
            measure.snnc(bench, NETWORKS / f"{case.program}.snn", {**case.settings, "time": f"{round(1000 * seconds)} ms"},
                         "--seed", str(seed), out=out)
            spikes = sum(len(npy.load(out / f"{layer}.spikes.npy").rows) for layer in case.layers)
        rates.append(spikes / seconds / neurons_of(bench, case))
    return statistics.mean(rates)


def neurons_of(bench, case):
    return sum(axes["neuron"] for name, _, axes in measure.arrays(bench.options, NETWORKS / f"{case.program}.snn", case.settings)
               if name.removesuffix(".v") in case.layers)


def dt_of(program):
    """ms"""
    return float(re.search(r"^dt = ([\d.]+) ms", program.read_text(), re.M)[1])


def dense_loops(bench, program, settings, *extra):
    """Operations, divisions, products and bytes of the loops of a step that have as many turns in each, as `snnc explain` counts them."""
    command = [bench.options.snnc, "explain", program, *extra]
    for key, value in settings.items():
        command += ["--set", f"{key}={value}"]
    text = subprocess.run(list(map(str, command)), capture_output=True, text=True, check=True).stdout
    found = re.search(r"Dense loops: [^(]*\(([^a-z]+) operations, ([^a-z]+) divisions[^)]*\)(?:, ([^a-z]+) products[^)]*\))? and ([\d. ]+) (\w+) in "
                      "each step", text)
    if not found:
        return None
    unit = {"B": 1, "KiB": 1024, "MiB": 1024 ** 2, "GiB": 1024 ** 3}[found.group(5)]
    return *(float(re.sub(r"[^\d.e]", "", found.group(k) or "0")) for k in (1, 2, 3)), float(found.group(4).replace(" ", "")) * unit


def floor_of_step(limits, loops, states):
    """Seconds of the loops over neurons, whose states lie in so many bytes."""
    operations, divisions, products, moved = loops
    arithmetic = (operations - divisions) / (limits["fma"] / 2) + divisions / limits["divide"]
    return 1e-9 * (max(arithmetic, moved / measure.limit(limits, "update", states)) + products / limits["product"])


def states_of(options, program, settings, *extra):
    """Bytes of what the loops over neurons walk through: no tables of many words, steps or classes for each neuron."""
    return sum(size for _, size, axes in measure.arrays(options, program, settings, *extra) if "neuron" in axes and not {"slot", "class"} & set(axes))


def floor_of_image(bench, program, n, steps, spikes, pixels):
    """Seconds per image of a network with as many inputs as a digit has pixels, of which some spike so often in all: their rows are changed,
    weights brought to their norm (read for their sum, then changed), a random word drawn for each spike; the loops of each step."""
    limits, data = bench.limits, ("--data", bench.options.data)
    loops = dense_loops(bench, program, {"n": n}, *data)
    if not limits or not loops:
        return None
    states = states_of(bench.options, program, {"n": n}, *data)
    rows = 8e-9 * n * spikes / measure.limit(limits, "update", 4 * pixels * n)
    norm = 784 * n * (4e-9 / measure.limit(limits, "read", 4 * 784 * n) + 8e-9 / measure.limit(limits, "update", 4 * 784 * n))
    return rows + norm + 1e-9 * spikes * PRODUCTS / limits["product"] + steps * floor_of_step(limits, loops, states)


def floor(bench, case, rate):
    """Seconds per simulated second that this machine needs at least."""
    program, limits = NETWORKS / f"{case.program}.snn", bench.limits
    loops = dense_loops(bench, program, case.settings)
    if not limits or not loops:
        return None
    states = states_of(bench.options, program, case.settings)
    synapses = sums = weights = snapshots = 0
    for name, n, axes in measure.arrays(bench.options, program, case.settings):
        synapses += n if "synapse" in axes else 0
        weights = max(weights, n if name.endswith(".weight") else 0)
        snapshots = max(snapshots, n if {"slot", "post"} <= set(axes) else 0)
        sums += n if name.endswith("_on_the_way") or name.rpartition(".")[2] in ("input", "exc", "inh") else 0
    step = floor_of_step(limits, loops, states)
    spikes = rate * neurons_of(bench, case)
    event = 1e-6 / measure.limit(limits, "scatter", sums) + 1e-9 * case.stream / measure.limit(limits, "read", synapses)
    through = case.rows * case.settings.get("n", 0) ** 2          # synapses in rows that are read in a second
    matrix = through * (8e-9 if case.cost == "update" else 4e-9) / measure.limit(limits, case.cost or "read", weights)
    if snapshots and case.cost == "update":                        # other arrays by slot and post hold what is on its way, or known ahead
        matrix += through * (4e-9 + 1e-9) / measure.limit(limits, "read", snapshots)
    row = 8e-9 / measure.limit(limits, "update", weights)
    return 1000 / dt_of(program) * step + matrix + spikes * (case.delivered * event + case.plastic * row)


def row_of(bench, case):
    program = NETWORKS / f"{case.program}.snn"
    asked = case.times and not case.most and case.settings.get("n", 0) <= bench.options.peer_size
    theirs = {name: [] for name in bench.peers if asked}

    def others():
        for name, runs in theirs.items():
            told = beside.run(bench.peers[name], case.program, case.beside, case.settings)
            if told:
                runs.append(told)
    before = measure.limits()
    found, memory = measure.per_second(bench, program, case.settings, case.short, case.long, between=others)
    bench.limits = measure.best_of(before, measure.limits())
    value, rate = statistics.median(found), rate_of(bench, case)
    cold, warm = measure.compile_times(bench, program, {**case.settings, "time": "1 ms"} if case.most is None else {"scale": 0.1, "time": "1 ms"})
    least, peers = floor(bench, case, rate), beside.compare(case.peers, theirs)
    peer = next((p for p in peers if p.name == case.than), peers[0] if peers else None)
    row = {"name": case.name, "unit": "s per simulated s", "value": value, "low": min(found), "high": max(found),
           "ratio": peer.seconds / value if peer else None, "target": case.times, "peer": peer.name if peer else None,
           "peers": [{**p._asdict(), "ratio": p.seconds / value} for p in peers], "rate_hz": rate,
           "rate_ok": abs(rate / case.rate - 1) <= case.within, "share_of_limit": least / value if least else None,
           "bytes_per_synapse": measure.bytes_per_synapse(bench.options, program, case.settings), "compile_cold_s": cold,
           "compile_warm_s": warm, "peak_memory": memory}
    if case.most:
        row["memory_ok"] = memory <= case.most
    return row


def rewarded(bench, n):
    """MSTDPET on n * n synapses beside the same compiler's dense pass over all of them in each step, in turn."""
    program, ours, dense = measure.HERE / "networks" / "mstdpet.snn", [], []
    memory, before = 0, measure.limits()
    for _ in range(bench.options.repeat):
        a, most = one_more(bench, program, n, 0.3, 1.3)
        b, _ = one_more(bench, program, n, 0.02, 0.06 if n > 1000 else 0.22, "--without", "drift")
        ours.append(a)
        dense.append(b)
        memory = max(memory, most)
    value, theirs = statistics.median(ours), statistics.median(dense)
    bench.limits = measure.best_of(before, measure.limits())
    share = 24e-9 * n * n * 1000 / measure.limit(bench.limits, "update", 12 * n * n) / theirs if bench.limits else None
    return {"name": f"MSTDPET n={n}", "unit": "s per simulated s", "value": value, "low": min(ours), "high": max(ours), "ratio": theirs / value,
            "target": 30, "peer": "its own dense pass", "dense_s": theirs, "dense_share_of_limit": share, "peak_memory": memory,
            "bytes_per_synapse": measure.bytes_per_synapse(bench.options, program, {"n": n})}


def one_more(bench, program, n, short, long, *extra):
    repeat, bench.options.repeat = bench.options.repeat, 1
    found, memory = measure.per_second(bench, program, {"n": n}, short, long, "t", extra)
    bench.options.repeat = repeat
    return found[0], memory


def tell(row):
    parts = [f"  {row['name']:26} {row['value']:9.5f}  ({row['low']:.5f} to {row['high']:.5f})"]
    if row.get("rate_hz") is not None:
        parts.append(f"{row['rate_hz']:.2f} Hz{'' if row['rate_ok'] else ', which is WRONG'}")
    if row["ratio"]:
        where = next((f" ({p['where']})" for p in row.get("peers", ()) if p["name"] == row["peer"]), "")
        parts.append(f"{row['ratio']:.1f} x {row['peer']}{where}, target {row['target']}")
    parts += [f"{p['ratio']:.1f} x {p['name']} ({p['where']})" for p in row.get("peers", ()) if p["name"] != row["peer"]]
    if row.get("share_of_limit"):
        parts.append(f"{100 * row['share_of_limit']:.0f} % of the limit")
    if row.get("bytes_per_synapse"):
        parts.append(f"{row['bytes_per_synapse']:.1f} B per synapse")
    if row.get("compile_cold_s"):
        parts.append(f"compiled in {1000 * row['compile_cold_s']:.0f} ms, {1000 * row['compile_warm_s']:.0f} ms again")
    if row.get("peak_memory"):
        parts.append(f"{row['peak_memory'] / 1e6:.0f} MB")
    return "; ".join(parts)
