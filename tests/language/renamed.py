#!/usr/bin/env python3
"""renamed.py: the compiler knows no model by name. Every model of the library, copied into a program with every name in it
changed, becomes the same plan but for the names.

    tests/language/renamed.py [--snnc PATH] [--filter TEXT] [--verbose]

Changed are the names of the model, its parameters, states, traces, locals, ports, signals and counters, and of the value that a
rule learns. What stands around a model is made from what it asks for: its ports are connected, its signals given, what it reads of
neurons is there; all that it keeps is recorded.
"""
import argparse
import re
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "tools"), str(HERE.parent / "networks")]

import library                                       # noqa: E402
import npy                                           # noqa: E402
import tool                                          # noqa: E402

TOKEN = re.compile(r'shared over batch|kept on reset|"[^"]*"|\d+(?:\.\d+)?(?:[eE][+-]?\d+)?(?:[ \t]*[A-Za-zµΩ%]+(?:/[A-Za-z]+)?\b)?|[A-Za-z_]\w*|\s+|.', re.DOTALL)
NAME = re.compile(r"[A-Za-z_]\w*\Z")
# What follows a name that stands in an expression; before another name a name is a word of the grammar.
INFIX = {"if", "else", "and", "or", "not", "of", "in", "hold", "refractory", "after", "shared", "kept"}


# ---- renaming ---------------------------------------------------------------------------------------------------
def without_tests(text):
    while found := re.search(r'\n\s*test "[^"]*" ', text):
        text = text[:found.start()] + text[library.closing(text, found.end()):]
    return text


def declared(model):
    """The names that a model chose."""
    text, names = model.body, {model.name, *model.params}
    for pattern in (r"\bstate\s+(\w+)", r"\btrace\s+(\w+)", r"\blet\s+(\w+)", r"\blearns\s+(\w+)", r"\bsum\s+(\w+)\s+in\b",
                    r"\breceive\s+(\w+)", r"\b(\w+)'"):
        names |= set(re.findall(pattern, text))
    for needs in re.findall(r"\bneeds\s+([\w, ]+)", text):
        names |= set(re.split(r"\W+", needs.strip()))
    return names


def renamed(model, text, new):
    """The text with new[name] for every name that is one, and not a word of the grammar or a part of another name."""
    tokens = TOKEN.findall(text)
    solid = [k for k, t in enumerate(tokens) if not t.isspace() or "\n" in t]
    out = list(tokens)
    for at, k in enumerate(solid):
        token = tokens[k]
        if token not in new:
            continue
        before = tokens[solid[at - 1]] if at else ""
        behind = tokens[solid[at + 1]] if at + 1 < len(solid) else ""
        opens_line = before in "{;" or "\n" in before
        is_word = ((NAME.match(behind) and behind not in INFIX) or                      # state v, trace x, let y
                   (token == "refractory" and before != "refractory" and (NAME.match(behind) or behind[:1].isdigit())) or
                   (token == "tau" and behind == "=" and opens_line and in_trace(tokens, k)))
        if before != "." and not is_word:
            out[k] = new[token]
    return "".join(out)


def in_trace(tokens, k):
    depth = 0
    while k > 0:
        k -= 1
        depth += (tokens[k] == "}") - (tokens[k] == "{")
        if depth < 0:
            line = "".join(tokens[:k]).rsplit("\n", 1)[-1]
            return re.search(r"\btrace\s+\w+(\s+of\s+\w+)?\s*$", line) is not None
    return False


# ---- a network around a model -----------------------------------------------------------------------------------
def needed(model, without=()):
    """A value for each parameter that has no default."""
    return {p: "1" for p, default in model.params.items() if default is None and p not in without}


def arguments(given):
    return f"({', '.join(f'{name} = {value}' for name, value in given.items())})" if given else ""


def told(name, members):
    """A neuron that shows what a rule reads."""
    states = "".join(f"    state {m} = 0\n" for m in sorted(members))
    moves = " ; ".join(f"{m} += input" for m in sorted(members))
    return f"neuron {name}() {{\n{states}    step {{ {moves + ' ; ' if moves else ''}if input > 1 {{ spike }} }}\n}}\n"


def keeps(model):
    equations = set(re.findall(r"\b(\w+)'", model.body))
    arrays = set(re.findall(r"\bstate\s+(\w+)\s*\[", model.body))
    return sorted((model.states | equations) - arrays), sorted(re.findall(r"\btrace\s+(\w+)", model.body))


def neuron_network(m, n):
    ports = "".join(f"connect s -> t.{n(p)} as to_{k} {{ weight = uniform(0, 2) }}\n" for k, p in enumerate(m.ports))
    plain = "" if m.closed or "input" not in m.body else "connect s -> t as plain { weight = uniform(-1, 3) }\n"
    states, traces = keeps(m)
    records = "".join(f"record t.{n(s)}\n" for s in states + traces)
    given = {n(p): v for p, v in needed(m).items()}
    return (f"layer s : Poisson[6](rate = 100 Hz)\nlayer t : {n(m.name)}[5]{arguments(given)} "
            f"{{ trace seen {{ tau = 5 ms ; on spike add 1 }} }}\n{ports}{plain}"
            f"experiment {{ run 20 ms ; freeze ; reset ; run 5 ms }}\nrecord t.spikes\nrecord t.seen\n{records}")


def rule_network(m, n):
    given = {n(need): f"given{k}" for k, need in enumerate(m.needs)}
    fellow = m.learns_bool
    if fellow:
        given = {n(need): "weight" for need in m.needs}
    given.update({n(p): v for p, v in needed(m).items()})
    learn = f"learn {n(m.name)}{arguments(given) or '()'}"
    states, traces = keeps(m)
    value = "mask" if fellow else "delay" if "lag" in m.body else "weight"
    lines = {"mask": f"weight = uniform(0, 1) ; mask = true {{ {learn} }}",
             "delay": f"weight = 2 ; delay = 3 ms {{ range [1 ms, 5 ms] ; {learn} }}",
             "weight": f"weight = uniform(0, 2) {{ range [0, 3] ; {learn} reduce sum over batch }}"}[value]
    stored = [s for s in states if not re.search(rf"\bstate\s+{s}\s+of\s+network", m.body)]
    records = "".join(f"record c.{value}.{n(s)}\n" for s in stored + traces)
    return (told("Before", m.asks["pre"]) + told("Behind", m.asks["post"]) +
            ("" if fellow else "".join(f"signal given{k} = 0\n" for k in range(len(m.needs)))) +
            f"layer p : Poisson[6](rate = 100 Hz)\nlayer s : Before[6]\nlayer t : Behind[5]\n"
            f"connect p -> s as drive {{ weight = 1 }}\nconnect s -> t as c {{ {lines} }}\n"
            f"experiment {{ run 20 ms ; reset ; run 5 ms }}\nrecord c.{value}\n{records}")


def feature_network(m, n):
    first = next(iter(m.params))
    lines = " ; ".join(f"{n(p)} = file(\"{p}.npy\")" for p in m.tables)
    kind = re.search(rf"\b{first}\s*:\s*(\w+)", m.header)
    value = {"bool": "true", "time": "3 ms"}.get(kind[1] if kind else "", "0.5")
    states, traces = keeps(m)
    records = "".join(f"record c.{n(m.name)}.{n(s)}\n" for s in states + traces)
    last = re.search(rf"\b{first}\s+of\s+post", m.header)
    feature = f"{n(m.name)} = {value}" + (f" {{ {lines} }}" if lines else "")
    body = f"gain : weight = 2 ; {feature}" if last else f"{feature} ; gain : weight = 2"
    return (f"layer s : Poisson[6](rate = 100 Hz)\nlayer t : LIF[5]\nconnect s -> t as c {{ {body} }}\n"
            f"experiment {{ run 20 ms ; reset ; run 5 ms }}\nrecord t.spikes\nrecord c.{n(m.name)}\n{records}")


NETWORKS = {"neuron": neuron_network, "rule": rule_network, "feature": feature_network}


# ---- plans up to names --------------------------------------------------------------------------------------------
def numbered(plan):
    """Each name as the number of its first place, so that texts are equal if one renaming makes them so. Names without dots belong
    to their code. The key of a draw is the hash of its name, so it is one, too."""
    known, local, out = {}, {}, []
    for line in plan.splitlines():
        if re.match(r"(kernel|proc|func) ", line):
            local = {}

        def number(found):
            token = found[0]
            if token[0].isdigit():
                return token if len(token) < 14 else f"k{known.setdefault(token, len(known))}"
            if token[0] == '"':
                return f"t{known.setdefault(token, len(known))}"
            names = known if "." in token else local
            return f"{'n' if '.' in token else 'l'}{names.setdefault(token, len(names))}"
        out.append(re.sub(r'"[^"]*"|\d[\w.]*|[A-Za-z_][\w.]*', number, line))
    return out


def plan_of(snnc, folder, text):
    (folder / "net.snn").write_text(text)
    done = subprocess.run([snnc, "emit", "--plan", "net.snn"], cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    return (done.stdout, None) if done.returncode == 0 else (None, done.stderr + text)


def compare(snnc, folder, model, batch):
    new = {name: f"zq{k}_{name[::-1]}" for k, name in enumerate(sorted(declared(model)))}
    copy = renamed(model, model.text, new)
    first, why = plan_of(snnc, folder, f"batch = {batch}\n" + NETWORKS[model.kind](model, lambda name: name))
    if why:
        return why
    second, why = plan_of(snnc, folder, f"batch = {batch}\n{copy}\n" + NETWORKS[model.kind](model, lambda name: new[name]))
    if why:
        return why
    a, b = numbered(first), numbered(second)
    for k, (x, y) in enumerate(zip(a, b)):
        if x != y:
            return f"the plans differ in line {k + 1}:\n    {first.splitlines()[k]}\n    {second.splitlines()[k]}"
    return None if len(a) == len(b) else "one plan is longer"


# Else the test would compare anything with anything.
def tells_apart(snnc, folder):
    bodies = ["state v = 0 ; step { v += 1 }", "state v = 0 ; step { v += 2 }",
              "state v = 0 ; state u = 0 ; step { u += 1 ; v += u }", "state v = 0 ; state u = 0 ; step { u += 1 ; v += v }"]
    seen = []
    for body in bodies:
        text = f"neuron N() {{ {body} }}\nlayer a : N[2]\nexperiment {{ run 1 ms }}\nrecord a.v\n" + ("record a.u\n" if "u" in body else "")
        plan, why = plan_of(snnc, folder, text)
        if why:
            return why
        seen.append(numbered(plan))
    return None if all(a != b for k, a in enumerate(seen) for b in seen[:k]) else "other models give the same plan"


def read_models():
    for path in sorted((tool.ROOT / "lib").rglob("*.snn")):
        text = without_tests(re.sub(r"[ \t]*#.*", "", path.read_text(encoding="utf-8")))
        for model in library.models_in(text):
            begin = re.search(rf"^{model.kind} {model.name}\b", text, re.MULTILINE).start()
            brace = library.closing(text, text.index("(", begin)) if text[begin:].split("{")[0].count("(") else begin
            model.header = text[begin:brace]
            model.tables = [p.split("[")[0] for p in model.params if p.endswith("]")]
            model.params = {p.split("[")[0]: default for p, default in model.params.items()}
            model.text = text[begin:library.closing(text, text.index("{", brace))]
            yield model


def main():
    parser = argparse.ArgumentParser(description="Every model of the library under other names.")
    tool.add_snnc_option(parser)
    parser.add_argument("--filter", default="", metavar="TEXT")
    parser.add_argument("--verbose", action="store_true", help="print each renamed model")
    given = parser.parse_args()
    tool.need_snnc(parser, given)
    failed = count = 0
    with tempfile.TemporaryDirectory(prefix="snnc-renamed-") as folder:
        folder = Path(folder)
        npy.save(folder / "hidden.npy", npy.make((4, 10), "f4", [0.1 * (k % 7 - 3) for k in range(40)]))
        npy.save(folder / "output.npy", npy.make((4,), "f4", [0.5, -0.25, 0.75, 1]))
        if why := tells_apart(given.snnc, folder):
            sys.exit(why)
        for model in read_models():
            if given.filter not in model.name:
                continue
            if given.verbose:
                print(renamed(model, model.text, {name: f"zq_{name[::-1]}" for name in declared(model)}))
            for batch in (1, 3):
                why = compare(given.snnc, folder, model, batch)
                count += 1
                if why:
                    failed += 1
                    print(f"FAILED  {model.kind} {model.name}, batch {batch}: {why}")
                    break
    print(f"{count} plans compared, {failed} models failed")
    return 1 if failed or not count else 0


if __name__ == "__main__":
    sys.exit(main())
