#!/usr/bin/env python3
"""run.py: what tables, loops, choices and imports make, against the same program written out by hand.

    tests/programs/run.py [--snnc PATH] [NAME ...]

Each case is a folder of files with `short.snn` and `long.snn`: both must become the same network (`snnc emit --net`), also with
the values of --set that a case names. Then data of every kind of file, which must give the same run.
"""
import argparse
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

CASES = {}


def case(*sets):
    def add(function):
        CASES[function.__name__] = (function, sets)
        return function
    return add


@case()
def rows(write):
    write("short.snn", """
        table pop(name, n, tau) = [(exc, 8, 10 ms), ("inh", 2, 20 ms)]
        for p in pop { layer p.name : LIF[p.n](tau = p.tau) ; record p.name.spikes }
        for s in pop, t in pop { if s.name != t.name { connect s.name -> t.name { weight = s + 10 * t } } }
        layer last : LIF[pop[1].n + 1]
    """)
    write("long.snn", """
        layer exc : LIF[8](tau = 10 ms)
        record exc.spikes
        layer inh : LIF[2](tau = 20 ms)
        record inh.spikes
        connect exc -> inh { weight = 10 }
        connect inh -> exc { weight = 1 }
        layer last : LIF[3]
    """)


@case(("n=3",), ("n=1",))
def lists(write):
    write("short.snn", """
        param n = 2
        for k in 0 .. n {
            layer L[k] : LIF[4](tau = 10 ms + k * 1 ms)
            if k > 0 and k < 3 { connect L[k - 1] -> L[k] as link[k] { weight = k } } else if k == 0 { record L[k].v }
        }
        for l in L { record l.spikes }
        record link[1].weight
        experiment { run 3 ms ; for l in [L[0], L[1]] { l.threshold = -50 mV } ; run 3 ms }
    """)

    def text(n):
        lines = []
        for k in range(n + 1):
            lines.append(f"layer L_{k} : LIF[4](tau = 10 ms + {k} * 1 ms)")
            if k == 0:
                lines.append("record L_0.v")
            elif k < 3:
                lines.append(f"connect L_{k - 1} -> L_{k} as link_{k} {{ weight = {k} }}")
        lines += [f"record L_{k}.spikes" for k in range(n + 1)] + ["record link_1.weight", f"param n = {n}"]
        lines.append("experiment { run 3 ms ; L_0.threshold = -50 mV ; L_1.threshold = -50 mV ; run 3 ms }")
        return "\n".join(lines)
    write("long.snn", text(2))
    write("long_n=3.snn", text(3))
    write("long_n=1.snn", text(1))


@case()
def files(write):
    write("K.csv", "# made by hand\n1, 2\n\n-3,4e-1\n")
    write("pop.csv", "n,name\r\n3,\"a\"\r\n4,b\r\n")
    write("line.csv", "5,6\n")
    npy.save(write.folder / "W.npy", npy.make((2, 3), "f4", [0.5, 1, 2, -3, 4, 0.25]))
    write("short.snn", """
        table pop(name, n) = csv("pop.csv")
        table K[pop, pop] = csv("K.csv")
        table D[pop] = csv("line.csv")
        table W[pop, 3] = npy("W.npy")
        table J[t in pop, k in 5 .. 6] = 2 * K[t, k - 5] if t.name == a else D[t]
        for p in pop { layer p.name : LIF[p.n] }
        for s in pop, t in pop { connect s.name -> t.name { weight = K[s, t] ; bias = W[s, 2] + J[t, 6] } }
    """)
    write("long.snn", """
        layer a : LIF[3]
        layer b : LIF[4]
        connect a -> a { weight = 1  ; bias = 2 + 2 * 2 }
        connect a -> b { weight = 2 ; bias = 2 + 6 }
        connect b -> a { weight = -3 ; bias = 0.25 + 2 * 2 }
        connect b -> b { weight = 4e-1 ; bias = 0.25 + 6 }
    """)


@case()
def imports(write):
    npy.save(write.folder / "sub" / "w.npy", npy.make((2, 2), "f4", [0.5, 1, 2, 3]))
    write("sub/rules.snn", "rule Up(nu = 1e-2) { learns w ; on post { w += nu } }\nconst c = 3\n")
    write("sub/net.snn", """
        import "rules.snn"
        layer a : LIF[2]
        connect a -> a { weight = file("w.npy") { learn Up(nu = c) } }
    """)
    write("short.snn", 'import "sub/net.snn"\nimport "sub/rules.snn"\nrecord a.v\n')
    write("long.snn", """
        rule Up(nu = 1e-2) { learns w ; on post { w += nu } }
        const c = 3
        layer a : LIF[2]
        connect a -> a { weight = file("sub/w.npy") { learn Up(nu = c) } }
        record a.v
    """)


# ---- data ---------------------------------------------------------------------------------------

def npz(path, arrays, compression=zipfile.ZIP_STORED):
    """As numpy.savez."""
    with zipfile.ZipFile(path, "w", compression) as file:
        for name, array in arrays.items():
            npy.save(path.parent / "part.npy", array)
            file.writestr(f"{name}.npy", (path.parent / "part.npy").read_bytes())


TAKES = """
    layer a : Poisson[4]
    layer b : LIF[3]
    connect a -> b as c {{ weight = {weight} }}
    data d = {data}
    experiment {{
        for x, y in d as shown {{
            a.rate = x * 100 Hz ; run 20 ms
            vote b for y by all_activity every 2
        }}
        save c.weight to "w.npy"
    }}
    record a.spikes
    record b.votes
"""


def check_data(snnc):
    """The same numbers from .npy, .npz, text and a checkpoint give the same run; by all engines."""
    wrong, results = [], {}
    with tempfile.TemporaryDirectory(prefix="snnc-programs-") as scratch:
        folder = Path(scratch)
        x = npy.make((4, 4), "f4", [0.5 * (k % 5) for k in range(16)])
        y = npy.make((4,), "i8", [0, 1, 1, 0])
        w = npy.make((4, 3), "f4", [0.25 * k for k in range(12)])
        for name, array in (("x", x), ("y", y), ("w", w)):
            npy.save(folder / f"{name}.npy", array)
        npz(folder / "d.npz", {"other": w, "x": x, "y": y})
        npz(folder / "packed.npz", {"other": w, "x": x, "y": y}, zipfile.ZIP_DEFLATED)
        torn = bytearray((folder / "packed.npz").read_bytes())
        with zipfile.ZipFile(folder / "packed.npz") as file:
            torn[file.getinfo("x.npy").header_offset + 60] ^= 255
        (folder / "torn.npz").write_bytes(torn)
        (folder / "cut.npz").write_bytes((folder / "d.npz").read_bytes()[:-30])
        rows = [",".join(str(0.5 * ((4 * r + k) % 5)) for k in range(4)) for r in range(4)]
        (folder / "x.csv").write_text("a,b,c,d\n" + "\n".join(rows) + "\n")
        (folder / "y.csv").write_text("# labels\n0\n1\n\n1\n0\n")
        (folder / "words.csv").write_text("1,2\n3,four\n")
        (folder / "saves.snn").write_text("layer a : Poisson[4]\nlayer b : LIF[3]\n"
                                          'connect a -> b as c { weight = file("w.npy") }\n'
                                          'experiment { run 3 ms ; save "net.snnw" }\n')
        subprocess.run([snnc, "run", "saves.snn", "--out", "."], cwd=folder, capture_output=True, check=True, timeout=60)
        ways = {"npy": ('file("w.npy")', 'npy("x.npy", "y.npy")'),
                "npz": ('file("d.npz:other")', 'npz("d.npz:x", "d.npz:y")'),
                "packed": ('file("packed.npz:other")', 'npz("packed.npz:x", "packed.npz:y")'),
                "csv": ('file("net.snnw:c.weight")', 'csv("x.csv", "y.csv")')}
        for way, (weight, data) in ways.items():
            (folder / "p.snn").write_text(TAKES.format(weight=weight, data=data))
            for engine in ("jit", "eval", "c") if way == "csv" else ("eval",):
                done = subprocess.run([snnc, "run", "p.snn", "--engine", engine, "--out", "out"], cwd=folder,
                                      capture_output=True, text=True, timeout=120)
                if done.returncode:
                    wrong.append(f"{way}, {engine}: {done.stderr}")
                results[way, engine] = [(folder / "out" / f).read_bytes() for f in ("a.spikes.npy", "b.votes.npy", "w.npy")]
        first = next(iter(results.values()))
        wrong += [f"{way} by {engine} gives other results" for (way, engine), r in results.items() if r != first]
        for weight, data, told in (
                ("1", 'npz("torn.npz:x", "d.npz:y")', "`torn.npz` is damaged: entry `x.npy` cannot be unpacked"),
                ("1", 'npz("cut.npz:x", "d.npz:y")', "`cut.npz` is no .npz file, or truncated"),
                ("1", 'npz("d.npz:z", "d.npz:y")', "`d.npz` holds no `z`"),
                ("1", 'csv("words.csv", "y.csv")', "`words.csv`: `four` is no number (cell 2 of the row 2)"),
                ('file("net.snnw:c.bias")', 'npy("x.npy", "y.npy")', "`net.snnw` holds no `c.bias`; it is a checkpoint of `saves`"),
                ('file("d.npz:x")', 'npy("x.npy", "y.npy")', "`d.npz:x` has the shape [4, 4]")):
            (folder / "p.snn").write_text(TAKES.format(weight=weight, data=data))
            done = subprocess.run([snnc, "run", "p.snn", "--no-results"], cwd=folder, capture_output=True, text=True, timeout=60)
            if done.returncode not in (1, 3) or told not in done.stderr:
                wrong.append(f"`{told}` is not told:\n{done.stderr}")
    return wrong


# What is wrong in an imported file is told there.
WRONG = {
    "a circle": ({"short.snn": 'import "sub/a.snn"\n', "sub/a.snn": 'import "b.snn"\n', "sub/b.snn": 'import "a.snn"\n'},
                 "sub/b.snn:1:8: error[E0706]: `sub/a.snn` imports itself, by way of this file"),
    "itself": ({"short.snn": 'layer x : LIF[2]\nimport "short.snn"\n'}, "short.snn:2:8: error[E0706]: `short.snn` imports itself\n"),
    "an unknown name": ({"short.snn": 'import "sub/a.snn"\n', "sub/a.snn": "\nlayer x : LFI[3]\n"},
                        "sub/a.snn:2:11: error[E0206]: no neuron model is called `LFI`"),
    "a syntax error": ({"short.snn": 'import "sub/a.snn"\nlayer x : LFI[3]\n', "sub/a.snn": "\nlayer x LIF[3]\n"},
                       "sub/a.snn:2:9: error[E0102]"),
    "a file beside it": ({"short.snn": 'import "sub/a.snn"\n', "sub/a.snn": 'table K[2] = csv("none.csv")\n'},
                         "sub/a.snn:1:18: error[E0701]: there is no `sub/none.csv` in `.`"),
    "a link out": ({"short.snn": 'import "out.snn"\n'}, "short.snn:1:8: error[E0704]: `out.snn` is a link to"),
}


def check_wrong(snnc, name):
    files, told = WRONG[name]
    with tempfile.TemporaryDirectory(prefix="snnc-programs-") as scratch:
        folder = Path(scratch) / "here"
        (folder / "sub").mkdir(parents=True)
        (Path(scratch) / "there.snn").write_text("layer x : LIF[3]\n")
        (folder / "out.snn").symlink_to("../there.snn")
        for path, text in files.items():
            (folder / path).write_text(text)
        done = subprocess.run([snnc, "check", "short.snn"], cwd=folder, capture_output=True, text=True, timeout=60)
        if done.returncode not in (1, 3) or told not in done.stderr:
            return [f"{name}: `{told}` is not told:\n{done.stderr}"]
    return []


def network(snnc, folder, name, sets):
    options = [word for s in sets for word in ("--set", s)]
    done = subprocess.run([snnc, "emit", "--net", name, *options], cwd=folder, capture_output=True, text=True, timeout=60)
    if done.returncode:
        return None, done.stderr
    return "\n".join(done.stdout.splitlines()[1:]), done.stderr      # the first line names the program


def check(snnc, name):
    function, all_sets = CASES[name]
    wrong = []
    with tempfile.TemporaryDirectory(prefix="snnc-programs-") as scratch:
        folder = Path(scratch)

        def write(path, text):
            (folder / path).parent.mkdir(exist_ok=True)
            (folder / path).write_text(text)
        write.folder = folder
        (folder / "sub").mkdir()
        function(write)
        for sets in [(), *all_sets]:
            short, told = network(snnc, folder, "short.snn", sets)
            other, told_long = network(snnc, folder, "long.snn" if not sets else f"long_{sets[0]}.snn", ())
            if not short or short != other:
                wrong.append(f"{name} {' '.join(sets)}: not the same network\n{told}{told_long}")
                if short and other:
                    wrong += [f"  - {a}\n  + {b}" for a, b in zip(short.splitlines(), other.splitlines()) if a != b][:10]
    return wrong


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    tool.add_snnc_option(parser)
    parser.add_argument("names", nargs="*")
    options = parser.parse_args()
    tool.need_snnc(parser, options)
    wrong = []
    for name in options.names or CASES:
        wrong += check(options.snnc, name)
    wrong += check_data(options.snnc)
    for name in WRONG:
        wrong += check_wrong(options.snnc, name)
    print(*wrong, sep="\n")
    print(f"{len(options.names or CASES)} programs, {len(wrong)} complaints")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
