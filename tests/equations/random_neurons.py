#!/usr/bin/env python3
"""random_neurons.py: neurons whose equations are drawn from the grammar give the same bits from every back end.

    tests/equations/random_neurons.py [--snnc PATH] [--engines eval,c,jit] [--count N] [--seed S]

Each program has a few layers of such neurons: systems that are linear, linear in each state alone, or neither; parameters
that are numbers, lists, drawn; methods; ports; refractory states; noise; functions. C is compiled by gcc and by clang where
they are. A neuron that never spikes is counted, and more than a third of them is an error.
"""
import argparse
import os
import random
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.dont_write_bytecode = True
sys.path.insert(0, str(HERE.parent / "tools"))

import npy                                           # noqa: E402
import tool                                          # noqa: E402

FUNCTIONS = """function hill(x, half) = x * x / (x * x + half * half)
function bend(x, slope = 0.5, top = 2 * slope + 1) {
    let y = slope * x
    if y > top { top }
    else if y < -top { let z = y + top ; -top + z / (1 + abs(z)) }
    y
}
function soft(x) = x if abs(x) < 1 else sign(x) * (1 + log1p(abs(x) - 1))
"""
STATES = ("v", "u", "w", "g")


def number(rng):
    return repr(round(rng.uniform(-2, 2), 3))


def bounded(rng, names, depth):
    """An expression that stays within a few units whatever its names are."""
    if depth == 0 or rng.random() < 0.2:
        return rng.choice([number(rng), *(f"clip({name}, -3, 3)" for name in names)])
    a, b = bounded(rng, names, depth - 1), bounded(rng, names, depth - 1)
    return rng.choice([
        f"({a} + {b}) * 0.5", f"({a} - {b})", f"tanh({a})", f"sin({a} * {b})", f"cos({a})", f"sigmoid({a})", f"soft({a})",
        f"bend({a})", f"bend(top = 1 + abs({b}), x = {a})",
        f"hill({a}, {rng.choice(['0.5', '2'])})", f"exp(min({a}, 1))", f"exprel(clip({a}, -2, 1))", f"expm1(min({a}, 1))",
        f"max({a}, {b})", f"min({a}, {b})", f"abs({a})", f"sqrt(abs({a}))", f"pow(abs({a}), 0.7)", f"log1p(abs({a}))",
        f"({a} if {b} > {number(rng)} else {b})", f"sign({a})", f"pow(clip({a}, -1, 1), {rng.choice([2, 3])})"])


def linear(rng, states, state, coupled):
    terms = [f"({number(rng)} - {state})"]
    for other in states:
        if other != state and coupled and rng.random() < 0.6:
            terms.append(f"{rng.uniform(-0.4, 0.4):.3f} * {other}")
    if rng.random() < 0.5:
        terms.append(rng.choice(["p", "q * 0.5", "input", "0.3 * input", "sin(input)"]))
    return " + ".join(terms)


def rate(rng, kind, states, state):
    if kind == "linear":
        return linear(rng, states, state, True)
    others = [name for name in states if name != state] + ["p", "input"]
    if kind == "own":
        return f"{bounded(rng, others, 2)} - (1.2 + abs({bounded(rng, others, 1)})) * {state}"
    return f"{bounded(rng, states + ['p', 'input'], 3)} - {state}"


def neuron(rng, name):
    states = list(STATES[:rng.randint(1, 4)])
    kind = rng.choice(["linear", "own", "any", "mixed"])
    method = rng.choice([None, None, "euler", "heun", "rk2", "rk4"])
    port = rng.random() < 0.4
    lines = []
    for state in states:
        if rng.random() < 0.6:
            lines.append(f"state {state} = {rng.choice([number(rng), 'normal(0, 1)', 'q', '0.1 * i'])}")
    if kind != "linear" and rng.random() < 0.5:
        lines.append(f"let part = {bounded(rng, states + ['p'], 1)}")
    part = "part" if lines and lines[-1].startswith("let") else None
    for state in states:
        which = rng.choice(["linear", "own", "any"]) if kind == "mixed" else kind
        text = rate(rng, which, states, state)
        if part and rng.random() < 0.5:
            text += " + part"
        tau = rng.choice(["tau", "tau2", "(4 ms)"])
        noise = rng.random() < 0.2
        lines.append(f"{state}' = ({text}) / {tau}" + (f" + {rng.choice(['0.2', 'q * 0.1'])} * xi / sqrt({tau})" if noise else ""))
    if method:
        lines.append(f"method = {method}")
    lines.append("receive exc { v += 0.5 * input }" if port else f"receive {{ {states[-1]} += 0.4 * input }}")
    end = rng.choice(["", "refractory 2 ms", "refractory v > 0", f"refractory {states[-1]} > 0.2 hold v", "refractory tau2 * 0.3 hold v", f"refractory 1.6 ms hold {', '.join(states)}"])
    reset = rng.choice(["v = -0.5", "v -= 1", "v *= 0.2 ; " + f"{states[-1]} += 0.3", "if v > 2 { v = 0 } else { v = -1 }"])
    lines.append(f"spike when v > {rng.choice(['0.5', '0.3 + 0.1 * p', '0.2'])} {{ {reset} }} {end}")
    if rng.random() < 0.3:
        lines.append("on spike { n += 1 }")
        lines.append("state n = 0 kept on reset")
    return f"neuron {name}(tau = 8 ms, tau2 = 5 ms, p = 0.7, q = 0.4) {{\n    " + "\n    ".join(lines) + "\n}\n", states, port


def argument(rng, n):
    def values(of):
        return "[" + ", ".join(of() for _ in range(n)) + "]"
    choices = {
        "tau": ["6 ms", values(lambda: f"{rng.choice([5, 5, 8, 12])} ms"), "uniform(5 ms, 9 ms)", "5 ms + i * 1 ms"],
        "p": ["0.9", values(lambda: number(rng)), "normal(0.5, 0.3)", "0.2 * i"],
        "q": ["0.2", "uniform(0, 1)"],
        "v": ["0.1", "uniform(-1, 1)", "clip(normal(0, 1), -1, 1)", values(lambda: number(rng))]}
    picked = [name for name in choices if rng.random() < 0.5]
    return ", ".join(f"{name} = {rng.choice(choices[name])}" for name in picked)


def program(rng):
    text = f"dt = {rng.choice(['0.1', '0.5', '0.25'])} ms ; seed = {rng.randrange(1000)} ; batch = {rng.choice([1, 1, 2, 3])}\n" + FUNCTIONS
    rest = "layer source : Poisson[6](rate = 300 Hz)\n"
    records = []
    for k in range(3):
        model, states, port = neuron(rng, f"N{k}")
        text += model
        n = rng.choice([3, 5, 8])
        drive = rng.choice(["", " { input 0.5 }", " { input normal(0.3, 0.2) }", " { input poisson(200 Hz) * 0.5 }"])
        if port:
            drive = drive.replace(" }", " into exc }")
        rest += f"layer a{k} : N{k}[{n}]({argument(rng, n)}){drive}\n"
        rest += f"connect source -> a{k}{'.exc' if port else ''} {{ weight = uniform(0, 0.6) }}\n"
        records += [f"record a{k}.spikes"] + [f"record a{k}.{state}" for state in states]
    sets = ["a0.tau = 6 ms + i * 1 ms", "a1.tau2 = 4 ms", "a2.p = 0.3 * i", "a0.q = 0.5", "a2.tau = 9 ms"]
    change = " ; ".join(rng.sample(sets, rng.randint(0, 2)) + ["run 20 ms"])
    return text + rest + "\n".join(records) + f"\nexperiment {{ run 30 ms ; {change} ; reset ; run 10 ms }}\n"


def run(options, engine, compiler, folder, f64):
    out = folder / (engine + (compiler or ""))
    command = [options.snnc, "run", "p.snn", "--engine", engine, "--quiet", "--out", str(out), "--dump-state", str(out) + ".state"]
    environment = {**os.environ, "XDG_CACHE_HOME": str(folder / "cache")}
    if compiler:
        environment["CC"] = compiler
    done = subprocess.run(command + (["--precision", "f64"] if f64 else []), cwd=folder, env=environment, capture_output=True, text=True)
    if done.returncode:
        return done.stderr
    files = {path.name: path.read_bytes() for path in sorted(out.iterdir()) if path.suffix == ".npy"}
    files["state"] = Path(str(out) + ".state").read_bytes()
    return files


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    tool.add_snnc_option(parser)
    parser.add_argument("--engines", default="eval,c,jit")
    parser.add_argument("--count", type=int, default=12)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    tool.need_snnc(parser, options)
    engines = [(name, None) for name in options.engines.split(",") if name != "c"]
    if "c" in options.engines.split(","):
        engines += [("c", compiler) for compiler in ("gcc", "clang") if shutil.which(compiler)]
    wrong = layers = silent = 0
    for k in range(options.count):
        seed = options.seed + k
        text = program(random.Random(seed))
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            (folder / "p.snn").write_text(text)
            first = None
            for engine, compiler in engines:
                got = run(options, engine, compiler, folder, seed % 4 == 0)
                if isinstance(got, str):
                    print(f"seed {seed}, {engine} {compiler or ''}:\n{text}\n{got}")
                    wrong += 1
                    break
                if first is None:
                    first = got
                    for file in (f for f in got if f.endswith(".spikes.npy")):
                        layers += 1
                        silent += not npy.load(folder / engine / file).rows
                bad = [file for file in first if first[file] != got.get(file)]
                if bad:
                    print(f"seed {seed}: {engine} {compiler or ''} differs in {', '.join(bad)}\n{text}")
                    wrong += 1
                    break
    print(f"{options.count - wrong} of {options.count} programs alike, {layers - silent} of {layers} layers spike")
    if wrong or 3 * silent > layers:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
