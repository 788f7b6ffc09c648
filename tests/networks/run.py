#!/usr/bin/env python3
"""run.py: random small networks through every back end must give the same bytes.

    tests/networks/run.py [--snnc PATH] [--count N] [--seed S] [--engines eval,jit,gcc,clang] [--cover] [-j N]
    tests/networks/run.py --seed S --program K [--network P] [--keep DIR]      one program of a seed again

Networks are drawn over all models, features and rules of the library, neurons, features and rules made up as a user would
write them, and all patterns of connections (draw.py, connect.py, patterns.py). Each is made for a pattern with one of its options, a
rule and a feature (cover.py), so that 300 have all of these together: that is checked, and --cover tells in how many each was.

Six of them make one program, so that compilers are started less often; each was run alone before, by the interpreter, as a plan that no pass has touched: a network in
which some layer is silent or no value changes is drawn anew and counted, so is one that is refused by a message. Beside the others it
must give the same numbers as alone.

The C of a program is compiled by gcc and by clang, at a level of optimisation that is drawn, and its kernels are called for
parts of their ranges, in any order: they may run at the same time. The number of threads is drawn for each engine; the
interpreter fails where one of them touches what another one writes. Options of a program are drawn too: f64, --exact,
passes that are left out, another seed.

A failure tells the seed and number of its program. Status 0 only if all agree and all of the library was drawn.
"""
import argparse
import collections
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from math import isfinite
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
sys.dont_write_bytecode = True
sys.path[:0] = [str(HERE), str(HERE.parent / "tools")]

import cover                                         # noqa: E402
import library as library_of                         # noqa: E402
import npy                                           # noqa: E402
import tool                                          # noqa: E402
from program import PREFIXES, draw_network, settings_of, text_of   # noqa: E402

EACH, TRIES, LIMIT = 6, 60, 300
MANY, ALL = 300, 3000                                # networks that must have everything; and are looked at for all rules on all features
FLAGS = "-std=c11 -ffp-contract=off -fwrapv -fno-math-errno -fno-trapping-math".split()
# How often each level of optimisation is taken: what compilers need for the higher ones would be most of the time.
LEVELS = {"-O0": 16, "-O1": 2, "-O2": 1, "-O3": 1}


class Wrong(Exception):
    """What must not happen."""


class Tools:
    def __init__(self, options):
        self.snnc, prefix = options.snnc, Path(options.snnc).resolve().parent.parent
        self.lib = next((p for p in (prefix / "lib" / "libsnnrt.a",) if p.exists()), None)
        self.include = next((p for p in (ROOT / "runtime" / "include", prefix / "include") if (p / "snnrt.h").exists()), None)
        self.all_levels = options.all_levels
        self.sanitize = os.environ.get("SNNC_TEST_CFLAGS", "").split()

    def call(self, command, folder, what):
        environment = {**os.environ, "XDG_CACHE_HOME": str(folder / "cache")}
        try:
            done = subprocess.run([str(word) for word in command], cwd=folder, env=environment, timeout=LIMIT, stdin=subprocess.DEVNULL,
                                  stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace")
        except subprocess.TimeoutExpired as late:
            raise Wrong(f"{what}: not done after {LIMIT} s") from late
        return done

    def run(self, engine, folder, options, seed):
        """Runs folder/net.snn by an engine; the bytes of its results by name."""
        out = folder / engine
        shutil.rmtree(out, ignore_errors=True)
        out.mkdir()
        threads = str(random.Random(f"{seed} {engine} threads").choice([1, 1, 2, 3, 4]))
        if engine in ("plain", "eval", "jit"):
            if engine == "plain":                    # of passes that are left out the last one named counts
                options = [*options, *tool.engine_options(self.snnc, engine)[2:]]
            done = self.call([self.snnc, "run", "net.snn", "--engine", "eval" if engine == "plain" else engine, "--threads", threads, "--quiet", "--out", out, "--dump-state", out / "state", *options], folder, engine)
        else:
            done = self.compiled(engine, folder, out, options, seed, threads)
        if done.returncode:
            raise Wrong(f"{engine}: exit status {done.returncode}\n{done.stdout[:2000]}")
        return {p.relative_to(out).as_posix(): p.read_bytes() for p in sorted(out.rglob("*")) if p.is_file() and not p.name.endswith((".c", ".x"))}

    def compiled(self, compiler, folder, out, options, seed, threads):
        rng = random.Random(f"{seed} {compiler}")
        source, program = out / "net.c", out / "net.x"
        at_run = [x for k, x in enumerate(options) if x == "--seed" or (k and options[k - 1] == "--seed")]
        done = self.call([self.snnc, "emit", "net.snn", "--c", "-o", source, "--threads", threads, *[x for x in options if x not in at_run]], folder, "emit")
        if done.returncode:
            return done
        source.write_text(in_parts(source.read_text(), rng))
        levels = dict.fromkeys(LEVELS, 1) if self.all_levels else LEVELS
        level = rng.choices(list(levels), levels.values())[0]
        done = self.call([compiler, *FLAGS, level, "-march=native", f"-I{self.include}", *self.sanitize, "-o", program, source, self.lib, "-lz", "-lpng",
                          "-lpthread", "-lm"], folder, compiler)
        if done.returncode:
            return done
        return self.call([program, f"--out={out}", f"--dump-state={out / 'state'}", "--quiet", f"--threads={threads}", *at_run], folder, compiler)


def in_parts(text, rng):
    """Kernels that are called for the whole of their ranges are called for parts of them, in any order."""
    def parts(found):
        whole = int(found[3])
        cuts = sorted(rng.sample(range(1, whole), min(rng.randint(0, 2), whole - 1))) if whole > 1 else []
        ends = [0, *cuts, whole]
        calls = [f"{found[1]}{found[2]}(net, {lo}, {hi});" for lo, hi in zip(ends, ends[1:])]
        rng.shuffle(calls)
        return "\n".join(calls)
    return re.sub(r"^(\t+)(\w+)\(net, 0, (\d+)\);$", parts, text, flags=re.MULTILINE)


# ---- one network ---------------------------------------------------------------------------------------------

def write(folder, networks, settings, title):
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "net.snn").write_text(text_of(networks, settings, title), encoding="utf-8")
    for net in networks:
        for name, array in net.files.items():
            npy.save(folder / name, array)


def idle(net, folder, strict=False):
    """None, or what the network leaves undone, or overdoes: the bits of what is not a number are nobody's. strict: the value that
    it was made for must change."""
    for path in (folder / "plain").rglob("*.npy"):
        array = npy.load(path)
        if not isinstance(array, npy.Events) and array.dtype in npy.FLOATS and not all(map(isfinite, array.data)):
            return "a number beyond all bounds"
    for layer in net.layers:
        record = npy.load(folder / "plain" / f"{layer['name']}.spikes.npy")
        if not (record.rows if isinstance(record, npy.Events) else any(record.data)):
            return "a silent layer"
    changed = set()
    for learned, keys in net.learned.items():
        record = npy.load(folder / "plain" / f"{learned}.npy")
        one = len(record.data) // max(record.shape[0], 1)
        if record.shape[0] > 1 and record.data[:one] != record.data[-one:]:
            changed.add(learned)
            net.covered |= set(keys)
    if strict and net.wished and net.wished not in changed:
        return "the wished value does not change"
    return None if changed else "no value that changes"


def lively_network(tools, library, seed, number, place, settings, folder, counts):
    """(network, its results alone)."""
    for attempt in range(TRIES):
        wish = cover.wish(library, number * EACH + place) if attempt < TRIES * 2 // 3 else None      # some cannot come alive in so few steps
        if wish and attempt >= TRIES // 3:
            wish = wish._replace(neuron=None)        # the rule matters more
        net = draw_network(library, seed, number, place, attempt, settings, wish=wish)
        shutil.rmtree(folder, ignore_errors=True)
        write(folder, [net], settings, f"seed {seed} program {number} network {place} attempt {attempt}")
        try:
            results = tools.run("plain", folder, settings["options"], seed)
        except Wrong as wrong:
            code = re.search(r"^\S+: error\[(E\d+)\]: (.*)", str(wrong), re.MULTILINE)
            if "exit status 1\n" in str(wrong) and code:
                counts[f"refused {code[1]} ({re.sub('`[^`]*`|[0-9]+', '_', code[2])})"] += 1
                continue
            raise
        why = idle(net, folder, attempt < TRIES // 2)
        if not why:
            return net, results
        counts[why] += 1
    raise Wrong(f"no network of place {place} does anything in {TRIES} attempts")


def same(a, b, names, who):
    for name in names:
        if name not in a or name not in b:
            raise Wrong(f"{who}: {name} is missing")
        if a[name] != b[name]:
            at = next((k for k, (x, y) in enumerate(zip(a[name], b[name])) if x != y), min(len(a[name]), len(b[name])))
            raise Wrong(f"{who}: {name} differs at byte {at} of {len(a[name])}")


def compare(tools, engines, folder, settings, seed):
    """All engines on folder/net.snn; the interpreter's results."""
    first = tools.run("eval", folder, settings["options"], seed)
    for engine in engines:
        if engine == "eval":
            continue
        results = tools.run(engine, folder, settings["options"], seed)
        if sorted(results) != sorted(first):
            raise Wrong(f"{engine}: files {sorted(set(results) ^ set(first))}")
        same(first, results, [name for name in first if name != "manifest.json"], engine)
    return first


# ---- programs --------------------------------------------------------------------------------------------------

def check(options, tools, library, number, size, top, counts, covered):
    """None, or what is wrong with program `number`."""
    settings, folder = settings_of(options.seed, number), top / str(number)
    places = [options.network] if options.network is not None else range(size)
    networks = []
    try:
        for place in places:
            networks.append(lively_network(tools, library, options.seed, number, place, settings, folder / PREFIXES[place], counts))
        together = folder / "all"
        write(together, [net for net, _ in networks], settings, f"seed {options.seed} program {number}")
        try:
            first = compare(tools, options.engines, together, settings, f"{options.seed} {number}")
        except Wrong as wrong:
            return f"{wrong}{blame(options, tools, number, places, settings, folder)}"
        for net, alone in networks:
            same(alone, first, [name for name in alone if name.endswith(".npy")], f"network {net.prefix} beside others")
            covered.update(net.covered)
    except Wrong as wrong:
        return str(wrong)
    finally:
        if not options.keep:
            shutil.rmtree(folder, ignore_errors=True)
    return None


def blame(options, tools, number, places, settings, folder):
    """Which network fails alone."""
    for place in places if len(places) > 1 else []:
        try:
            compare(tools, options.engines, folder / PREFIXES[place], settings, f"{options.seed} {number}")
        except Wrong as wrong:
            return f"\n    also alone: --network {place}: {str(wrong).splitlines()[0]}"
    return ""


def read_options():
    parser = argparse.ArgumentParser(description="Random small networks through every back end must give the same bytes.")
    tool.add_snnc_option(parser)
    parser.add_argument("--count", type=int, default=300, metavar="N", help="networks (default: %(default)s)")
    parser.add_argument("--seed", default="1", metavar="S", help="default: %(default)s; `new`: another one each time, which is told")
    parser.add_argument("--engines", default="eval,jit,gcc,clang", help="default: %(default)s; compilers that are absent are left out")
    parser.add_argument("--all-levels", action="store_true", help="all levels of the C compilers equally often, which takes longer")
    parser.add_argument("--program", type=int, metavar="K", help="only this program of the seed")
    parser.add_argument("--network", type=int, metavar="P", help="only this network of the program")
    parser.add_argument("--cover", action="store_true", help="print in how many networks each model, pattern, feature and rule was")
    parser.add_argument("--keep", type=Path, metavar="DIR", help="leave programs and results in DIR")
    parser.add_argument("-j", type=int, default=os.cpu_count() or 1, metavar="N", help="programs at a time")
    options = parser.parse_args()
    tool.need_snnc(parser, options)
    if options.seed == "new":
        options.seed = str(random.SystemRandom().randrange(10**6))
    options.engines = [e for e in options.engines.split(",") if e in ("eval", "jit") or shutil.which(e)]
    return options


def main():
    options = read_options()
    tools, library = Tools(options), library_of.read(ROOT / "lib")
    programs = [options.program] if options.program is not None else range((options.count + EACH - 1) // EACH)
    sizes = {k: min(EACH, options.count - k * EACH) if options.program is None else EACH for k in programs}
    counts, covered, failed, begun = collections.Counter(), collections.Counter(), 0, time.monotonic()
    with tempfile.TemporaryDirectory(prefix="snnc-networks-") as temporary:
        top = (options.keep or Path(temporary)).resolve()
        with ThreadPoolExecutor(max(1, options.j)) as pool:
            jobs = [(k, pool.submit(check, options, tools, library, k, sizes[k], top, counts, covered)) for k in programs]
            for number, job in jobs:
                why = job.result()
                if why:
                    failed += 1
                    print(f"failed  --seed {options.seed} --program {number}: {why}", flush=True)
    print(f"{sum(sizes.values())} networks in {len(sizes)} programs of seed {options.seed} by {', '.join(options.engines)}: {failed} programs fail, "
          f"{time.monotonic() - begun:.0f} s")
    print("drawn anew: " + (", ".join(f"{n} {what}" for what, n in sorted(counts.items())) or "none"))
    keys = cover.wanted(library) + (cover.by_feature(library) if options.cover or sum(sizes.values()) >= ALL else [])
    if options.cover:
        cover.show(keys, covered)
        print("\nleft out: " + ", ".join(f"{name} on {group} ({why})" for (_, name, group), why in cover.NEVER.items()))
    missing = [" ".join(key).strip() for key in keys if not covered[key] and key[0] != "rule by feature"]
    rare = [f"{rule} on {feature}" for table, rule, feature in keys if table == "rule by feature" and not covered[table, rule, feature]]
    if sum(sizes.values()) >= ALL and rare:          # told, and no failure: some of these values hardly ever change
        print("rules that changed no such feature: " + ", ".join(rare))
    if options.program is None and sum(sizes.values()) >= MANY:
        print(f"{len(keys) - len(rare) - len(missing)} of {len(keys)} things that the library and the language offer were in a network")
        if missing:
            print("never compared: " + "; ".join(missing))
    else:
        missing = []
    return 1 if failed or missing else 0


if __name__ == "__main__":
    sys.exit(main())
