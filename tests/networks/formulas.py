"""formulas.py: models drawn at random, as a user would write them: neurons, features and rules with states, traces, branches and draws.

Whatever a formula says, states and changes stay bounded: tanh is around what is added to them, no divisor comes near 0,
so nothing becomes infinite and no bit hangs on the sign of a NaN.
"""


def number(rng, lo, hi):
    return f"{rng.uniform(lo, hi):.3g}"


class Formulas:
    """Draws expressions over names of numbers."""
    def __init__(self, rng, names, conditions=()):
        self.rng, self.names, self.conditions, self.sums = rng, list(names), list(conditions), 0

    def leaf(self):
        return self.rng.choice(self.names) if self.names and self.rng.random() < 0.75 else number(self.rng, 0.1, 2)

    def real(self, depth=2):
        if depth == 0:
            return self.leaf()
        a, b = (self.real(depth - 1) for _ in range(2))
        return self.rng.choice([
            lambda: f"({a} + {b})", lambda: f"({a} - {b})", lambda: f"{a} * {b}", lambda: f"{a} / (1 + abs({b}))", lambda: f"-{a}",
            lambda: f"min({a}, {b})", lambda: f"max({a}, {b})", lambda: f"abs({a})", lambda: f"tanh({a})", lambda: f"exp(-abs({a}))",
            lambda: f"log(1 + abs({a}))", lambda: f"sqrt(abs({a}))", lambda: f"floor({a} * 3)", lambda: f"ceil({a} * 2)",
            lambda: f"({a} if {self.condition(depth - 1)} else {b})",
            lambda: f"sin({a})", lambda: f"cos({a})", lambda: f"sigmoid({a})", lambda: f"expm1(-abs({a}))", lambda: f"log1p(abs({a}))",
            lambda: f"pow(abs({a}), {self.rng.choice(['2', '3', '0.5', '1.5'])})", lambda: self.sum(a), self.leaf,
        ])()

    def sum(self, a):
        self.sums += 1
        return f"(sum at{self.sums} in 0 ..< {self.rng.randint(1, 3)} of ({a} + at{self.sums}) / 4)"

    def condition(self, depth=1):
        a, b = self.real(max(depth - 1, 0)), self.real(max(depth - 1, 0))
        plain = f"{a} {self.rng.choice(['<', '<=', '>', '>='])} {b}"
        if depth == 0 or self.rng.random() < 0.6:
            return self.rng.choice([plain, *self.conditions])
        return self.rng.choice([f"{plain} and {self.condition(depth - 1)}", f"({plain}) or {self.condition(depth - 1)}", f"not ({plain})"])

    def bounded(self, depth=2):
        return f"tanh({self.real(depth)})"


def neuron(rng, name, items=False):
    """(text, states, values): `items`: nothing that is shared by the batch."""
    values = rng.random() < 0.2
    states = ["w", "u", "z"][:rng.randint(0, 3)]
    lines = [f"neuron {name}(threshold = 1, tau = 15 ms, back = 0, gain = 1) {{", "    state v = 0"]
    for state in states:
        how = "".join(word for word, p in ((" shared over batch", 0.15 * (not items)), (", kept on reset", 0.2)) if rng.random() < p)
        lines.append(f"    state {state} = {number(rng, -0.5, 0.5)}{how if not how.startswith(',') else how}")
    shared = {state for state, line in zip(states, lines[2:]) if "shared" in line}
    traced = rng.random() < 0.3
    if traced:
        lines.append(f"    trace x {{ tau = {number(rng, 3, 30)} ms ; on spike {rng.choice(['set 1', 'add 0.5', 'add 0.3 * spike'])} }}")
    body = ["v = v * exp(-dt / tau) + gain * input"]
    f = Formulas(rng, ["v", "threshold", "input", "gain", "i / 8", *[s for s in states if s not in shared]], ["learning"])
    if rng.random() < 0.5:
        body.append(f"let a = {f.real()}")
        f.names.append("a")
    if rng.random() < 0.3:
        body.append(rng.choice(["let r = random()", "let r = poisson(0.5)", "let r = normal(0, 0.3)", f"let r = 1 if i > 2 else {number(rng, 0, 1)}"]))
        f.names.append("r")
    if rng.random() < 0.3:
        f.names.append("spike")                      # of the step before
    for state in states:
        if state in shared:
            body.append(f"{state} += 0.1 * {f.bounded()}")
        else:
            body.append(rng.choice([f"{state} = 0.8 * {state} + {f.bounded()}", f"{state} += 0.1 * ({f.bounded()} - {state})",
                                    f"if {f.condition()} {{ {state} = {f.bounded()} }} else {{ {state} *= 0.5 }}"]))
    f.names += [f"tanh({s})" for s in shared]
    if rng.random() < 0.5:
        body.append(f"v += 0.2 * {f.bounded()}")
    body.append("if v >= threshold {")
    body.append(f"    spike{' 0.5 + 0.1 * i' if values else ''}")
    body.append(f"    v = {rng.choice(['back', 'v - threshold', '0.5 * back'])}")
    if states and states[0] not in shared:
        body.append(f"    {states[0]} += 0.2")
    body.append("}")
    keep = "keep one spike at random"
    if rng.random() < 0.15:
        body.append(rng.choice([keep, f"{keep} if {f.condition()}", f"if {f.condition()} {{ {keep} }} else {{ v *= 0.9 }}"]))
        if rng.random() < 0.3:
            body.append("v += 0.1 * spike")          # of the step before, also here
    if shared and rng.random() < 0.4:
        one = sorted(shared)[0]
        body.append(rng.choice([f"if v > 0.5 {{ {one} += 0.01 ; v -= 0.1 * tanh({one}) }}", f"let fade = 0.9 if i > 1 else 0.8\n        {one} *= fade",
                                f"if learning {{ {one} *= 0.95 ; v += 0.01 }}"]))
    lines += ["    step {", *("        " + line for line in body), "    }", "}"]
    return "\n".join(lines), {"v", *states}, values, body


def equations(rng, name):
    """(text, states, ports): a neuron by equations, with ports, `spike when` and a refractory time."""
    lines = [f"neuron {name}(threshold = 1, tau = 15 ms, back = 0, gain = 1) {{"]
    states, ports = {"v"}, []
    if rng.random() < 0.7:
        lines.append(f"    state v = {rng.choice(['back', '0.1', 'back + 0.2 * gain'])}")
    kind = rng.choice(["linear", "coupled", "own", "wild"])
    if kind == "linear":
        lines.append("    v' = (back - v + 0.3 * gain) / tau" + rng.choice(["", f" + {number(rng, 0.05, 0.4)} * sqrt(2 / tau) * xi"]))
    elif kind == "coupled":
        states.add("g")
        lines += ["    v' = (back - v + g) / tau", f"    g' = -g / {rng.choice(['tau', '(5 ms)', '(2 * tau)'])}"]
    elif kind == "own":
        states.add("g")
        lines += ["    let drive = g * (2 - v)", "    v' = (back - v + drive) / tau", "    g' = -g / (8 ms)"]
    else:
        states.add("u")
        lines += [f"    v' = (tanh(2 * v - u) - 0.2 * v + 0.1) / tau", f"    u' = (0.5 * v - u) / ({number(rng, 5, 40)} ms)"]
    if rng.random() < 0.3:
        methods = ["euler", "heun", "rk2", "rk4"] + ["exponential_euler"] * (kind in ("linear", "own")) + ["exact"] * (kind in ("linear", "coupled"))
        lines.append(f"    method = {rng.choice(methods)}")
    target = "g" if "g" in states and rng.random() < 0.6 else "v"
    lines.append(f"    receive {{ {target} += gain * input }}")
    if rng.random() < 0.5:
        ports.append("other")
        lines.append(f"    receive other {{ v -= {number(rng, 0.05, 0.3)} * input }}")
    if rng.random() < 0.3:
        lines.append("    state age = 0")
        lines.append("    step { age = 0.9 * age + tanh(v) ; if age > 3 { v -= 0.1 } }")
        states.add("age")
    refractory = rng.choice(["", "", f" refractory {rng.randint(0, 4)} ms", " refractory tau / 5", " refractory 1 ms * (1 + i)"])
    hold = " hold v" if refractory and rng.random() < 0.5 else ""
    lines.append(f"    spike when v >= threshold {{ v = back }}{refractory}{hold}")
    if rng.random() < 0.3:
        lines.append("    on spike { v -= 0.05 }")
    return "\n".join([*lines, "}"]), states, ports


def feature(rng, name, items=False, source=True):
    """source: a signal comes from one neuron."""
    states = ["s", "last"][:rng.randint(0, 2)]
    lines = [f"feature {name}(value, gain = 0.5) {{"]
    for state in states:
        lines.append(f"    state {state} = {rng.choice(['0', 'value', '0.2'])}{rng.choice(['', '', ', kept on reset'])}")
    reads = (["pre.spike", "post.spike"] if source else ["post.spike"]) if rng.random() < 0.3 else []
    f = Formulas(rng, ["signal", "value", "gain", *states, *reads], ["signal != 0", *reads[:1]])
    if rng.random() < 0.25:
        lines.append(f"    let pass = bernoulli({number(rng, 0.2, 0.9)})")
        f.conditions.append("pass")
    for state in states:
        lines.append(f"    {state} = 0.7 * {state} + {f.bounded()}")
    if not items and rng.random() < 0.15:
        lines.append("    if sum(signal) > 1 { signal += 0.1 }")
    lines.append(rng.choice([f"    signal = signal * value + 0.1 * {f.bounded()}", "    signal *= value",
                             f"    if {f.condition()} {{ signal = signal * (value + 0.1 * {f.bounded()}) }}",
                             f"    signal = {f.real(1)} if signal != 0 else 0"]))
    return "\n".join([*lines, "}"])


def rule(rng, name):
    """(text, names of what it needs)."""
    needs = ["factor"] if rng.random() < 0.5 else []
    lines = [f"rule {name}(nu = 0.01, k = 0.5, tau = 20 ms, unit = 1) {{", "    learns w", *(f"    needs {n}" for n in needs)]
    pre, post, all_ = ["pre.spike"], ["post.spike"], ["k", *needs]
    for trace, side, names in (("x", "pre", pre), ("y", "post", post)):
        if rng.random() < 0.6:
            how = rng.choice(["set 1", "add 1", f"set {trace} + k", f"add {number(rng, 0.1, 1)} * spike"])
            lines.append(f"    trace {trace} of {side} {{ tau = {rng.choice(['tau', number(rng, 3, 40) + ' ms'])} ; on spike {how} }}")
            names.append(trace)
    step = []
    for state, place in (("p", "pre"), ("q", "post"), ("e", "synapse"), ("c", None)):
        if rng.random() < 0.5:
            lines.append(f"    state {state}{f' of {place}' if place else ''}")
            names = {"pre": pre + all_, "post": post + all_, "synapse": pre + post + all_ + ["w / unit"], None: all_}[place]
            f = Formulas(rng, [*names, state])
            step.append(f"{state} = 0.8 * {state} + 0.2 * {f.bounded()}")
            {"pre": pre, "post": post, "synapse": all_, None: all_}[place].append(state)
    rng.shuffle(step)
    f = Formulas(rng, [*pre, *post, *all_, "w / unit"], ["post.spike", "pre.spike"])
    handlers = []
    for event, names in (("pre", post), ("post", pre)):
        if rng.random() < 0.5:
            own = [n for n in names if n in ("x", "y")] + ["w / unit", "k", *needs]
            g = Formulas(rng, own)
            handlers.append(f"    on {event} {{ w {rng.choice(['+=', '-='])} nu * {g.bounded()} }}")
    if needs and rng.random() < 0.3:
        handlers.append(f"    on {needs[0]} {{ w += 0.1 * nu * {needs[0]} }}")
    if rng.random() < 0.7 or step or not handlers:
        if rng.random() < 0.3:
            step.insert(0, f"let both = {f.real(1)}")
            f.names.append("both")
        change = f"w {rng.choice(['+=', '-='])} nu * {f.bounded()}"
        step.insert(rng.randint(min(1, len(step)), len(step)), change if rng.random() < 0.7 else f"if {f.condition()} {{ {change} }}")
        handlers.append("    each step {\n" + "\n".join("        " + line for line in step) + "\n    }")
    return "\n".join([*lines, *handlers, "}"]), needs
