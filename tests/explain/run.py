#!/usr/bin/env python3
"""run.py: what `snnc explain` says of a program, and that it is all there.

    tests/explain/run.py --snnc PATH

Tables of the text are read as rows of cells; the Markdown has the same rows.
"""
import argparse
import re
import subprocess
import sys
import tempfile
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tools"))

import tool                                          # noqa: E402

OWN = """
neuron Own(tau = 20 ms, rest = -65 mV) {
    state v = rest
    state unread = 0
    v' = (rest - v + input) / tau
    step { unread += 1 }
    spike when v > -50 mV { v = rest } refractory 2 ms hold v
}
neuron Bent(tau = 20 ms) { state v = 0.1 ; v' = (v * v - v + input) / tau ; spike when v > 1 { v = 0 } }
layer a : Poisson[%(n)d](rate = 50 Hz)
layer b : Own[%(m)d] { trace y { tau = 20 ms ; on spike add 1 } }
layer c : Bent[3]
signal reward = 0.1
signal slow = r { r' = -r / 100 ms ; on b.spikes { r += 0.01 } }
signal felt of b = 0.1
connect a -> b as syn { weight = uniform(0, 1 mV) { range [0, 1 mV] ; learn %(rule)s } }
connect b -> c
experiment { run 100 ms }
record b.spikes
record reward
record slow
record felt
record c.v
"""
BLOCKS = """
neuron Leaky { state g = 0.1 ; state v = 0 ; v' = (1 - v + g * (3 - v)) / (20 ms) ; g' = -g / 5 ms ; spike when v > 1 { v = 0 } }
layer near : Leaky[600]
experiment { run 100 ms }
record near.spikes
"""
SWEEP = """
param tau = 10 ms ; param n = 20
sweep tau in [10 ms, 20 ms], n in [20, 30]
layer a : Poisson[n](rate = 50 Hz)
layer b : LIF[10](tau = tau)
connect a -> b { weight = 3 }
experiment { run 100 ms }
record b.spikes
"""


class Page:
    def __init__(self, snnc, text, markdown=False):
        with tempfile.TemporaryDirectory(prefix="snnc-explain-") as folder:
            path = Path(folder) / "net.snn"
            path.write_text(text)
            done = subprocess.run([snnc, "explain", str(path)] + ["--markdown"] * markdown, capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stderr
        self.text = done.stdout
        self.parts, title = {}, ""
        for line in self.text.splitlines():
            head = re.fullmatch(r"## (.*)" if markdown else r"(\S.*[^.])", line)
            title = head.group(1) if head else title
            self.parts.setdefault(title, []).append(line)
        self.markdown = markdown

    def part(self, title):
        return "\n".join(self.parts[title])

    def table(self, title):
        rows = []
        for line in self.parts[title]:
            if self.markdown and line.startswith("|") and not line.startswith("|---"):
                rows.append([c.strip() for c in re.split(r"(?<!\\)\|", line)[1:-1]])
            elif not self.markdown and line.startswith("    "):
                rows.append([c.strip() for c in re.split(r" {2,}", line.strip())])
        return rows


FAILED = []


def expect(what, ok, page=None):
    if not ok:
        FAILED.append(what)
        print(f"failed  {what}\n{page or ''}")


def check_models(snnc):
    p = Page(snnc, OWN % {"n": 30, "m": 20, "rule": "PostPre()"})
    b, c = p.part("Layer b"), p.part("Layer c")
    expect("the equation as it was said", "v' = (-65 - v + input) / 20, held unless free" in b, b)
    expect("an integrator and its reason", "v: by `exact`, linear" in b and "y: by `exact`" in b, b)
    expect("another integrator and its reason", re.search(r"v: by `rk\d`|v: by `\w+`, not linear|v: by `(?!exact)\w+`, \w+", c) is not None, c)
    expect("the final code", "v += (-65 - v + input) * 0.048770577" in b, b)
    expect("equations of signals", "r' = -r / 100" in p.part("Signal slow"), p.part("Signal slow"))
    expect("the order of a step", re.search(r"A: .*\n +b.collect\n +c.collect\n +B: .*b.update.*C: learn\n +syn.weight.learn",
                                            p.part("A step, in order"), re.S), p.part("A step, in order"))
    states = {(r[0], r[1]): r[2:] for r in p.table("Where states live")[1:]}
    expect("a state and its bytes", states[("b", "state v")] == ["b.v", "batch 1, neuron 20", "80 B"], states)
    expect("a trace and its bytes", states[("b", "trace y")][0].startswith("b.y") or states[("b", "trace y")][0].startswith("none"), states)
    expect("a state that is not kept", states[("b", "state unread")][0].startswith("none: "), states)
    expect("a weight and its bytes", states[("syn.weight", "its value")] == ["syn.weight", "pre 30, post 20", "2.3 KiB"], states)
    loops = p.table("Loops of a step")
    reasons = p.table("Why they have this form")
    expect("a reason for each loop", len([r for r in loops if len(r) > 5]) == len(reasons) and all(r[3] for r in reasons), reasons)
    update = next(r for r in loops if r[0] == "b.update")
    expect("a dense loop with its cost and layout", update[2].startswith("dense") and "flops" in update[5] and "neuron 20]" in update[6], update)
    learn = [r for r in reasons if r[0] == "syn.weight.learn"]
    expect("a loop over events", learn and learn[0][2] == "event" and "`a.spiking_count`" in learn[0][3] and "`learning[]" in learn[0][3], learn)


FORMS = """
layer a : Poisson[30](rate = 50 Hz)
layer b : LIF[20]
connect a -> b as one { weight = 0.5 }
connect a -> b as two { weight = 0 if i == j else 0.5 }
connect a -> b as product { weight = 0.5 * (1 + sin(i)) * exp(-j / 9) }
connect a -> b as apart { weight = 0.5 * exp(-abs(i - j) / 9) }
connect a -> b as masked { weight = 0 if i == j else 0.5 * sin(i + 1) * sin(j + 1) }
connect a -> b as dear { weight = 0.5 * exp(-sin(i) * sin(j)) }
connect a -> b as seen { weight = 0.5 * (1 + sin(i)) * exp(-j / 9) }
connect a -> b as short { weight = 0.5 * (1 + sin(i)) * exp(-j / 9) { stored bf16 } }
connect a -> b as drawn { weight = uniform(0, 0.5) }
connect a -> b as learns { weight = 0.5 * (1 + sin(i)) * exp(-j / 9) { learn Hebbian() } }
experiment { run 100 ms ; save seen.weight to "w.npy" }
"""


def check_forms(snnc):
    page = Page(snnc, FORMS)
    states = {r[0]: r[2:] for r in page.table("Where states live")[1:] if r[1] == "its value"}
    expect("one number", states["one.weight"][0] == "none: one number, in the code", states)
    expect("a diagonal", states["two.weight"][0].startswith("none: one number where i == j and another elsewhere"), states)
    expect("a product", states["product.weight"] == ["not stored, follows from product.weight.pre, product.weight.post", "pre 30; post 20", "200 B"], states)
    expect("distances", states["apart.weight"] == ["not stored, follows from apart.weight.apart", "item 49", "196 B"], states)
    expect("a mask", states["masked.weight"][0].endswith("masked.weight.pre, masked.weight.post, masked.weight.apart"), states)
    kept = [name for name, row in states.items() if row[0] == name]
    expect("what is stored", sorted(kept) == [f"{c}.weight" for c in ("dear", "drawn", "learns", "seen", "short")], states)
    arrays = [r[0] for r in page.table("All arrays")[1:]]
    expect("the matrices are gone", all(f"{c}.weight" in kept or f"{c}.weight" not in arrays for c in ("product", "apart", "masked")), arrays)
    why = {r[0].removesuffix(".init"): r[3] for r in page.table("What the passes did")[1:] if r[1] == "structure" and r[2] == "no"}
    expect("a reason for each that has an expression", {"dear.weight", "seen.weight", "short.weight"} <= why.keys() and "learns.weight" not in why, why)
    expect("good reasons", "`exp_f32`" in why["dear.weight"] and "saved" in why["seen.weight"] and "bf16" in why["short.weight"], why)


def passes(page):
    return {(r[1], r[2]): r for r in page.table("What the passes did")[1:]}


def check_passes(snnc):
    large = {"n": 1000, "m": 600}
    page = Page(snnc, OWN % {**large, "rule": "PostPre()"})
    forms = {r[0]: r[2] for r in page.table("Why they have this form")}
    expect("lazy: post spikes", ("lazy", "yes") in passes(page) and forms["syn.weight.learn.rows"] == "lazy", page.text)
    whole = {r[2] for r in page.table("Why they have this form") if r[0] == "syn.weight.learn"}      # events, and sums that were carried in vain
    expect("the kernel as it was is not lazy", whole == {"event", "dense"}, forms)
    page = Page(snnc, OWN % {**large, "rule": "MSTDPET(reward = reward)"})
    reasons = {r[0]: r for r in page.table("Why they have this form")}
    expect("lazy: three factors", ("drift", "yes") in passes(page) and reasons["syn.weight.learn.rows"][2] == "lazy" and
           "`drift`" in reasons["syn.weight.learn.rows"][3], page.text)
    expect("what runs once in a while is not counted in each step", re.search(r"Dense loops: [\d ]{1,7} flops", page.text), page.text)
    looks = "record b.spikes\nrecord syn.weight every %d ms"
    page = Page(snnc, (OWN % {**large, "rule": "MSTDPET(reward = reward)"}).replace("record b.spikes", looks % 100))
    expect("drift: who looks now and then may", ("drift", "yes") in passes(page), page.text)
    page = Page(snnc, (OWN % {**large, "rule": "MSTDPET(reward = reward)"}).replace("record b.spikes", looks % 4))
    expect("drift: who looks often may not", "more often than every 8 steps" in passes(page).get(("drift", "no"), [""] * 4)[3], page.text)
    page = Page(snnc, BLOCKS)
    turns = {r[1] for r in page.table("Loops of a step") if r[0] == "near.update"}
    expect("loops in blocks go over the range", turns == {"4 x 144", "up to 600"}, page.text)
    expect("the short form is the least that is done", ("near", "yes") in passes(page) and ", 0 divisions" in page.text, page.text)
    page = Page(snnc, OWN % {"n": 30, "m": 20, "rule": "MSTDPET(reward = reward)"})
    why = passes(page).get(("drift", "no"), [""] * 4)[3]
    expect("drift: too small, and says so", "stay in a cache" in why, page.text)
    page = Page(snnc, OWN % {"n": 30, "m": 20, "rule": "PostPre()"})
    why = passes(page).get(("lazy", "no"), [""] * 4)[3]
    expect("lazy: too small, and says so", "stay in a cache" in why, page.text)
    page = Page(snnc, OWN % {**large, "rule": "MSTDPET(reward = slow)"})
    expect("drift: a reward that is worked out", ("drift", "yes") in passes(page), page.text)
    page = Page(snnc, OWN % {**large, "rule": "MSTDPET(reward = felt)"})
    why = passes(page).get(("drift", "no"), [""] * 4)[3]
    expect("drift: refused, and says why", "`syn.weight` moves in each step: " in why, page.text)


def check_sweep(snnc):
    p = Page(snnc, SWEEP)
    part = p.part("Lanes of the sweep")
    expect("lanes of one program", "Program 0: 2 lanes, 1 number loaded, by `b.update`." in part, part)
    expect("why others have their own", "Program 1: 2 lanes" in part and "neuron 30" in part, part)
    rows = p.table("Lanes of the sweep")
    expect("what each loads", ["2", "tau = 20 ms, n = 20", "0", "0.951229453"] in rows, rows)


def check_markdown(snnc):
    for text in (OWN % {"n": 30, "m": 20, "rule": "PostPre()"}, SWEEP):
        plain, marked = Page(snnc, text), Page(snnc, text, markdown=True)
        titles = [t for t in plain.parts if t in marked.parts]
        expect("the same parts", len(marked.parts) >= len(plain.parts) - 2, (plain.parts.keys(), marked.parts.keys()))
        for title in ("Where states live", "Loops of a step", "Why they have this form"):
            expect(f"the same rows: {title}", title in titles and len([r for r in plain.table(title) if len(r) > 2]) == len(marked.table(title)),
                   marked.part(title))
            expect(f"as many cells in each row: {title}", len({len(r) for r in marked.table(title)}) == 1, marked.part(title))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    tool.add_snnc_option(parser)
    options = parser.parse_args()
    tool.need_snnc(parser, options)
    for check in (check_models, check_forms, check_passes, check_sweep, check_markdown):
        check(options.snnc)
    print(f"{len(FAILED)} failed")
    return 1 if FAILED else 0


if __name__ == "__main__":
    sys.exit(main())
