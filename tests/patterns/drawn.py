#!/usr/bin/env python3
"""drawn.py: connections that are drawn or listed: exact counts, chi-square of what is random, the same for every engine and seed.

    tests/patterns/drawn.py [--snnc PATH] [--engines eval,jit,c]
"""
import argparse
import random
import struct
import subprocess
import sys
import tempfile
import zipfile
from collections import Counter
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.dont_write_bytecode = True
sys.path.insert(0, str(HERE.parent / "tools"))

import npy                                           # noqa: E402
import state                                         # noqa: E402
import tool                                          # noqa: E402

LIMIT = 4.0                                          # standard deviations; one false alarm in 16 000
A, B = 60, 90

PROGRAM = """
dt = 1 ms
layer a : Poisson[60](rate = 0 Hz)
layer b : LIF[90]
{lines}
experiment {{ run 1 ms }}
"""


class Wrong(Exception):
    pass


def need(truth, text):
    if not truth:
        raise Wrong(text)


def chi_square(what, seen, expected, estimated=0):
    """Wilson & Hilferty 1931: the cube root of a chi-square is nearly normal."""
    need(min(expected) > 4, f"{what}: too few to test")
    n = len(seen) - 1 - estimated
    x = sum((s - e) ** 2 / e for s, e in zip(seen, expected))
    z = ((x / n) ** (1 / 3) - (1 - 2 / (9 * n))) / (2 / (9 * n)) ** 0.5
    need(abs(z) < LIMIT, f"{what}: chi-square {x:.1f} of {n} degrees of freedom, {z:.1f} deviations")


def pairs(buffers, name):
    row, target = buffers[f"{name}.row"], buffers[f"{name}.target"]
    need(row[0] == 0 and all(x <= y for x, y in zip(row, row[1:])), f"{name}: rows do not ascend")
    found = []
    for i in range(len(row) - 1):
        line = target[row[i]:row[i + 1]]
        need(all(x <= y for x, y in zip(line, line[1:])), f"{name}: targets of source {i} do not ascend")
        found += [(i, j) for j in line]
    return found


def run(snnc, folder, lines, seed, engine="eval", options=(), program=PROGRAM):
    (folder / "case.snn").write_text(program.format(lines="\n".join(lines)), encoding="utf-8")
    done = subprocess.run([snnc, "run", "case.snn", "--engine", engine, "--seed", str(seed), "--quiet", "--no-results",
                           "--dump-state", "state", *options], cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True, timeout=300, check=False)
    need(done.returncode == 0, done.stdout)
    return state.load(folder / "state")


def counts(found, side, n):
    many = Counter(pair[side] for pair in found)
    return [many[k] for k in range(n)]


def flat(found, npost):
    return [i * npost + j for i, j in found]


def check_kind(name, by, many, npre, npost):
    """many: the pairs of each seed. What each generator promises."""
    every = sum(len(found) for found in many)
    self_allowed, twice = "autapses = false" not in by and by != "all_but_self", "multapses = false" not in by
    kind, size = by.split("(")[0], int("".join(c for c in by.split("=")[0].split(",")[0] if c.isdigit()) or 0)
    cells = npre * npost - (0 if self_allowed else npre)
    for found in many:
        distinct = len(set(found))
        need(self_allowed or all(i != j for i, j in found), f"{name}: an autapse")
        if not twice or kind in ("random", "all_but_self"):
            need(distinct == len(found), f"{name}: a multapse")
        if kind == "fixed_total":
            need(len(found) == size, f"{name}: {len(found)} synapses")
        if kind == "fixed_indegree":
            need(set(counts(found, 1, npost)) == {size}, f"{name}: in-degrees {counts(found, 1, npost)}")
        if kind == "fixed_outdegree":
            need(set(counts(found, 0, npre)) == {size}, f"{name}: out-degrees {counts(found, 0, npre)}")
        if kind == "all_but_self":
            need(len(found) == npre * (npre - 1), f"{name}: {len(found)} synapses")
    if kind == "all_but_self":
        return
    # With replacement every pair is as likely as any other: each neuron's partners in five parts.
    if twice and kind != "random":
        by_row = kind != "fixed_indegree"
        one = npre if by_row else npost

        def part(i, j):
            return (i, 5 * j // npost) if by_row else (j, 5 * i // npre)

        sizes = Counter(part(i, j) for i in range(npre) for j in range(npost) if self_allowed or i != j)
        seen = Counter(part(i, j) for found in many for i, j in found)
        groups = [(n, k) for n in range(one) for k in range(5)]
        fixed = 0 if kind == "fixed_total" else one - 1
        chi_square(f"{name}: pairs", [seen[g] for g in groups], [every * sizes[g] / cells for g in groups], fixed)
    for side, n in ((0, npre), (1, npost)):
        if (kind, side) in (("fixed_indegree", 1), ("fixed_outdegree", 0)):
            continue
        seen = [sum(x) for x in zip(*(counts(found, side, n) for found in many))]
        if twice and kind != "random":
            chi_square(f"{name}: neurons of side {side}", seen, [every / n] * n)
        else:
            # Without replacement degrees vary less: each is the sum of n draws that were or were not made.
            p = every / len(many) / cells
            if p == 1:
                continue
            per = cells / n * len(many)
            z = sum((s - per * p) ** 2 for s in seen) / (per * p * (1 - p)) / n
            need(abs(z - 1) < LIMIT * (2 / n) ** 0.5, f"{name}: degrees of side {side} vary {z:.2f} times as much as they should")
    if kind == "random":
        p = float(by.split("p = ")[1].split(",")[0].rstrip(")"))
        z = (every - len(many) * cells * p) / (len(many) * cells * p * (1 - p)) ** 0.5
        need(abs(z) < LIMIT, f"{name}: {every} synapses, {z:.1f} deviations off")
        gaps = [y - x for found in many for x, y in zip(flat(found, npost), flat(found, npost)[1:])]
        if self_allowed:
            width, q = max(1, round(0.1 / p)), 1 - p     # gaps in bins of so many cells; the last one takes the rest
            most = 1
            while len(gaps) * q ** (width * most) > 40:
                most += 1
            seen = Counter(min((g - 1) // width, most) for g in gaps)
            chi_square(f"{name}: gaps", [seen[b] for b in range(most + 1)],
                       [len(gaps) * q ** (width * b) * (1 - q ** width) for b in range(most)] + [len(gaps) * q ** (width * most)])


KINDS = ["random(p = 0.2)", "random(p = 0.7)", "random(p = 0.01)", "fixed_indegree(7)", "fixed_indegree(7, multapses = false)",
         "fixed_indegree(50, multapses = false)", "fixed_outdegree(9)", "fixed_outdegree(50, multapses = false)",
         "fixed_outdegree(80, multapses = false)", "fixed_total(700)", "fixed_total(900, multapses = false)"]
SAME = ["random(p = 0.3, autapses = false)", "fixed_indegree(11, autapses = false)",
        "fixed_indegree(89, autapses = false, multapses = false)", "fixed_outdegree(11, autapses = false)",
        "fixed_outdegree(30, autapses = false, multapses = false)", "fixed_total(800, autapses = false)",
        "fixed_total(800, autapses = false, multapses = false)", "all_but_self"]


def distributions(snnc, folder):
    lines = [f"connect a -> b by {by} as c{k} {{ weight = 1 }}" for k, by in enumerate(KINDS)]
    lines += [f"connect b -> b by {by} as s{k} {{ weight = 1 }}" for k, by in enumerate(SAME)]
    found = [run(snnc, folder, lines, seed) for seed in range(1, 13)]
    need(found[0]["c0.row"] != found[1]["c0.row"], "two seeds draw the same")
    need(found[0]["c3.target"] != found[0]["c3.target"][::-1], "targets are one number")
    for k, by in enumerate(KINDS):
        check_kind(f"a -> b by {by}", by, [pairs(f, f"c{k}") for f in found], A, B)
    for k, by in enumerate(SAME):
        check_kind(f"b -> b by {by}", by, [pairs(f, f"s{k}") for f in found], B, B)


def alike(snnc, folder, engines):
    """Names, not places, choose the numbers; engines agree; what is random differs between connections."""
    lines = [f"connect a -> b by {by} as c{k} {{ weight = normal(1, 0.1) ; delay = uniform(1 ms, 9 ms) }}" for k, by in enumerate(KINDS)]
    first = run(snnc, folder, lines, 5)
    for engine in engines:
        again = run(snnc, folder, lines, 5, engine, ["--threads", "2"])
        need(again == first, f"{engine} draws another network")
    turned = run(snnc, folder, lines[::-1], 5)
    need(all(turned[name] == first[name] for name in first if name.startswith("c")), "the order of connections matters")
    twins = run(snnc, folder, [f"connect a -> b by fixed_total(500) as {n} {{ weight = 1 }}" for n in ("one", "two")], 5)
    need(twins["one.target"] != twins["two.target"], "two connections are the same")


def later_of(found, name, row, target, slots):
    """(source, synapse, steps beyond the first): rows are sorted by delay, or a number stands beside each target, whichever is less."""
    begin, steps = found.get(f"{name}.delay_begin"), found.get(f"{name}.delay_steps")
    need((begin is None) != (steps is None), f"{name}: delays are kept twice, or not at all")
    for i in range(A):
        line = range(row[i], row[i + 1])
        if steps is not None:
            need(all(target[e] <= target[e + 1] for e in line[:-1]), f"{name}: targets do not ascend")
            yield from ((i, e, steps[e]) for e in line)
            continue
        bounds = begin[i * (slots + 1):(i + 1) * (slots + 1)]
        need(bounds[0] == 0 and bounds[-1] == len(line), f"{name}: delays do not fill row {i}")
        for later in range(slots):
            part = line[bounds[later]:bounds[later + 1]]
            need(all(target[e] <= target[e + 1] for e in part[:-1]), f"{name}: targets of one delay do not ascend")
            yield from ((i, e, later) for e in part)


def delays(snnc, folder):
    """Delays are spread as they should; what left a source arrives as late as it lies, and what comes to one port has one ring."""
    seen, most = Counter(), 9
    for seed in range(1, 9):
        lines = ["connect a -> b by fixed_total(4000) as c { weight = normal(1, 0.1) ; delay = uniform(1 ms, 9 ms) { range [1 ms, 9 ms] } }",
                 "connect a -> b by fixed_indegree(7) as n { weight = 1 + 0.01 * i ; delay = 1 ms + 1 ms * j { range [1 ms, 7 ms] } }"]
        found = run(snnc, folder, lines, seed, "eval", program=PROGRAM.replace("0 Hz", "1000 Hz").replace("run 1 ms", "run 2 ms"))
        ring = found["b.input_on_the_way"]
        sums = [0.0] * (most * B)
        for name, slots in (("c", most), ("n", 7)):
            row, target, weight = (found[f"{name}.{x}"] for x in ("row", "target", "weight"))
            need((f"{name}.delay_steps" in found) == (name == "n"), f"{name}: the larger of two forms")
            for i, e, later in later_of(found, name, row, target, slots):
                seen[later] += name == "c"
                need(name == "c" or later == min(target[e], 6), f"n: neuron {target[e]} has a delay of {later + 1} steps")
                if later:                                # those of one step have arrived
                    sums[(1 + later) % most * B + target[e]] += weight[e]
        need(len(ring) == len(sums) and all(abs(x - y) < 1e-3 for x, y in zip(sums, ring)), "spikes are not on their way as they should")
    chi_square("delays", [seen[k] for k in range(most)], [4000 * 8 * p / 16 for p in (1, *(7 * [2]), 1)])   # rounded to steps


def listed(snnc, folder):
    """Edges of a .csv in any order, with a value each; what is no list is told."""
    (folder / "e.csv").write_text("source,target,value\n1,0,0.5\n0,2,0.25\n# a remark\n1,2,0.75\n0,1,2\n", encoding="utf-8")
    line = ['connect a -> b by edges("e.csv") as c { weight = file("e.csv") { learn PostPre() } }']
    found = run(snnc, folder, line, 1)
    need(list(found["c.weight"]) == [2, 0.25, 0.5, 0.75], f"weights {list(found['c.weight'])}")
    for text, code in (("0,1,nan\n", "E0702"), ("0,x\n", "E0702"), ("0,90\n", "E0408"), ("60,0\n", "E0408"), ("0.5,0\n", "E0408"), ("-1,0\n", "E0408"),
                       ("3,4\n3,4\n", "E0414"), ("0,1\n0,1,2\n", "E0702"), ("0,1,2,3\n", "E0407"), ("source,target\n", "E0414"), ("", "E0")):
        (folder / "e.csv").write_text(text, encoding="utf-8")
        try:
            run(snnc, folder, ['connect a -> b by edges("e.csv") as c { weight = 1 }'], 1)
        except Wrong as error:
            need(f"error[{code}" in str(error), f"{text!r}: {error}")
        else:
            need(False, f"{text!r} is taken")


def text_array(text):
    """A text as NumPy keeps it, of no axes."""
    head = f"{{'descr': '|S{len(text)}', 'fortran_order': False, 'shape': (), }}".ljust(117) + "\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(head)) + head.encode() + text.encode()


def scipy_npz(path, form, shape, arrays, method=zipfile.ZIP_DEFLATED, **more):
    """As scipy.sparse.save_npz; arrays: name -> (type, numbers)."""
    part = path.parent / "part.npy"
    with zipfile.ZipFile(path, "w", method) as file:
        for name, (kind, numbers) in {"shape": ("i8", shape), **arrays, **more}.items():
            npy.save(part, npy.make((len(numbers),), kind, numbers))
            file.writestr(f"{name}.npy", part.read_bytes())
        if form:
            file.writestr("format.npy", text_array(form))


def csr(entries, npre):
    rows = sorted(entries)
    return {"indices": ("i4", [j for _, j, _ in rows]), "data": ("f4", [v for *_, v in rows]),
            "indptr": ("i4", [sum(i < k for i, *_ in rows) for k in range(npre + 1)])}


def matrices(snnc, folder):
    """Matrices of scipy: each format, packed or not, in any order, with weights and delays, gives the same network by every engine."""
    rng = random.Random(7)
    places = rng.sample([(i, j) for i in range(A) for j in range(B)], 300)
    entries = [(i, j, 0.25 + 0.5 * rng.random()) for i, j in places]
    by_column = sorted(entries, key=lambda e: (e[1], e[0]))
    shuffled = entries[::-1]
    ways = {"csr": csr(entries, A),
            "csc": {"indices": ("i8", [i for i, *_ in by_column]), "data": ("f8", [v for *_, v in by_column]),
                    "indptr": ("i8", [sum(j < k for _, j, _ in by_column) for k in range(B + 1)])},
            "coo": {"row": ("i4", [i for i, *_ in shuffled]), "col": ("u2", [j for _, j, _ in shuffled]),
                    "data": ("f4", [v for *_, v in shuffled]), "later": ("f4", [1 + j % 5 for _, j, _ in shuffled])}}
    first = None
    for form, arrays in ways.items():
        for method in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            scipy_npz(folder / "w.npz", form, [A, B], arrays, method)
            line = 'connect a -> b by edges("w.npz") as c { weight = file("w.npz") { learn PostPre() } }'
            found = run(snnc, folder, [line], 1)
            need(first is None or found == first, f"{form} gives another network")
            first = found
    need(pairs(first, "c") == sorted(places), "other pairs than in the file")
    need(all(abs(x - y) < 1e-6 for x, y in zip(first["c.weight"], [v for *_, v in sorted(entries)])), "other weights than in the file")
    # Delays: an array of the archive in the order of its entries, or a matrix with the same entries.
    delays = [1 + j % 5 for i, j in sorted(places)]
    scipy_npz(folder / "d.npz", "csr", [A, B], csr([(i, j, 1 + j % 5) for i, j in places], A))
    for engine in ("eval", "jit", "c"):
        for delay in ("w.npz:later", "d.npz"):
            line = f'connect a -> b by edges("w.npz") as c {{ weight = file("w.npz") ; delay = file("{delay}") }}'
            found = run(snnc, folder, [line], 1, engine)
            need(list(found["c.delay"]) == delays, f"{engine}: delays of {delay}")
    try:
        import numpy
        from scipy import sparse
    except ImportError:
        print("no scipy: its own files are not looked at")
        return
    dense = numpy.zeros((A, B), "f4")
    for i, j, v in entries:
        dense[i, j] = v
    for make in (sparse.csr_matrix, sparse.csc_matrix, sparse.coo_matrix, sparse.csr_array):
        for compressed in (False, True):
            sparse.save_npz(folder / "w.npz", make(dense), compressed=compressed)
            line = 'connect a -> b by sparse("w.npz") as c { weight = file("w.npz") { learn PostPre() } }'
            need(run(snnc, folder, [line], 1) == first, f"{make.__name__} gives another network")


def refused(snnc, folder):
    """What is wrong with a matrix is told."""
    good = csr([(0, 1, 1.0), (0, 5, 2.0), (3, 2, 0.5)], A)
    cases = [
        ("E0407", "is a matrix of [90, 60]", "csr", [B, A], {}), ("E0407", "is a matrix of 1 axes", "csr", [A], {}),
        ("E0408", "entry 1 of `indices`", "csr", [A, B], {"indices": ("i4", [1, B, 2])}),
        ("E0408", "entry 0 of `indices`", "csr", [A, B], {"indices": ("i4", [-1, 2, 2])}),
        ("E0702", "the value of pair 2 of `w.npz` is no number", "csr", [A, B], {"data": ("f4", [1, 2, float("nan")])}),
        ("E0702", "holds f64, and whole numbers are needed", "csr", [A, B], {"indices": ("f8", [1, 5, 2])}),
        ("E0407", "has 2 values", "coo", [A, B], {"data": ("f4", [1, 2]), "row": ("i4", [1, 2, 3]), "col": ("i4", [1, 2, 3])}),
        ("E0407", "does not ascend", "csr", [A, B], {"indptr": ("i4", [0, 3, 2] + [3] * (A - 2))}),
        ("E0414", "lists the pair (0, 1) twice", "csr", [A, B], {"indices": ("i4", [1, 1, 2])}),
        ("E0702", "is stored as `bsr`", "bsr", [A, B], {}), ("E0702", "tells no format", "", [A, B], {})]
    for code, told, form, shape, change in cases:
        scipy_npz(folder / "w.npz", form, shape, {**good, **change})
        expect(snnc, folder, code, told)
    scipy_npz(folder / "w.npz", "csr", [A, B], {**good, "indices": ("i4", [1, 1, 2])})
    need(pairs(run(snnc, folder, ['connect a -> b by edges("w.npz", multapses = true) as c { weight = 1 }'], 1), "c") == [(0, 1), (0, 1), (3, 2)],
         "multapses of a file are lost")
    for method in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        scipy_npz(folder / "w.npz", "csr", [A, B], good, method)
        whole = (folder / "w.npz").read_bytes()
        for cut in (10, len(whole) // 2, len(whole) - 30):
            (folder / "w.npz").write_bytes(whole[:cut])
            expect(snnc, folder, "E0702", "truncated")
        for byte in range(0, len(whole), 41):            # nothing of it makes it crash or hang
            torn = bytearray(whole)
            torn[byte] ^= 0x55
            (folder / "w.npz").write_bytes(torn)
            done = subprocess.run([snnc, "run", "case.snn", "--no-results", "--quiet", "--engine", "eval"], cwd=folder, capture_output=True,
                                  text=True, timeout=60, check=False)
            need(done.returncode in (0, 1, 3), f"byte {byte}: {done.returncode} {done.stderr}")


def expect(snnc, folder, code, told):
    try:
        run(snnc, folder, ['connect a -> b by edges("w.npz") as c { weight = file("w.npz") }'], 1)
    except Wrong as error:
        need(f"error[{code}" in str(error) and told in str(error), f"`{told}` is not told: {error}")
    else:
        need(False, f"`{told}` is not told")


def resumed(snnc, folder):
    """Spikes on the way, learnt weights and drawn rows go on from a checkpoint as if nothing had happened."""
    lines = ["connect a -> b by random(p = 0.5) as c { weight = uniform(0, 3) { range [0, 5] ; norm 30 per post each run ; learn PostPre() } ; "
             "delay = normal(3 ms, 1 ms) { range [1 ms, 9 ms] } }",
             "connect b -> b by fixed_total(900, autapses = false) as r { weight = normal(0.5, 0.1) ; delay = uniform(1 ms, 7 ms) }",
             "connect b -> b by where(random() < 0.1 and i != j) as w { weight = -0.2 { learn PostPre() } ; delay = 3 ms }",
             'connect a -> b by edges("e.csv") as l { weight = file("e.csv") { learn PostPre() } }']
    (folder / "e.csv").write_text("".join(f"{k % A},{k * 7 % B},{0.01 * k}\n" for k in range(60)), encoding="utf-8")
    text = PROGRAM.format(lines="\n".join(lines)).replace("rate = 0 Hz", "rate = 80 Hz").replace("run 1 ms", "run 120 ms")
    (folder / "case.snn").write_text(text + "record b.spikes\n", encoding="utf-8")

    def call(*options):
        done = subprocess.run([snnc, "run", "case.snn", "--quiet", *options], cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              text=True, timeout=300, check=False)
        return done.returncode, done.stdout

    need(call("--out", "whole", "--dump-state", "one")[0] == 0, "the run failed")
    code, text = call("--out", "little", "--memory", "20K")
    need(code == 3 and "the network needs " in text and "`c.target` u16" in text, f"it is run in too little memory: {text}")
    for step in (1, 53, 119):
        code, text = call("--out", f"cut{step}", "--pause-after", f"{step} steps")
        need(code == 130, text)
        code, text = call("--resume", f"cut{step}", "--threads", "2", "--dump-state", "two")
        need(code == 0, text)
        need((folder / "one").read_bytes() == (folder / "two").read_bytes(), f"another state, resumed at step {step}")
        name = "b.spikes.npy"
        need((folder / "whole" / name).read_bytes() == (folder / f"cut{step}" / name).read_bytes(), f"other spikes, resumed at step {step}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0].split(": ", 1)[1])
    tool.add_snnc_option(parser)
    parser.add_argument("--engines", default="eval,jit")
    options = parser.parse_args()
    tool.need_snnc(parser, options)
    wrong = 0
    for name, check in (("distributions", lambda folder: distributions(options.snnc, folder)),
                        ("resumed", lambda folder: resumed(options.snnc, folder)),
                        ("listed", lambda folder: listed(options.snnc, folder)),
                        ("matrices", lambda folder: matrices(options.snnc, folder)),
                        ("refused", lambda folder: refused(options.snnc, folder)),
                        ("delays", lambda folder: delays(options.snnc, folder)),
                        ("alike", lambda folder: alike(options.snnc, folder, options.engines.split(",")))):
        with tempfile.TemporaryDirectory(prefix="snnc-drawn-") as temporary:
            try:
                check(Path(temporary))
            except Wrong as error:
                print(f"{name}: {error}")
                wrong += 1
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
