"""measure.py: one run of snnc: processor time, memory, phases; arrays of a plan; limits of the machine.

Times are those of the processor (user and system), not of the clock on the wall: whoever else computes here does not count, though
caches and memory are shared.
"""
import json
import math
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent


def child(command, env=None):
    """Seconds of processor time, peak memory in bytes, and what was said on stderr."""
    with tempfile.TemporaryFile("w+") as errors:
        process = subprocess.Popen(list(map(str, command)), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=errors, env=env)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        errors.seek(0)
        text = errors.read()
    if process.returncode:
        sys.exit(f"bench: {' '.join(map(str, command))}\nexit status {process.returncode}\n{text}")
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024, text


def snnc(bench, program, settings, *extra, out=None, cache=None):
    o = bench.options
    command = [o.snnc, "run", program, "--engine", o.engine, "--threads", "1", "--quiet", *extra]
    command += ["--out", out] if out else ["--no-results"]
    for key, value in settings.items():
        command += ["--set", f"{key}={value}"]
    return child(command, {**os.environ, "XDG_CACHE_HOME": str(cache or bench.cache)})


def per_second(bench, program, settings, short, long, name="time", extra=(), between=None):
    """Processor seconds per simulated second: two lengths, in turn; the differences, and the peak memory. between() runs what is compared."""
    ms = [f"{round(1000 * t)} ms" for t in (short, long)]
    for t in ms:                                     # fills the cache
        snnc(bench, program, {**settings, name: t}, *extra)
    found, most = [], 0
    for _ in range(bench.options.repeat):
        a = snnc(bench, program, {**settings, name: ms[0]}, *extra)
        b = snnc(bench, program, {**settings, name: ms[1]}, *extra)
        found.append((b[0] - a[0]) / (long - short))
        most = max(most, b[1])
        if between:
            between()
    return found, most


def compile_times(bench, program, settings):
    """Seconds until the code of a program stands, with an empty cache and with a full one: phases before `run` (--time)."""
    cold, warm = [], []
    for _ in range(bench.options.repeat):
        with tempfile.TemporaryDirectory(prefix="snnc-cold-") as cache:
            for times in (cold, warm):
                text = snnc(bench, program, settings, "--time", cache=cache)[2]
                ms = {m.group(1).split()[0]: float(m.group(2)) for m in re.finditer(r"^(\S[\w ()]*?)\s+([\d.]+) ms", text, re.M)}
                times.append((ms["all"] - ms["run"]) / 1000)
    return statistics.median(cold), statistics.median(warm)


def arrays(options, program, settings, *extra):
    """Of each array of a plan: name, bytes, axes by kind."""
    command = [options.snnc, "emit", "--plan", program, *extra]
    for key, value in settings.items():
        command += ["--set", f"{key}={value}"]
    text = subprocess.run(list(map(str, command)), capture_output=True, text=True, check=True).stdout
    size = {"bool": 1, "i8": 1, "u8": 1, "i16": 2, "u16": 2, "f16": 2, "bf16": 2, "i32": 4, "u32": 4, "f32": 4, "i64": 8, "u64": 8, "f64": 8}
    for m in re.finditer(r"^buffer (\S+): (\w+) \[(.*?)\]", text, re.M):
        axes = {axis.split()[0]: int(axis.split()[1]) for axis in m.group(3).split(", ") if axis}
        n = size[m.group(2)]
        for extent in axes.values():
            n *= extent
        yield m.group(1), n, axes


def bytes_per_synapse(options, program, settings):
    """What lies by synapse, by pair and by row, over the number of synapses."""
    total = synapses = 0
    for name, n, axes in arrays(options, program, settings):
        pairs = axes.get("pre", 0) * axes.get("post", 0)
        if "synapse" in axes and name.endswith(".target"):
            synapses += axes["synapse"]
        if pairs and name.endswith(".weight"):
            synapses += pairs
        if "synapse" in axes or pairs or ("pre" in axes and (name.endswith(".row") or "slot" in axes)):
            total += n
    return total / synapses if synapses else None


COMPILED = tempfile.TemporaryDirectory(prefix="snnc-limits-")         # limits.c, once for all that ask; gone at the end


def limits():
    """What limits.c measures now, or None where it cannot be compiled."""
    cc, program = shutil.which(os.environ.get("CC", "cc")), Path(COMPILED.name) / "limits"
    if not cc:
        return None
    if not program.exists():
        made = subprocess.run([cc, "-O3", "-march=native", "-ffp-contract=off", *(["-mprefer-vector-width=512"] if os.uname().machine == "x86_64" else []),
                               "-o", str(program), str(HERE / "limits.c")], capture_output=True, text=True, check=False)
        if made.returncode:
            return None
    return json.loads(subprocess.run([str(program)], capture_output=True, text=True, check=True).stdout)


def best_of(a, b):
    """The higher of two measures of everything: whoever shares a core halves what its first cache stores, for minutes on end."""
    if not a or not b:
        return a or b
    sizes = [{key: max(x[key], y[key]) for key in x} for x, y in zip(a["sizes"], b["sizes"])]
    return {"sizes": sizes, **{key: max(a[key], b[key]) for key in a if key != "sizes"}}


def limit(found, what, size):
    """GB/s (or millions of places) in a working set of `size` bytes: between what was measured at the next smaller size and the next larger one."""
    sizes = sorted(found["sizes"], key=lambda s: s["kib"])
    kib = min(max(size / 1024, sizes[0]["kib"]), sizes[-1]["kib"])
    for small, large in zip(sizes, sizes[1:]):
        if kib <= large["kib"]:
            part = math.log(kib / small["kib"]) / math.log(large["kib"] / small["kib"])
            return small[what] ** (1 - part) * large[what] ** part
    return sizes[-1][what]
