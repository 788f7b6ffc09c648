"""draw.py: small networks drawn at random over everything that the language and its library have.

A network is text with names of its own prefix, so that several make one program. Where the library gets a model, it is
drawn too: library.py reads which there are. Parameters vary around their defaults.
"""
import re
import struct
from math import prod

import formulas
import npy
import patterns
from connect import Connections
from formulas import number

# What drives a layer that nothing is connected to, by model; other models without an input are taken as they are.
SOURCES = {
    "Poisson": lambda rng, dt: f"rate = {rng.uniform(0.1, 0.4) / dt * 1000:.4g} Hz",
    "PoissonIntervals": lambda rng, dt: f"rate = {rng.uniform(0.1, 0.5) / dt * 1000:.4g} Hz",
    "PoissonGaps": lambda rng, dt: f"rate = {rng.uniform(0.1, 0.4) / dt * 1000:.4g} Hz",
    "Bernoulli": lambda rng, dt: f"p = {number(rng, 0.1, 0.4)}",
    "Repeat": lambda rng, dt: f"value = {number(rng, 0.1, 0.6)}",
    "Single": lambda rng, dt: "on = true",
    "RankOrder": lambda rng, dt: f"order = {rng.randint(1, 4)}",
    "Latency": lambda rng, dt: f"drive = {number(rng, 0.15, 1)}, tau = {number(rng, 1, 8)} ms",
    "Input": None, "InputValues": None, "PassThrough": None,                   # from a file
}
USUAL = ["Poisson", "Poisson", "Input", "InputValues", "PoissonIntervals", "Bernoulli"]
COUNTS = {"window": (1, 9), "memory": (1, 6), "units": (1, 4), "n": (2, 6)}
GAPS = {"McCullochPitts": 1, "Izhikevich": 12, "SubtractiveIF": 10, "SRM0": 15, "CSRM": 8, "PassThrough": 1}
FIXED = {"SubtractiveIF": "threshold = 10 mV, reset = 0 mV"}


class Network(Connections):
    """Draws itself; text, files and what to record come out. `items`: without anything that the items of a batch share, while
    "frozen" or "learning" (then without changes of values); of all that is per item there is a record. `wish`: what it must
    have (cover.py)."""
    def __init__(self, rng, library, prefix, settings, items=None, wish=None):
        self.rng, self.library, self.prefix, self.settings, self.items, self.wish = rng, library, prefix, settings, items, wish
        self.models, self.lines, self.signals, self.files, self.records = [], [], [], {}, []
        self.layers, self.controls, self.saves = [], [], []
        self.used, self.covered = set(), set()       # models of the library; keys of cover.py
        self.learned = {}                            # name of a value: what is covered if it changes
        self.wished, self.rule_name = None, None     # the value that the wished rule learns; the rule of this feature
        self.plain = set()                           # learned values that are one for each pair of neurons
        self.draw()

    def chance(self, p):
        return self.rng.random() < p

    def cover(self, table, row, column=""):
        self.covered.add((table, row, column))

    def use(self, kind, name):
        self.used.add(name)
        self.cover(kind, name)

    def file(self, name, shape, dtype, values):
        self.files[f"{self.prefix}{name}.npy"] = npy.make(shape, dtype, values)
        return f'file("{self.prefix}{name}.npy")'

    # -- parameters ------------------------------------------------------------------------------------------
    def vary(self, name, default, n=0):
        """Another value of a parameter as text, or None: the default."""
        rng, dt = self.rng, self.settings["dt"]
        found = re.fullmatch(r"(-?[\d.e+-]+)\s*([A-Za-zµ]*)", default or "")
        if default in ("true", "false"):
            return rng.choice(["true", "false"]) if self.chance(0.3) else None
        if name == "floor" and default == "-inf":
            return None                              # see layer()
        if not found or not self.chance(0.45):
            return None
        x, unit = float(found[1]), found[2]
        if name in COUNTS:
            return str(rng.randint(*COUNTS[name]))
        if name.startswith("refractory"):
            return f"{rng.choice([0, 1, 2, 3, 2.5]) * dt:g} ms"
        if name.startswith("tau"):
            x = rng.uniform(20, 300) if x > 1e4 else max(x, 2 * dt) * rng.uniform(0.3, 1.5)
        elif abs(x) >= 10:
            x += rng.uniform(-4, 2)
        else:
            x *= rng.uniform(0.5, 1.5)
        if n and self.chance(0.06):
            return f"normal({x:.4g} {unit}, {abs(x) * 0.02:.3g} {unit})".replace(" ,", ",").replace(" )", ")")
        if n and self.chance(0.2):
            values = [x * rng.uniform(0.95, 1.05) for _ in range(n)]
            if self.chance(0.3) and not unit:
                return self.file(f"p{len(self.files)}", (n,), "f4", values)
            return "[" + ", ".join(f"{v:.5g} {unit}".strip() for v in values) + "]"
        return f"{x:.4g} {unit}".strip()

    def arguments(self, model, n=0, without=()):
        given = []
        for name, default in model.params.items():
            value = None if name in without else self.vary(name, default, n)
            if value is not None:
                given.append(f"{name} = {value}")
        return given

    # -- layers ---------------------------------------------------------------------------------------------------
    def shape(self):
        axes = self.rng.choice([1, 1, 1, 2, 3, 3, 4])
        while True:
            shape = [self.rng.randint(1, 4) for _ in range(axes)] if axes > 1 else [self.rng.randint(2, 8)]
            if 2 <= prod(shape) <= 16:
                return shape

    def layer(self, name, model, args, shape, states, gap, body=()):
        text = f"layer {self.prefix}{name} : {model}[{', '.join(map(str, shape))}]" + (f"({', '.join(args)})" if args else "")
        block = list(body)
        if self.chance(0.3):
            tau = [f"{number(self.rng, 3, 30)} ms" for _ in range(prod(shape))]
            tau = "[" + ", ".join(tau) + "]" if self.chance(0.3) else tau[0]
            block.append(f"trace seen {{ tau = {tau} ; on spike {self.rng.choice(['set 1', 'add 0.5 * spike'])} }}")
            self.records.append(f"{self.prefix}{name}.seen every {self.rng.randint(1, 4)} steps")
        self.lines.append(text + (f" {{ {' ; '.join(block)} }}" if block else ""))
        self.records.append(f"{self.prefix}{name}.spikes")
        for state in sorted(states):
            if self.items or self.chance(0.35):
                self.records.append(f"{self.prefix}{name}.{state}" + (f" every {self.rng.randint(2, 5)} steps" if self.chance(0.5) else ""))
        known = self.library["neuron"].get(model)
        self.layers.append({"name": self.prefix + name, "shape": shape, "n": prod(shape), "states": states, "gap": gap, "model": model,
                            "ports": known.ports if known else [], "closed": bool(known and known.closed),
                            "volts": known and any("mV" in (x or "") for x in known.params.values()), "offers": states | set(known.params if known else ())})
        return self.layers[-1]

    def source(self, name, shape=None):
        library = self.library["neuron"]
        known = [m for m in library if "input" not in library[m].body or m in ("Input", "InputValues")]
        model = self.rng.choice(USUAL) if self.chance(0.7) else self.rng.choice(sorted(known))
        shape = shape or self.shape()
        self.use("neuron", model)
        if SOURCES.get(model, True) is None:
            return self.layer(name, model, [], shape, set(), 1, [self.drive(name, model, shape)])
        args = [SOURCES[model](self.rng, self.settings["dt"])] if model in SOURCES else self.arguments(library[model])
        return self.layer(name, model, args, shape, library[model].states, 1)

    def drive(self, name, model, shape):
        steps, batch, n = self.settings["steps"], self.settings["batch"], prod(shape)
        spikes = [float(self.rng.random() < 0.3) for _ in range(steps * batch * n)]
        if model != "Input":
            spikes = [x * struct.unpack("f", struct.pack("f", self.rng.uniform(0.2, 1.5)))[0] for x in spikes]
        self.file(f"{name}_drive", (steps, batch, n), "f4" if model != "Input" else "u1", spikes if model != "Input" else map(int, spikes))
        return f'input file("{self.prefix}{name}_drive.npy")'

    def target(self, name, shape, asks=frozenset()):
        """asks: what a rule reads of it."""
        rng, library, n = self.rng, self.library["neuron"], prod(shape)
        if not asks and self.chance(0.15):
            model = f"Own{self.prefix.upper()}{name}"
            text, states, ports = formulas.equations(rng, model)
            self.models.append(text)
            self.cover("model", "own equations")
            args = [f"threshold = {number(rng, 0.3, 0.8)}"] * self.chance(0.5) + [rng.choice([f"tau = {number(rng, 4, 30)} ms", "tau = 10 ms + 1 ms * i"])] * self.chance(0.4)
            body = [f"input {rng.choice(['0.05 * i', '0.1 * poisson(0.5)', '0.2 * random()'])}"] * (not self.items and self.chance(0.2))
            layer = self.layer(name, model, args, shape, states, 1, body)
            layer["ports"] = ports
            return layer
        if not asks and self.chance(0.2):
            model = f"Own{self.prefix.upper()}{name}"
            text, states, values, _ = formulas.neuron(rng, model, self.items)
            if values:
                self.cover("other", "spikes with a value")
            self.models.append(text)
            self.cover("model", "own neuron")
            args = [f"threshold = {number(rng, 0.5, 1.2)}"] * self.chance(0.3) + [f"tau = {number(rng, 4, 30)} ms"] * self.chance(0.3)
            return self.layer(name, model, args, shape, states, 1.5)
        choice = [m for m in library if "input" in library[m].body and m not in ("Input", "InputValues") and
                  not (self.items == "learning" and "shared over batch" in library[m].body) and asks <= library[m].states | set(library[m].params)]
        wished = self.wish and self.wish.neuron
        model = wished if wished in choice and self.chance(0.5) else rng.choice(sorted(choice))
        self.use("neuron", model)
        m = library[model]
        args = [FIXED[model]] if model in FIXED else self.arguments(m, n)
        if m.params.get("floor") == "-inf" and (m.params.get("rest") or m.params.get("reset") or "").startswith(("-65", "-70")) and self.chance(0.3):
            args.append(f"floor = {rng.uniform(-74, -70.5):.4g} mV")
        thresholds = [re.match(r"-?[\d.]+", m.params.get(p) or "") for p in ("threshold", "rest")]
        gap = GAPS.get(model) or (abs(float(thresholds[0][0]) - float(thresholds[1][0])) if all(thresholds) else
                                  13 if (m.params.get("threshold") or "").startswith("-") else float(thresholds[0][0]) if thresholds[0] else 1)
        return self.layer(name, model, args, shape, m.states, gap)

    # -- signals ------------------------------------------------------------------------------------------------------
    def signal(self):
        if not self.signals or self.chance(0.3):
            name = f"{self.prefix}s{len(self.signals)}"
            of_item = self.chance(0.3)
            self.signals.append(name)
            if of_item:
                self.cover("other", "signal of item")
            self.lines.insert(0, f"signal {name}{' of item' if of_item else ''} = {0 if self.items else number(self.rng, -1, 1)}")
        if not self.items and self.chance(0.3):
            return self.follower()
        name = self.rng.choice(self.signals)
        return name if self.items else self.rng.choice([name, f"2 * {name}", f"{name} - 0.1"])

    def follower(self):
        """A signal that follows layers, others, or dynamics of its own."""
        rng, name, layer = self.rng, f"{self.prefix}f{len(self.lines)}", self.rng.choice(self.layers)["name"]
        other = rng.choice(self.signals)
        self.lines.append(rng.choice([
            f"signal {name} = 0.2 * mean({layer}.spikes) - 0.1 * {other}",
            f"signal {name} = tanh(sum({layer}.spikes)) - 0.5",
            f"signal {name} = d {{ state d = 0 ; each step {{ d *= exp(-dt / {number(rng, 5, 50)} ms) }} ; on {other} {{ d += {other} }} }}",
            f"signal {name} = d {{ state d = 0.1 ; each step {{ d = 0.9 * d }} ; on {layer}.spikes {{ d += 0.05 * spike * (1 + i) }} }}",
            f"signal {name} = max({layer}.spikes) + 0.1 * argmax({layer}.spikes)",
            f"signal {name} = d {{ d' = -d / {number(rng, 5, 50)} ms ; on {other} {{ d += {other} }} ; on {layer}.spikes {{ d += 0.02 }} }}",
            f"signal {name} = x {{ x' = (y - x) / {number(rng, 5, 50)} ms ; y' = (mean({layer}.spikes) - y) / 9 ms }}",
        ]))
        self.cover("model", "signal that follows")
        self.records.append(f"{name} every {rng.randint(1, 4)} steps")
        return name

    # -- what runs do ---------------------------------------------------------------------------------------------------
    def draw_controls(self, runs):
        for steps in runs:
            lines = []
            for layer in self.layers if self.chance(0.35) else []:
                n, name = layer["n"], layer["name"]
                one = self.rng.choice([f"i == {self.rng.randrange(n)}", "i < 2", "[" + ", ".join(str(int(self.chance(0.3))) for _ in range(n)) + "]",
                                       self.file(f"c{len(self.files)}", (n,), "u1", [int(self.chance(0.3)) for _ in range(n)]),
                                       self.file(f"c{len(self.files)}", (steps, n), "u1", [int(self.chance(0.2)) for _ in range(steps * n)])])
                what = self.rng.choice(["clamp"] * 5 + ["silence"] * 3 + [None] * 12)
                if what == "clamp":
                    lines.append(f"clamp {name} where {one}")
                elif what == "silence":
                    lines.append(f"silence {name} where {one}")
                if "v" in layer["states"] and layer["model"] != "McCullochPitts" and self.chance(0.2):
                    lines.append(f"inject {number(self.rng, 0.01, 0.2)} * i * {layer['gap'] / 10:.3g} into {name}.v")
            for learned in self.learned:
                if learned in self.plain and self.chance(0.1):
                    lines.append(f"zero {learned} where i {self.rng.choice(['==', '<'])} j")
            for line in lines:
                self.cover("other", line.split()[0])
            self.controls.append(lines)

    def link(self, a, name):
        """A new layer behind `a`, with a connection of any pattern."""
        rng, shape = self.rng, a["shape"]
        kinds = ["dense"] * 4 + ["sparse", "edges", "one_to_one", "mean_field", rng.choice(patterns.DRAWN)]
        if 2 <= len(shape) <= 4 and self.chance(0.75):
            kinds = [kind for kind in patterns.WINDOWS if kind.endswith(str(len(shape) - 1)) and not kind.startswith("flat")]
        pattern = patterns.draw(rng, rng.choice(kinds), shape) or patterns.draw(rng, "dense", shape)
        b = self.target(name, pattern.target or self.shape())
        self.connect(a, b, pattern, f"{a['name'][-1]}{name}")
        return b

    def wish_come_true(self):
        """The first two layers: what the network is made for."""
        rng, wish = self.rng, self.wish
        rule = self.library["rule"][wish.rule] if wish.kind not in patterns.CLASSES["pool"] + patterns.CLASSES["mean"] else None
        itself = wish.option == "autapses" or wish.kind == "all_but_self"
        while True:
            shape = patterns.source_shape(rng, wish.kind) or self.shape()
            pattern = patterns.draw(rng, wish.kind, shape, wish.option, itself)
            if pattern and prod(shape) >= 2:
                break
        a = self.source("a", [prod(shape)] if wish.kind.startswith("flat") else shape)
        b = self.target("x", pattern.target or self.shape(), rule.asks["post"] if rule else frozenset())
        if itself:
            self.connect(a, b, patterns.draw(rng, "dense", shape), "ax")
            self.connect(b, b, pattern, "xx", wish.rule, wish.feature)
        else:
            self.connect(a, b, pattern, "ax", wish.rule, wish.feature)
        return [a, b]

    def draw(self):
        layers = self.wish_come_true() if self.wish else [self.source("a")]
        if self.chance(0.25):
            layers.insert(1, self.source("b"))
        names = ["x", "y", "z"][:self.rng.choice([1, 1, 2, 2, 3])]
        for name in names[1:] if self.wish else names:
            layers.append(self.link(self.rng.choice(layers[-2:]), name))
        for k in range(self.rng.choice([0, 0, 1, 2])):
            b = self.rng.choice([layer for layer in layers if not layer["name"].endswith(("a", "b"))])
            a = self.rng.choice(layers)
            kind = self.rng.choice(["dense", "dense", "sparse", "mean_field", "random"] + ["all_but_self"] * (a is b))
            self.connect(a, b, patterns.draw(self.rng, kind, a["shape"], itself=a is b), f"extra{k}")
        for learned in self.learned:
            self.records.append(f"{learned} every {self.rng.choice([1, 3, 5])} steps")
        self.draw_controls(self.settings["runs"])
        for key in self.settings["covered"]:
            self.cover("other", key)
