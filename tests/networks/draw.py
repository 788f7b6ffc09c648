"""draw.py: small networks drawn at random over everything that the language and its library have.

A network is text with names of its own prefix, so that several make one program. Where the library gets a model, it is
drawn too: library.py reads which there are. Parameters vary around their defaults.
"""
import re
import struct
from math import prod

import formulas
import npy
from formulas import number

# What drives a layer that nothing is connected to, by model; other models without an input are taken as they are.
SOURCES = {
    "Poisson": lambda rng, dt: f"rate = {rng.uniform(0.1, 0.4) / dt * 1000:.4g} Hz",
    "PoissonIntervals": lambda rng, dt: f"rate = {rng.uniform(0.1, 0.5) / dt * 1000:.4g} Hz",
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
OFTEN = ["weight", "weight", "bias", "mask", "intensity", "probability", "degradation", "delay", "short_term"]


class Network:
    """Draws itself; text, files and what to record come out. `items`: without anything that the items of a batch share, while
    "frozen" or "learning" (then without changes of values); of all that is per item there is a record."""
    def __init__(self, rng, library, prefix, settings, items=None):
        self.rng, self.library, self.prefix, self.settings, self.items = rng, library, prefix, settings, items
        self.models, self.lines, self.signals, self.files, self.records = [], [], [], {}, []
        self.layers, self.learned, self.used, self.controls, self.saves = [], [], set(), [], []
        self.plain = set()                           # learned values that are one for each pair of neurons
        self.draw()

    def chance(self, p):
        return self.rng.random() < p

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
        if n and not self.items and self.chance(0.06):
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

    def source(self, name):
        library = self.library["neuron"]
        known = [m for m in library if "input" not in library[m].body or m in ("Input", "InputValues")]
        model = self.rng.choice(USUAL) if self.chance(0.7) else self.rng.choice(sorted(known))
        shape = self.shape()
        self.used.add(model)
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

    def target(self, name, shape):
        rng, library, n = self.rng, self.library["neuron"], prod(shape)
        if self.chance(0.15):
            model = f"Own{self.prefix.upper()}{name}"
            text, states, ports = formulas.equations(rng, model)
            self.models.append(text)
            self.used.add("own equations")
            args = [f"threshold = {number(rng, 0.3, 0.8)}"] * self.chance(0.5) + [rng.choice([f"tau = {number(rng, 4, 30)} ms", "tau = 10 ms + 1 ms * i"])] * self.chance(0.4)
            body = [f"input {rng.choice(['0.05 * i', '0.1 * poisson(0.5)', '0.2 * random()'])}"] * (not self.items and self.chance(0.2))
            layer = self.layer(name, model, args, shape, states, 1, body)
            layer["ports"] = ports
            return layer
        if self.chance(0.2):
            model = f"Own{self.prefix.upper()}{name}"
            text, states, values, _ = formulas.neuron(rng, model, self.items)
            self.models.append(text)
            self.used.add("own neuron")
            args = [f"threshold = {number(rng, 0.5, 1.2)}"] * self.chance(0.3) + [f"tau = {number(rng, 4, 30)} ms"] * self.chance(0.3)
            return self.layer(name, model, args, shape, states, 1.5)
        choice = [m for m in library if "input" in library[m].body and m not in ("Input", "InputValues") and
                  not (self.items == "learning" and "shared over batch" in library[m].body)]
        model = rng.choice(sorted(choice))
        self.used.add(model)
        m = library[model]
        args = [FIXED[model]] if model in FIXED else self.arguments(m, n)
        if m.params.get("floor") == "-inf" and (m.params.get("rest") or m.params.get("reset") or "").startswith(("-65", "-70")) and self.chance(0.3):
            args.append(f"floor = {rng.uniform(-74, -70.5):.4g} mV")
        thresholds = [re.match(r"-?[\d.]+", m.params.get(p) or "") for p in ("threshold", "rest")]
        gap = GAPS.get(model) or (abs(float(thresholds[0][0]) - float(thresholds[1][0])) if all(thresholds) else
                                  13 if (m.params.get("threshold") or "").startswith("-") else float(thresholds[0][0]) if thresholds[0] else 1)
        return self.layer(name, model, args, shape, m.states, gap)

    # -- connections ------------------------------------------------------------------------------------------------
    def pattern(self, a):
        """(text behind `by`, shape of the target or None: any, entries that are there, number of values per target)."""
        rng, shape = self.rng, a["shape"]
        kinds = ["", "", "", "", "sparse", "edges", "one_to_one", "mean_field"]
        if 2 <= len(shape) <= 4 and self.chance(0.75):
            kinds = ["conv", "conv", "local", "max_pool"]
        kind = rng.choice(kinds)
        if kind in ("conv", "local", "max_pool"):
            extents = shape[1:]
            dilation = rng.choice([1, 1, 2]) if kind != "local" else 1
            kernel = [rng.randint(1, max(1, (e - 1) // dilation + 1)) for e in extents]
            stride = [rng.randint(1, 2) for _ in extents]
            padding = [rng.randint(0, 1) if kind != "local" and k > 1 else 0 for k in kernel]
            out = [(e - (dilation * (k - 1) + 1) + 2 * p) // s + 1 for e, k, s, p in zip(extents, kernel, stride, padding)]
            filters = rng.randint(1, 3) if kind != "max_pool" else shape[0]
            args = [f"kernel = {kernel}", f"stride = {stride}"] + [f"padding = {padding}"] * (kind != "local") + [f"dilation = {dilation}"] * (dilation > 1)
            args += [f"filters = {filters}"] if kind == "local" else [f"decay = {number(rng, 0.05, 0.4)}"] if kind == "max_pool" else []
            if prod(out) * filters <= 24 and min(out) > 0:
                return f"{kind}({', '.join(args)})", [filters, *out]
            return "", None
        if kind == "one_to_one":
            return kind, shape
        return kind, None

    def by_file(self, kind, a, b, name):
        n, m = a["n"], b["n"]
        pairs = [(i, j) for i in range(n) for j in range(m) if self.chance(0.5)] or [(0, 0)]
        if kind == "sparse":
            self.file(name + "_w", (n, m), "f4", [1.0 if (i, j) in pairs else 0.0 for i in range(n) for j in range(m)])
            return f'sparse("{self.prefix}{name}_w.npy")'
        self.file(name + "_e", (len(pairs), 2), "i4", [x for pair in pairs for x in pair])
        return f'edges("{self.prefix}{name}_e.npy")'

    def value(self, lo, hi, a, b, by):
        rng = self.rng
        kinds = ["uniform", "uniform", "number"] + ([] if by else ["formula", "file", "diagonal"])
        kind = rng.choice(kinds)
        if kind == "uniform":
            return f"uniform({lo:.4g}, {hi:.4g})"
        if kind == "formula":
            return f"{lo:.4g} + {(hi - lo) / (a['n'] + b['n']):.4g} * (i + j)"
        if kind == "diagonal":
            return f"{hi:.4g} if i {rng.choice(['==', '!='])} j else {lo:.4g}"
        if kind == "file":
            return self.file(f"v{len(self.files)}", (a["n"], b["n"]), "f4", [rng.uniform(lo, hi) for _ in range(a["n"] * b["n"])])
        return number(rng, lo, hi)

    def learn(self, a, b, by, span, lo, hi):
        """A `learn` clause, or None if no rule fits."""
        rng = self.rng
        self.asks_bounds = False
        rules = [r for r in self.library["rule"].values() if r.name != "NoOp" and not r.learns_bool and r.asks["post"] <= b["offers"] and r.asks["pre"] <= a["offers"] and
                 (b["volts"] or "v" not in r.asks["post"] or not any("mV" in (x or "") for x in r.params.values()))]
        if self.items == "learning":
            rules = [r for r in rules if re.search(r"w [-+]= nu \* (\(dt / 1 ms\) \* )?\(?(" + "|".join(r.needs or ["-"]) + r") \*", r.body)]
            if not rules:
                return None
        elif not rules or self.chance(0.25):
            rules = []
        if not rules:
            name = f"Rule{self.prefix.upper()}{len(self.models)}"
            text, needs = formulas.rule(rng, name)
            self.models.append(text)
            self.used.add("own rule")
            args = [f"nu = {number(rng, 0.01, 0.2 * span)}"]
        else:
            rare = [r for r in rules if r.asks["post"] | r.asks["pre"]]
            model = rng.choice(rare if rare and self.chance(0.5) else rules)
            self.rule_states = sorted(model.states)
            name, needs, self.asks_bounds = model.name, model.needs, model.asks_bounds
            self.used.add(name)
            nu = [f"{rng.uniform(0.01, 0.2) * span:.3g}" for _ in range(2)]
            if self.chance(0.15):
                nu = ["[" + ", ".join(f"{rng.uniform(0.01, 0.2) * span:.3g}" for _ in range(b["n"])) + "]" for _ in nu]
            if not by and self.chance(0.15):
                nu = [rng.choice([f"{x} if i != j else 0", f"{x} + 0.001 * j"]) if not x.startswith("[") else x for x in nu]
            args = [f"nu = (pre: {nu[0]}, post: {nu[1]})" if (model.params.get("nu") or "").startswith("(") else f"nu = {nu[1]}"] if "nu" in model.params else []
            if "low" in model.params:
                args += [f"low = {lo:.4g}", f"high = {hi:.4g}"]
            args += self.arguments(model, without=("nu", "low", "high"))
        for need in needs:
            args.append(f"{need} = {self.signal()}")
        text = f"learn {name}({', '.join(args)})" if args else f"learn {name}"
        if self.chance(0.5):
            text += f" reduce {rng.choice(['mean', 'sum', 'max'])} over batch"
        if self.chance(0.2):
            text += f" average over {rng.randint(1, 6)} steps" + rng.choice(["", " each step"])
        return text

    def signal(self):
        if not self.signals or self.chance(0.3):
            name = f"{self.prefix}s{len(self.signals)}"
            of_item = self.chance(0.3)
            self.signals.append(name)
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
        self.used.add("signal that follows")
        self.records.append(f"{name} every {rng.randint(1, 4)} steps")
        return name

    def block(self, a, b, by, span, lo, hi, may_learn):
        rng, lines = self.rng, []
        learns = may_learn and self.learn(a, b, by, span, lo, hi)
        if learns and self.asks_bounds:
            lines.append(f"range [{lo:.4g}, {hi:.4g}]")
        elif learns and self.chance(0.6):
            most = [f"{hi:.4g}", "inf"]
            if not by:
                most.append(self.file(f"m{len(self.files)}", (a["n"], b["n"]), "f4", [hi + abs(hi) * rng.random() + 0.01 for _ in range(a["n"] * b["n"])]))
                most.append(f"{hi:.4g} + 0.1 * j")
            lines.append(f"range [{rng.choice([f'{lo:.4g}', '-inf'])}, {rng.choice(most)}]")
        if self.chance(0.25) and lo >= 0:
            each = rng.choice(["run", "run", "step"])
            per = rng.choice(["post", "post", "connection", "kernel" if by.startswith(("conv", "local")) else "post"])
            size = span * (a["n"] if not by else 3) * rng.uniform(0.3, 0.8)
            norm = f"{size:.4g}"
            if per == "post" and not by.startswith("conv") and self.chance(0.3):
                norm = rng.choice(["[" + ", ".join(f"{size * rng.uniform(0.7, 1.3):.4g}" for _ in range(b["n"])) + "]", f"{norm} + {0.1 * size:.4g} * j"])
            lines.append(f"norm {norm} per {per} each {each}" + rng.choice(["", " of signed sum"]))
        if self.chance(0.2) and self.items != "learning":
            lines.append(f"decay {number(rng, 1e-4, 2e-2)}")
        if self.chance(0.12):
            lines.append(rng.choice(["keep sign", "keep sign per pre" if not by.startswith(("conv", "max_pool", "mean")) else "keep sign",
                                     "keep sign" if by.startswith(("conv", "max_pool", "mean")) else f"keep sign {rng.choice(['positive', 'negative'])} where i < {rng.randint(0, a['n'])}"]))
        if learns:
            lines.append(learns)
        return lines, bool(learns)

    def feature(self, kind, own, a, b, by, top, first):
        """(line of the connection, does it learn)."""
        rng, n = self.rng, a["n"]
        pool = by.startswith(("max_pool", "mean_field"))
        if kind == "weight":
            lo, hi = (0, top) if first else (0.5, 1.5)
            if first and self.chance(0.25):
                lo = -top / 3
            if a is b and first:
                lo, hi = -top, 0
            lines, learns = self.block(a, b, by, hi - lo, lo, hi, not pool)
            return f"{own} = {self.value(lo, hi, a, b, by)}" + self.braces(lines), learns
        bools = [r for r in self.library["rule"].values() if r.learns_bool]
        if kind == "mask" and bools and not by and not self.items and self.chance(0.4):
            rule = rng.choice(bools)
            self.used.add(rule.name)
            args = self.arguments(rule) + [f"{need} = {self.signal()}" for need in rule.needs]
            return f"{own} = true {{ learn {rule.name}({', '.join(args)}) }}", False
        if kind == "mask":
            return f"{own} = {rng.choice(['true', 'i != j' if not by else 'true', 'i + j > 1' if not by else 'true'])}", False
        if kind == "delay":
            dt = self.settings["dt"]
            return f"{own} = {rng.choice([f'{rng.randint(1, 5) * dt:g} ms', f'uniform({dt:g} ms, {5 * dt:g} ms)'])}", False
        if kind == "offset":
            return f"{own} = {number(rng, 0, 0.05 * top)}", False
        lo, hi = {"probability": (0.3, 1), "intensity": (-0.3, 1), "bias": (-0.02 * top / n, 0.05 * top / n), "degradation": (0, 0.02 * top / n),
                  "short_term": (0.2, 0.8), "mean_field": (0.5 * top, top)}.get(kind, (0.2, 1))
        lines, learns = [], False
        if kind not in ("adaptation",) and not pool and self.chance(0.2):
            lines, learns = self.block(a, b, by, hi - lo, lo, hi, True)
            lines = [line for line in lines if not line.startswith(("norm", "range"))] + [f"range [{max(lo, 0) if kind == 'probability' else lo:.4g}, {min(hi, 1) if kind == 'probability' else hi:.4g}]"]
        model = self.library["feature"].get(kind)
        if model and kind == "adaptation":
            units, window = rng.randint(1, 3), rng.randint(2, 4)
            hidden = self.file(f"h{len(self.files)}", (units, window), "f4", [rng.gauss(0, 1) for _ in range(units * window)])
            output = self.file(f"o{len(self.files)}", (units,), "f4", [rng.gauss(0, 1) for _ in range(units)])
            lines += [f"units = {units}", f"window = {window}", f"hidden = {hidden}", f"output = {output}", "rate = 0.5"]
        elif model:
            first_param = next(iter(model.params))
            lines += self.arguments(model, without=(first_param,))
        return f"{own} = {self.value(lo, hi, a, b, by)}" + self.braces(lines), learns

    @staticmethod
    def braces(lines):
        return f" {{ {' ; '.join(lines)} }}" if lines else ""

    def connect(self, a, b, by, name):
        rng = self.rng
        fan = max(1.0, 0.3 * (a["n"] if not by else min(a["n"], 4)))
        top = b["gap"] * rng.uniform(0.3, 1.2) / fan * (2 if by == "mean_field" else 1)
        if by in ("sparse", "edges"):
            by = self.by_file(by, a, b, name)
        if self.items and by == "mean_field":
            by = "mean_field(per_item = true)"
        kinds = ["weight"]
        others = sorted(set(self.library["feature"]) - {"offset"} - ({"adaptation", "mean_field"} if self.items else set()))
        for _ in range(rng.choice([0, 0, 1, 1, 2])):
            kinds.insert(rng.randint(0, len(kinds)), rng.choice(OFTEN if self.chance(0.7) else others))
        if by.startswith(("max_pool", "mean_field")):
            kinds = ["weight"]
        if kinds.count("delay") > 1:
            kinds = [k for k in kinds if k != "delay"] + ["delay"]
        if self.chance(0.15) and not by.startswith(("max_pool", "mean_field")):
            own = f"feature{self.prefix}{len(self.models)}"
            self.models.append(formulas.feature(rng, own, self.items))
            self.used.add("own feature")
            kinds.insert(0, own)                     # its formulas want a plain number
        if self.chance(0.1) and not by.startswith(("max_pool", "mean_field")):
            kinds.append("offset")
        lines, seen, first = [], set(), True
        for kind in kinds:
            own = kind if kind not in seen else f"{kind}{len(seen)}"
            if kind in seen and self.chance(0.3) and kind in ("weight", "probability"):
                lines.append(f"{own} : {kind} = shared {kind}")
            else:
                line, learns = self.feature(kind, own if own == kind else f"{own} : {kind}", a, b, by, top, first)
                first = first and kind != "weight"
                lines.append(line)
                if learns:
                    self.learned.append(f"{self.prefix}{name}.{own}")
                    self.plain |= set() if by else {self.learned[-1]}
                    if self.items == "learning":
                        self.records += [f"{self.learned[-1]}.{state} every 2 steps" for state in self.rule_states]
            seen |= {kind, own}
            if kind in self.library["feature"]:
                self.used.add(kind)
        self.used.add(by.split("(")[0] or "all")
        port = "." + rng.choice(b["ports"]) if b["ports"] and (b["closed"] or self.chance(0.4)) else ""
        self.lines.append(f"connect {a['name']} -> {b['name']}{port}{' by ' + by if by else ''} as {self.prefix}{name} {{")
        self.lines += ["    " + line for line in lines] + ["}"]
        return by

    # -- what runs do ---------------------------------------------------------------------------------------------------
    def draw_controls(self, runs):
        for steps in runs:
            lines = []
            for layer in self.layers if self.chance(0.35) else []:
                n, name = layer["n"], layer["name"]
                one = self.rng.choice([f"i == {self.rng.randrange(n)}", "i < 2", "[" + ", ".join(str(int(self.chance(0.3))) for _ in range(n)) + "]",
                                       self.file(f"c{len(self.files)}", (n,), "u1", [int(self.chance(0.3)) for _ in range(n)]),
                                       self.file(f"c{len(self.files)}", (steps, n), "u1", [int(self.chance(0.2)) for _ in range(steps * n)])])
                if self.chance(0.25):
                    lines.append(f"clamp {name} where {one}")
                elif self.chance(0.15):
                    lines.append(f"silence {name} where {one}")
                if "v" in layer["states"] and layer["model"] != "McCullochPitts" and self.chance(0.2):
                    lines.append(f"inject {number(self.rng, 0.01, 0.2)} * i * {layer['gap'] / 10:.3g} into {name}.v")
            for learned in self.learned:
                if learned in self.plain and self.chance(0.1):
                    lines.append(f"zero {learned} where i {self.rng.choice(['==', '<'])} j")
            self.controls.append(lines)

    def draw(self):
        layers = [self.source("a")]
        if self.chance(0.25):
            layers.append(self.source("b"))
        for name in ["x", "y", "z"][:self.rng.choice([1, 1, 2, 2, 3])]:
            a = self.rng.choice(layers[-2:])
            by, shape = self.pattern(a)
            if shape is None:
                shape = self.shape()
            b = self.target(name, shape)
            self.connect(a, b, by, f"{a['name'][-1]}{name}")
            layers.append(b)
        for k in range(self.rng.choice([0, 0, 1, 2])):
            b = self.rng.choice([layer for layer in layers if not layer["name"].endswith(("a", "b"))])
            self.connect(self.rng.choice(layers), b, self.rng.choice(["", "", "sparse", "mean_field"]), f"extra{k}")
        for learned in self.learned:
            self.records.append(f"{learned} every {self.rng.choice([1, 3, 5])} steps")
        self.draw_controls(self.settings["runs"])
