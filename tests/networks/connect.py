"""connect.py: connections drawn at random: patterns, features, the rules on them."""
import random
import re
from math import prod

import cover
import formulas
import patterns
from formulas import number

OFTEN = ["weight", "weight", "bias", "mask", "intensity", "probability", "degradation", "delay", "short_term"]
# Ends of first values by feature, in parts of what makes a target spike.
SPANS = {"probability": lambda top, n: (0.3, 1), "intensity": lambda top, n: (-0.3, 1), "bias": lambda top, n: (-0.02 * top / n, 0.05 * top / n),
         "degradation": lambda top, n: (0, 0.02 * top / n), "short_term": lambda top, n: (0.2, 0.8), "mean_field": lambda top, n: (0.5 * top, top),
         "offset": lambda top, n: (0, 0.05 * top)}
NORMED = ("weight", "intensity", "bias", "degradation", "mean_field", "probability")


class Link:
    """A connection while it is drawn: its ends, its pattern, its name, and what it must have."""
    def __init__(self, a, b, pattern, name, rule=None, feature=None):
        self.a, self.b, self.pattern, self.name, self.rule, self.feature = a, b, pattern, name, rule, feature
        fan = max(1.0, 0.3 * (a["n"] if pattern.kind == "dense" else min(a["n"], 4)))
        self.fan, self.top = fan, 0


class Connections:
    """The part of a network (draw.py) that draws connections."""

    # -- values -------------------------------------------------------------------------------------------------------
    def first_values(self, lo, hi, link):
        rng, a, b, pattern = self.rng, link.a, link.b, link.pattern
        kinds = ["uniform", "uniform", "number"] + ["formula", "diagonal"] * pattern.of_pair + ["file"] * (pattern.kind == "dense" or pattern.values is not None)
        kind = rng.choice(kinds)
        if kind in ("formula", "file"):
            self.cover("other", "value by a formula" if kind == "formula" else "value from a file")
        if kind == "uniform":
            return f"uniform({lo:.4g}, {hi:.4g})"
        if kind == "formula":
            own = random.Random(f"{self.prefix}{link.name} {lo} {hi}")         # what else is drawn does not depend on it
            if own.random() < 0.6:
                return self.of_vectors(own, lo, hi)
            return f"{lo:.4g} + {(hi - lo) / (a['n'] + b['n']):.4g} * (i + j)"
        if kind == "diagonal":
            return f"{hi:.4g} if i {rng.choice(['==', '!='])} j else {lo:.4g}"
        if kind == "file":
            shape = pattern.values or (a["n"], b["n"])
            return self.file(f"v{len(self.files)}", tuple(shape), "f4", [rng.uniform(lo, hi) for _ in range(prod(shape))])
        return number(rng, lo, hi)

    def of_vectors(self, rng, lo, hi):
        """Values that follow from a few vectors: products, distances, masks, in a span."""
        span = 0.98 * (hi - lo)
        self.cover("other", "value by vectors")
        row, column = (f"(1 + {rng.choice(['sin', 'cos'])}({of} / {number(rng, 0.3, 9)})) / 2" for of in "ij")
        apart = rng.choice([f"exp(-abs(i - j) / {number(rng, 0.5, 9)})", f"(1 + cos((i - j) * {number(rng, 0.1, 3)})) / 2", f"exp(-(j - i) * (j - i) / {number(rng, 2, 40)})"])
        value = f"{lo:.4g} + {span:.4g} * {' * '.join(rng.sample([row, column, apart], rng.randint(1, 3)))}"
        mask = rng.choice(["", "", f" if i {rng.choice(['!=', '<', '>='])} j else {lo:.4g}"])
        return value + mask

    def of_post(self, kind):
        return kind in self.library["feature"] and self.library["feature"][kind].of_post

    # -- rules --------------------------------------------------------------------------------------------------------
    def rules_for(self, link, kind):
        """The rules of the library that can be attached."""
        a, b = link.a, link.b
        rules = [r for r in self.library["rule"].values() if not r.learns_bool and r.asks["post"] <= b["offers"] and r.asks["pre"] <= a["offers"] and
                 (b["volts"] or "v" not in r.asks["post"] or not any("mV" in (x or "") for x in r.params.values())) and (kind == "delay" or not r.learns_time)]
        if self.items == "learning":
            return [r for r in rules if r.needs and re.search(r"w [-+]= nu \* (\(dt / 1 ms\) \* )?\(?(" + "|".join(r.needs) + r") \*", r.body)]
        return rules

    def learn(self, link, kind, span, lo, hi):
        """A `learn` clause, or None if no rule fits."""
        rng, b = self.rng, link.b
        self.asks_bounds, self.rule_name = False, None
        rules = self.rules_for(link, kind)
        if self.items == "learning" and not rules:
            return None
        wished = [r for r in rules if r.name == link.rule]
        if not self.items and not wished and self.chance(0.25):
            rules = []
        if not rules:
            name = f"Rule{self.prefix.upper()}{len(self.models)}"
            text, needs = formulas.rule(rng, name)
            self.models.append(text)
            self.cover("model", "own rule")
            args = [f"nu = {number(rng, 0.01, 0.2 * span)}"]
        else:
            rare = [r for r in rules if r.asks["post"] | r.asks["pre"]]
            model = rng.choice(wished or (rare if rare and self.chance(0.5) else rules))
            self.rule_states = sorted(model.states)
            name, needs, self.asks_bounds = model.name, model.needs, model.asks_bounds
            self.rule_name = name
            self.use("rule", name)
            args = self.rates(model, link, span, lo, hi)
        for need in needs:
            args.append(f"{need} = {self.signal()}")
        text = f"learn {name}({', '.join(args)})" if args else f"learn {name}"
        if self.chance(0.5):
            how = rng.choice(cover.REDUCTIONS)
            text += f" reduce {how} over batch"
            self.cover("other", f"reduce {how}")
        if self.chance(0.2):
            each = rng.choice(["", " each step"])
            text += f" average over {rng.randint(1, 6)} steps{each}"
            self.cover("other", f"average{each}")
        return text

    def rates(self, model, link, span, lo, hi):
        """Arguments of a rule: how fast it learns, its bounds, others around their defaults."""
        rng, n = self.rng, link.b["n"]
        nu = [f"{rng.uniform(0.01, 0.2) * span:.3g}" for _ in range(2)]
        if self.chance(0.15):
            nu = ["[" + ", ".join(f"{rng.uniform(0.01, 0.2) * span:.3g}" for _ in range(n)) + "]" for _ in nu]
            self.cover("other", "one rate of each")
        elif link.pattern.kind == "dense" and self.chance(0.15):
            nu = [rng.choice([f"{x} if i != j else 0", f"{x} + 0.001 * j"]) for x in nu]
        args = [f"nu = (pre: {nu[0]}, post: {nu[1]})" if (model.params.get("nu") or "").startswith("(") else f"nu = {nu[1]}"] if "nu" in model.params else []
        if "low" in model.params:
            args += [f"low = {lo:.4g}", f"high = {hi:.4g}"]
        return args + self.arguments(model, without=("nu", "low", "high"))

    # -- features -----------------------------------------------------------------------------------------------------
    def norm(self, link, span):
        rng, n = self.rng, link.b["n"]
        each, per = rng.choice(["run", "run", "step"]), rng.choice(["post", "post", "connection"] + ["kernel", "kernel"] * (link.pattern.group in ("conv", "local")))
        size = span * (link.a["n"] if link.pattern.kind == "dense" else 3) * rng.uniform(0.3, 0.8)
        norm, signed = f"{size:.4g}", rng.choice(["", " of signed sum"])
        if per == "post" and self.chance(0.3) and (link.pattern.known or link.pattern.group in ("pool", "mean")):
            norm = rng.choice(["[" + ", ".join(f"{size * rng.uniform(0.7, 1.3):.4g}" for _ in range(n)) + "]", f"{norm} + {0.1 * size:.4g} * j"])
        self.cover("other", f"norm per {per} each {each}{signed}")
        return f"norm {norm} per {per} each {each}{signed}"

    def sign(self, link):
        kinds = ["keep sign"] + ["keep sign per pre"] * link.pattern.of_pair + ["keep sign positive", "keep sign negative"] * link.pattern.known
        kind = self.rng.choice(kinds)
        self.cover("other", kind)
        return kind if kind in cover.SIGNS[:2] else f"{kind} where i < {self.rng.randint(0, link.a['n'])}"

    def block(self, link, kind, span, lo, hi, unit=""):
        """(lines of a feature's block, is there a rule)."""
        rng, a, b, lines = self.rng, link.a, link.b, []
        learns = link.pattern.learns and self.learn(link, kind, span, lo, hi)
        if kind != "weight":
            least, most = (max(lo, 0), min(hi, 1)) if kind == "probability" else (lo, hi)
            lines.append(f"range [{least:.4g}{unit}, {most:.4g}{unit}]")
        elif learns and self.asks_bounds:
            lines.append(f"range [{lo:.4g}, {hi:.4g}]")
        elif learns and self.chance(0.6):
            most = [f"{hi:.4g}", "inf"]
            if link.pattern.kind == "dense":
                most.append(self.file(f"m{len(self.files)}", (a["n"], b["n"]), "f4", [hi + abs(hi) * rng.random() + 0.01 for _ in range(a["n"] * b["n"])]))
            if link.pattern.known:
                most.append(f"{hi:.4g} + 0.1 * j")
            most = rng.choice(most)
            self.cover("other", "range of each" if "j" in most or "file" in most else "range")
            lines.append(f"range [{rng.choice([f'{lo:.4g}', '-inf'])}, {most}]")
        if self.chance(0.3) and lo >= 0 and kind in NORMED:
            lines.append(self.norm(link, span))
        if self.chance(0.2) and self.items != "learning":
            lines.append(f"decay {number(rng, 1e-4, 2e-2)}")
            self.cover("other", "decay")
        if self.chance(0.2) and not self.of_post(kind):
            lines.append(self.sign(link))
        if learns:
            lines.append(learns)
        if kind != "delay" and self.chance(0.15):
            lines.append(f"stored {rng.choice(cover.STORED)}")
            self.cover("other", lines[-1])
        return lines, bool(learns)

    def feature(self, kind, own, link, first, learns):
        """(line of the connection, does it learn)."""
        rng, n, b, top = self.rng, link.a["n"], link.b, link.top
        if kind == "weight":
            lo, hi = (0, top) if first else (0.5, 1.5)
            if first and self.chance(0.25):
                lo = -top / 3
            if link.a is b and first:
                lo, hi = -top, 0
            lines, learns = self.block(link, kind, hi - lo, lo, hi)
            return f"{own} = {self.first_values(lo, hi, link)}" + braces(lines), learns
        if kind == "mask":
            return self.mask(own, link)
        if kind == "delay":
            return self.delay(own, link, learns)
        lo, hi = SPANS.get(kind, lambda top, n: (0.2, 1))(top, n)
        lines, found = [], False
        if learns or (kind != "adaptation" and self.chance(0.3)):
            lines, found = self.block(link, kind, hi - lo, lo, hi)
        model = self.library["feature"].get(kind)
        if model and kind == "adaptation":
            units, window = rng.randint(1, 3), rng.randint(2, 4)
            hidden = self.file(f"h{len(self.files)}", (units, window), "f4", [rng.gauss(0, 1) for _ in range(units * window)])
            output = self.file(f"o{len(self.files)}", (units,), "f4", [rng.gauss(0, 1) for _ in range(units)])
            lines += [f"units = {units}", f"window = {window}", f"hidden = {hidden}", f"output = {output}", "rate = 0.5"]
        elif model:
            lines += self.arguments(model, without=(next(iter(model.params)),))
        if self.of_post(kind):
            each = "[" + ", ".join(number(rng, lo, hi) for _ in range(b["n"])) + "]"
            value = rng.choice([number(rng, lo, hi), f"uniform({lo:.4g}, {hi:.4g})", each if link.pattern.group != "conv" else number(rng, lo, hi)])
            return f"{own} = {value}" + braces(lines), found
        return f"{own} = {self.first_values(lo, hi, link)}" + braces(lines), found

    def mask(self, own, link):
        rng, pattern = self.rng, link.pattern
        rules = [r for r in self.library["rule"].values() if r.learns_bool]
        wished = [r for r in rules if r.name == link.rule]
        if pattern.of_pair and rules and not self.items and (wished or self.chance(0.4)):
            rule = rng.choice(wished or rules)
            self.rule_name = rule.name
            self.use("rule", rule.name)
            given = self.arguments(rule, without=("least", "rate")) + [f"least = {number(rng, 0.2, 0.8)}", f"rate = {number(rng, 20, 200)} Hz"]
            alike = self.settings["batch"] == 1          # a truth value changes alike for all items, and signals may differ
            given += [f"{need} = {self.signal() if alike and self.chance(0.5) else 'weight'}" for need in rule.needs]
            return f"{own} = true {{ learn {rule.name}({', '.join(given)}) }}", True
        return f"{own} = {rng.choice(['true', *['i != j', 'i + j > 1'] * pattern.of_pair])}", False

    def delay(self, own, link, learns):
        dt, rng = self.settings["dt"], self.rng
        if link.pattern.learns and self.items != "learning" and (learns or self.chance(0.4)):
            lines, learns = self.block(link, "delay", 4 * dt, dt, 5 * dt, " ms")
            self.cover("other", "delay that learns")
            return f"{own} = uniform({dt:g} ms, {5 * dt:g} ms)" + braces(lines), learns
        each = self.chance(0.5)
        if each:
            self.cover("other", "delay of each")
        return f"{own} = {f'uniform({dt:g} ms, {5 * dt:g} ms)' if each else f'{rng.randint(1, 5) * dt:g} ms'}", False

    # -- a connection -------------------------------------------------------------------------------------------------
    def kinds(self, link):
        """The features of a connection, in order."""
        rng, kinds = self.rng, ["weight"]
        others = sorted(set(self.library["feature"]) - set(filter(self.of_post, self.library["feature"])) - ({"adaptation", "mean_field"} if self.items else set()))
        for _ in range(rng.choice([0, 0, 1, 1, 2])):
            kinds.insert(rng.randint(0, len(kinds)), rng.choice(OFTEN if self.chance(0.7) else others))
        if link.feature and link.feature not in kinds:
            kinds.insert(rng.randint(0, len(kinds)), link.feature)
        if kinds.count("delay") > 1:
            kinds = [k for k in kinds if k != "delay"] + ["delay"]
        if self.chance(0.15):
            own = f"feature{self.prefix}{len(self.models)}"
            self.models.append(formulas.feature(rng, own, self.items, link.pattern.group not in ("pool", "mean")))
            self.cover("model", "own feature")
            kinds.insert(0, own)                     # its formulas want a plain number
        targets = [k for k in kinds if self.of_post(k)]
        if self.chance(0.15):
            targets.append(rng.choice(sorted(filter(self.of_post, self.library["feature"]))))
        kinds = [k for k in kinds if not self.of_post(k)] + sorted(set(targets))       # of targets: behind the others
        return kinds

    def connect(self, a, b, pattern, name, rule=None, feature=None):
        rng, link = self.rng, Link(a, b, pattern, name, rule, feature)
        link.top = b["gap"] * rng.uniform(0.3, 1.2) / link.fan * (2 if pattern.kind == "mean_field" else 1)
        if pattern.kind in ("sparse", "edges"):
            pattern.text, pattern.values = self.by_file(pattern.kind, a, b, name)
        if self.items and pattern.kind == "mean_field":
            pattern.text = "mean_field(per_item = true)"
        kinds = self.kinds(link)
        learner = self.learner(link, kinds)
        lines, seen, first = [], set(), True
        for kind in kinds:
            own = kind if kind not in seen else f"{kind}{len(seen)}"
            if kind in seen and self.chance(0.3) and kind in ("weight", "probability") and kind != learner:
                lines.append(f"{own} : {kind} = shared {kind}")
                self.cover("other", "shared value")
            else:
                wished = kind == learner and own == kind
                self.rule_name = None
                line, learns = self.feature(kind, own if own == kind else f"{own} : {kind}", link, first, wished)
                first = first and kind != "weight"
                lines.append(line)
                if learns:
                    self.learns(link, own, kind)
            seen |= {kind, own}
            if kind in self.library["feature"]:
                self.use("feature", kind)
                self.cover("feature by pattern", kind, pattern.group)
        self.cover("pattern", pattern.kind)
        for option in pattern.options:
            self.cover("pattern", pattern.kind, option)
        port = "." + rng.choice(b["ports"]) if b["ports"] and (b["closed"] or self.chance(0.4)) else ""
        if port:
            self.cover("other", "port")
        by = f" by {pattern.text}" if pattern.text else ""
        self.lines.append(f"connect {a['name']} -> {b['name']}{port}{by} as {self.prefix}{name} {{")
        self.lines += ["    " + line for line in lines] + ["}"]

    def learner(self, link, kinds):
        """The feature that gets the wished rule."""
        model = self.library["rule"].get(link.rule)
        if not model or not link.pattern.learns:
            return None
        if model.learns_bool or model.learns_time:
            only = "mask" if model.learns_bool else "delay"
            if only not in kinds:
                kinds.insert(0 if only == "mask" else len(kinds) - sum(map(self.of_post, kinds)), only)
            return only
        return link.feature if self.wish.learns == "feature" and link.feature != "mask" else "weight"

    def learns(self, link, own, kind):
        """Notes a value that learns, and what it covers if it changes."""
        learned = f"{self.prefix}{link.name}.{own}"
        self.learned[learned] = [("rule by pattern", self.rule_name, link.pattern.group), ("rule by feature", self.rule_name, kind)] if self.rule_name else []
        if self.rule_name and self.rule_name == link.rule:
            self.wished = learned
        if link.pattern.known and kind not in ("mask", "delay") and not self.of_post(kind):
            self.plain.add(learned)
        if self.items == "learning":
            self.records += [f"{learned}.{state} every 2 steps" for state in self.rule_states]

    def by_file(self, kind, a, b, name):
        n, m = a["n"], b["n"]
        pairs = [(i, j) for i in range(n) for j in range(m) if self.chance(0.5)] or [(0, 0)]
        if kind == "sparse":
            self.file(name + "_w", (n, m), "f4", [1.0 if (i, j) in pairs else 0.0 for i in range(n) for j in range(m)])
            return f'sparse("{self.prefix}{name}_w.npy")', [len(pairs)]
        self.file(name + "_e", (len(pairs), 2), "i4", [x for pair in pairs for x in pair])
        return f'edges("{self.prefix}{name}_e.npy")', [len(pairs)]


def braces(lines):
    return f" {{ {' ; '.join(lines)} }}" if lines else ""
