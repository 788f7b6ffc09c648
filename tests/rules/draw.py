"""draw.py: random rules, drawn from the grammar, through every engine.

    python3 tests/rules/draw.py SNNC ENGINES [--first N] [--count N] [--keep DIR]

Program k follows from k alone: a network whose connections learn by drawn rules: states by equations and by hand, traces,
handlers of every kind in any order, `if`, `let`, draws, reductions, bounds, signals, other features, values per target,
truth values; batches and patterns. All engines must give the same state and the same records, byte by byte. What is
assigned is squeezed by tanh, so that nothing overflows.
"""
import argparse
import os
import random
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path


class Draw:
    """One program."""

    def __init__(self, seed):
        self.r = random.Random(seed)
        self.batch = self.r.choice([1, 1, 2, 3])
        self.lines = [f"# drawn: {seed}", f"seed = {seed}", f"batch = {self.batch}"]
        self.text = "\n".join(self.program())

    def pick(self, *options):
        return self.r.choice(options)

    def number(self):
        return self.pick("0.5", "2", "0.1", "1e-2", "1.5", "3")

    # ---- expressions; what they vary over is the compiler's to find

    def atom(self):
        names = ["w", "pre.spike", "post.spike", "reward", "i", "j", "dt / 1 ms", "gain"] + self.traces + self.states + self.lets
        if self.bounds:
            names += ["w.low", "w.high"]
        if self.learns_bool:
            names = [n for n in names if n != "w"] + ["other", "other"]
        if self.fellow:
            names.append("other")
        names += ["post.v", "post.rest"]
        if self.r.random() < 0.25:
            return self.number()
        if self.draws and self.r.random() < 0.1:
            return self.pick("random()", "(1 if bernoulli(0.3) else 0)")
        return self.r.choice(names)

    def expr(self, depth=2):
        if depth == 0:
            return self.atom()
        kind = self.r.random()
        if kind < 0.3:
            return self.atom()
        if kind < 0.6:
            return f"({self.expr(depth - 1)} {self.pick('+', '-', '*')} {self.expr(depth - 1)})"
        if kind < 0.7:
            return f"{self.pick('tanh', 'abs', 'floor')}({self.expr(depth - 1)})"
        if kind < 0.78:
            return f"{self.pick('min', 'max')}({self.expr(depth - 1)}, {self.expr(depth - 1)})"
        if kind < 0.84:
            return f"exp(-abs({self.expr(depth - 1)}))"
        if kind < 0.92:
            return f"({self.expr(depth - 1)} if {self.condition()} else {self.expr(depth - 1)})"
        return self.gather()

    def gather(self):
        if self.in_gather or not self.gathers:
            return self.atom()
        self.in_gather = True
        how = self.pick("sum", "mean", "max", "min")
        value = "other" if self.learns_bool else "w"
        if self.r.random() < 0.5 and self.pairs and not self.of_post:
            over, e = self.pick("pre", "post", "pre, post", "pre, batch"), value
        else:
            over, e = self.pick(("pre", "pre.spike"), ("post", "post.spike"), ("batch", "post.spike"), ("post, batch", "post.v"))
        e = f"{e} * {self.number()}" if self.r.random() < 0.5 else e
        if self.pairs and over == "batch":
            e = f"{e} + {self.expr(1)}"
        self.in_gather = False
        return f"{how}({e} over {over})"

    def condition(self):
        kind = self.r.random()
        if kind < 0.25:
            return self.pick("pre.spike", "post.spike")
        if self.learns_bool and kind < 0.4:
            return self.pick("w", "not w")
        if self.draws and kind < 0.5:
            return "bernoulli(0.2)"
        c = f"{self.atom()} {self.pick('<', '>', '<=')} {self.atom()}"
        return c if kind < 0.8 else f"({c} {self.pick('and', 'or')} {self.atom()} > 0.5)"

    # ---- statements

    def change(self):
        """Of the learned value."""
        if self.learns_bool and self.batch > 1:           # alike for all items: see the last handler
            return f"let y{self.r.randint(0, 10**6)} = tanh({self.expr()})"
        if self.learns_bool:
            return f"w = {self.condition()}"
        ops = ["+=", "-="] if self.batch > 1 or self.averaged or self.of_post else ["+=", "-=", "=", "*="]
        op = self.r.choice(ops)
        if op == "*=":
            return f"w *= 1 - 0.1 * tanh({self.expr()})"
        return f"w {op} {'0.2 * ' if op != '=' else ''}tanh({self.expr()})"

    def statement(self, depth=1):
        kind = self.r.random()
        if kind < 0.2 and depth:
            inner = self.block(depth - 1, 2)
            other = f" else {self.block(depth - 1, 1)}" if self.r.random() < 0.4 else ""
            return f"if {self.condition()} {inner}{other}"
        if kind < 0.35:
            name = f"x{self.count}"
            self.count += 1
            text = f"let {name} = tanh({self.expr()})"
            self.lets = self.lets + [name]
            return text
        if kind < 0.65 and self.states:
            return f"{self.r.choice(self.states)} {self.pick('=', '+=', '-=')} tanh({self.expr()})"
        return self.change()

    def block(self, depth, most):
        before = self.lets
        lines = [self.statement(depth) for _ in range(self.r.randint(1, most))]
        self.lets = before
        return "{ " + " ; ".join(lines) + " }"

    def rule(self, name, **how):
        self.states, self.traces, self.lets, self.count, self.in_gather = [], [], [], 0, False
        self.learns_bool, self.bounds, self.fellow = how.get("truth", False), how.get("bounds", False), how.get("fellow", False)
        self.averaged, self.of_post, self.pairs = how.get("averaged", False), how.get("of_post", False), how.get("pairs", True)
        self.draws, self.gathers = how.get("draws", True), how.get("gathers", True)
        head = f"rule {name}(gain = 1{', other = 0' if self.fellow else ''}) {{"
        lines = ["    learns w" + (" : bool" if self.learns_bool else ""), "    needs reward"]
        jumps = {"pre": [], "post": []}
        for k in range(self.r.randint(0, 3)):
            side = self.pick("pre", "post")
            lines.append(f"    e{k}' = -e{k} / ({self.pick(5, 10)} ms)")
            jumps[side].append(f"e{k} {self.pick('+=', '=')} {self.number()}")
            self.followers = self.traces
            self.traces = self.traces + [f"e{k}"]
        for k in range(self.r.randint(0, 2)):
            side = self.pick("pre", "post")
            self.traces = self.traces + [f"t{k}"]
            lines.append(f"    trace t{k} of {side} {{ tau = {self.pick(5, 20)} ms ; on spike {self.pick('set', 'add')} 1 }}")
        for k in range(self.r.randint(0, 3)):
            self.states = self.states + [f"s{k}"]
            lines.append(f"    state s{k}{self.pick('', ' = 0.5', ' of synapse')}")
        for k in range(self.r.randint(0, 2)):
            self.states = self.states + [f"d{k}"]
            lines.append(f"    d{k}' = ({self.pick('pre.spike', 'post.spike', 'w' if not self.learns_bool else 'reward', 'reward')} - d{k}) / (20 ms)")
        handlers = []
        for side in ("pre", "post"):
            body = jumps[side] + [self.statement() for _ in range(self.r.randint(0 if jumps[side] else 1, 2))]
            self.lets = []
            if self.r.random() < 0.7 or jumps[side]:
                if self.r.random() < 0.5:
                    body = body[len(jumps[side]):] + jumps[side]
                handlers.append(f"    on {side} {{ {' ; '.join(body)} }}")
        for _ in range(self.r.randint(0, 2)):
            handlers.append(f"    each step {self.block(1, 3)}")
        if self.r.random() < 0.4:
            handlers.append(f"    on reward {self.block(1, 2)}")
        if self.r.random() < 0.3:
            handlers.append(f"    on {self.pick('pre', 'post')} {self.block(1, 2)}")
        if self.learns_bool and self.batch > 1:
            calm = self.pick("other < 0.5", "random() < 0.1", "max(post.spike over post, batch) > 0", "w and other > 0.1")
            handlers.append(f"    each step {{ w = {calm} }}")
        if not handlers:
            handlers.append(f"    each step {{ {self.change()} }}")
        self.r.shuffle(handlers)
        return [head] + lines + handlers + ["}"]

    # ---- the network

    def program(self):
        lines = self.lines
        bounds, averaged = self.r.random() < 0.7, self.r.random() < 0.2
        lines += self.rule("Plain", bounds=bounds, averaged=averaged)
        lines += self.rule("Fellow", bounds=True, fellow=True)
        lines += self.rule("Truth", truth=True, fellow=True)
        lines += self.rule("Target", of_post=True)
        lines += self.rule("Listed", bounds=True, pairs=False)
        reduce = "" if self.batch == 1 else self.pick("", " reduce sum over batch", " reduce max over batch")
        every = f" average over {self.pick(2, 3)} steps" if averaged else ""
        span = "range [-1, 2]" if bounds else "decay 0.01"
        drawn = self.pick("uniform(0, 1)", "uniform(-1, 1)")
        lines += ["neuron Cell(rest = 0, top = 2) { state v = rest ; step { v = 0.8 * v + input ; if v > top { spike ; v = rest } } }",
                  "signal reward = 0", "signal own of item = 1",
                  f"layer a : Poisson[{self.pick(3, 5, 70)}](rate = 200 Hz)", f"layer b : Cell[{self.pick(4, 6)}]",
                  "layer c : Cell[6](top = 1)",
                  "connect a -> b as drive { weight = 1.5 }",
                  f"connect a -> b as one {{ weight = {drawn} {{ {span} ; learn Plain(reward = reward * own) {reduce}{every} }} }}",
                  f"connect a -> b as same {{ weight = {drawn} {{ {span} ; learn Plain(reward = reward, gain = 2) }} }}",
                  "connect b -> c as two {",
                  f"    weight = {drawn} {{ range [-1, 2] {self.pick('', '; keep sign', '; norm 2 per post each run')} ; learn Fellow(reward = reward, other = probability) {reduce} }}",
                  "    probability = uniform(0.2, 0.9) { range [0, 1] ; learn Fellow(reward = own, other = weight) }",
                  "    mask = true { learn Truth(reward = reward, other = weight) }",
                  "    offset = 0 { learn Target(reward = reward) }",
                  "}",
                  "connect c -> c as three by one_to_one { weight = 0.5 { range [-1, 2] ; learn Listed(reward = own) } }",
                  "experiment {", "    reward = 0.5", "    run 12 ms", "    reward = -1", "    own = 0.25", "    run 5 ms", "    freeze",
                  "    run 2 ms", "    thaw", "    reset", "    run 6 ms", "}",
                  "record one.weight every 5 steps", "record two.mask every 5 steps", "record two.offset every 5 steps",
                  "record c.spikes", "record b.spikes", "record c.v"]
        return lines


def run(snnc, engine, program, folder, environment):
    top = folder / engine
    shutil.rmtree(top, ignore_errors=True)
    top.mkdir(parents=True)
    name, _, compiler = engine.partition(":")
    environment = {**environment, **({"CC": compiler} if compiler else {})}
    done = subprocess.run([snnc, "run", str(program), "--engine", name, "--quiet", "--out", "results", "--dump-state", "state"],
                          cwd=top, env=environment, timeout=300, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    if done.returncode:
        return None, f"{engine}: exit status {done.returncode}\n{done.stderr.decode(errors='replace')}"
    files = {p.relative_to(top).as_posix(): p.read_bytes() for p in sorted(top.rglob("*")) if p.is_file()}
    return files, None


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("snnc", type=Path)
    parser.add_argument("engines")
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--count", type=int, default=12)
    parser.add_argument("--keep", type=Path)
    options = parser.parse_args()
    if not options.snnc.exists():
        print(f"{options.snnc} is not built; skipped")
        return 77
    failed = spiking = 0
    with tempfile.TemporaryDirectory(prefix="snnc-rules-") as temporary:
        top = (options.keep or Path(temporary)).resolve()
        top.mkdir(parents=True, exist_ok=True)
        environment = {**os.environ, "XDG_CACHE_HOME": str(top / "cache")}
        for k in range(options.first, options.first + options.count):
            program = top / f"drawn_{k}.snn"
            program.write_text(Draw(k).text + "\n")
            first, why = None, None
            for engine in options.engines.split(","):
                files, why = run(options.snnc.resolve(), engine, program, top, environment)
                if why:
                    break
                if first is None:
                    first = files
                    spiking += len(files.get("results/c.spikes.npy", b"")) > 200
                different = [n for n in sorted(set(first) | set(files)) if first.get(n) != files.get(n)]
                if different:
                    why = f"{engine}: {', '.join(different)} differ from the first engine"
                    break
            failed += why is not None
            if why:
                print(f"failed  {k}  {why}\n{program.read_text()}", flush=True)
    print(f"{options.count - failed} of {options.count} agree; in {spiking} the last layer spikes")
    return 1 if failed or not spiking else 0


if __name__ == "__main__":
    sys.exit(main())
