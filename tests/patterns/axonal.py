#!/usr/bin/env python3
"""axonal.py: delays of axons: as a layer of relays written out by hand, and what is on its way goes on from a checkpoint.

    tests/patterns/axonal.py [--snnc PATH] [--engines eval,jit,c]
"""
import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.dont_write_bytecode = True
sys.path[:0] = [str(HERE.parent / "tools"), str(HERE)]

import tool                                          # noqa: E402
from drawn import Wrong, need                        # noqa: E402

PROGRAM = """
dt = 1 ms
neuron Relay {{ step {{ if input != 0 {{ spike }} }} }}
neuron Graded {{ state g = 0 ; step {{ if input > 0 {{ g += 1 ; spike 0.5 + 0.1 * g }} }} }}
rule Pairs {{
    learns w
    x' = -x / (20 ms)
    y' = -y / (20 ms)
    on pre  {{ w -= 0.02 * y }}
    on post {{ w += 0.03 * x }}
    on pre  {{ x += pre.spike }}
    on post {{ y += 1 }}
}}
layer s : Poisson[30](rate = 60 Hz)
layer a : Graded[30] at (x = 10 um * i)
layer b : LIF[20](tau = 10 ms) at (x = 15 um * j_of_i)
connect s -> a by one_to_one {{ weight = 1 }}
{lines}
experiment {{ run 150 ms ; save c.weight to "c.npy" ; save d.weight to "d.npy" }}
record b.spikes
""".replace("j_of_i", "i")
OPTION = """
connect {of} -> b as c {{ weight = uniform(0, 3) {{ range [0, 5] ; learn Pairs() }} ; delay = {time} ms {{ axonal = true }} }}
connect {of} -> b by random(p = 0.3) as d {{ delay = {time} ms {{ axonal = true }} ; weight = uniform(0, 3) {{ range [0, 5] ; learn Pairs() }} }}
connect b -> b as r {{ weight = -0.3 ; delay = 4 ms {{ axonal = true }} }}
"""
BY_HAND = """
layer relay : {model}[30]
connect {of} -> relay by one_to_one as way {{ weight = 1 {way} }}
connect relay -> b as c {{ weight = uniform(0, 3) {{ range [0, 5] ; learn Pairs() }} }}
connect relay -> b by random(p = 0.3) as d {{ weight = uniform(0, 3) {{ range [0, 5] ; learn Pairs() }} }}
layer back : Relay[20]
connect b -> back by one_to_one as home {{ weight = 1 ; delay = 3 ms }}
connect back -> b as r {{ weight = -0.3 }}
"""
FILES = ("b.spikes.npy", "c.npy", "d.npy")


def call(snnc, folder, *options):
    done = subprocess.run([snnc, "run", "case.snn", "--quiet", *options], cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          timeout=300, check=False)
    return done.returncode, done.stdout


def results(snnc, folder, lines, out, *options):
    (folder / "case.snn").write_text(PROGRAM.format(lines=lines), encoding="utf-8")
    code, text = call(snnc, folder, "--out", out, *options)
    need(code == 0, text)
    return [(folder / out / name).read_bytes() for name in FILES]


def by_hand(snnc, folder, engines):
    for of, model in (("s", "Relay"), ("a", "Echo")):
        for time in (1, 2, 6):
            option = OPTION.format(of=of, time=time)
            first = results(snnc, folder, option, "option", "--engine", "eval")
            need(len(first[0]) > 500, "hardly a spike")
            for engine in engines:
                need(results(snnc, folder, option, "again", "--engine", engine, "--threads", "2") == first, f"{engine} has other results")
            if time == 1:
                plain = option.replace(f"delay = {time} ms {{ axonal = true }}", "").replace("{ ; ", "{ ").replace("; }", "}")
                need(results(snnc, folder, plain, "hand", "--engine", "eval") == first, "a delay of one step is none")
                continue
            hand = BY_HAND.format(of=of, model=model, way=f"; delay = {time - 1} ms" if time > 2 else "")
            if model == "Echo":
                hand = "neuron Echo { step { if input != 0 { spike input } } }\n" + hand
            need(results(snnc, folder, hand, "hand", "--engine", "eval") == first, f"{of}, {time} ms: not as relays by hand")


def places(snnc, folder):
    """Distances are those of the source."""
    line = OPTION.format(of="a", time=5).replace("by random(p = 0.3)", "by where(d < 60 um)")
    far = line.replace("delay = 5 ms { axonal = true } ; ", "")
    one = results(snnc, folder, line, "one", "--engine", "eval", "--dump-state", "one.state")
    two = results(snnc, folder, far, "two", "--engine", "eval", "--dump-state", "two.state")
    need(len(one[2]) == len(two[2]), "an axon is elsewhere than its source")


def resumed(snnc, folder):
    """Spikes on their way survive."""
    first = results(snnc, folder, OPTION.format(of="a", time=6), "whole")
    for step in (3, 50, 97, 149):
        code, text = call(snnc, folder, "--out", f"cut{step}", "--pause-after", f"{step} steps")
        need(code == 130, text)
        code, text = call(snnc, folder, "--resume", f"cut{step}", "--threads", "2")
        need(code == 0, text)
        need([(folder / f"cut{step}" / name).read_bytes() for name in FILES] == first, f"other results, resumed at step {step}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0].split(": ", 1)[1])
    tool.add_snnc_option(parser)
    parser.add_argument("--engines", default="eval,jit")
    options = parser.parse_args()
    tool.need_snnc(parser, options)
    wrong = 0
    for check in (lambda snnc, folder: by_hand(snnc, folder, options.engines.split(",")), places, resumed):
        with tempfile.TemporaryDirectory(prefix="snnc-axonal-") as temporary:
            try:
                check(options.snnc, Path(temporary))
            except Wrong as error:
                print(error)
                wrong += 1
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
