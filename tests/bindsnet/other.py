"""other.py: cases that are no simulations: encoders, and readouts of given spikes.

An encoder is a source of the library that is shown the datum. What BindsNET drew, the intervals of its Poisson
encoder, is fed to the steps in which the source draws: the first one at the start, the next with each spike.

Readouts: an Input layer plays the given spikes, sample by sample, twice: first labels are assigned, then predicted.
"""
from math import prod

import npy
from case import ATOL, Check, Program
from words import NotYet, number, refuse_unknown

COMMON = {"case", "about", "given", "expected", "kind", "dt"}


def load(folder, name):
    return npy.load(folder / (name + ".npy"))


def only(case, known, given, expected):
    refuse_unknown(case, COMMON | set(known), "the case")
    for key, names in (("given", given), ("expected", expected)):
        if not set(case[key]) <= set(names):
            raise NotYet(f"the arrays {sorted(set(case[key]) - set(names))}")


# ---- encoders ------------------------------------------------------------------------------------------

def whole_values(a):
    return npy.make(a.shape, "u1", (int(x) for x in a.data)) if set(a.data) <= {0, 1} else None


def drawn_intervals(intervals, steps, n):
    """The rows that the sites `first` and `next` read: what is drawn in the step of each spike."""
    first, following = [0] * (steps * n), [0] * (steps * n)
    draws = len(intervals.data) // n
    for i in range(n):
        first[i] = intervals.data[i]
        at = max(int(intervals.data[i]), 1)
        for k in range(1, draws):
            if at > steps:
                break
            following[(at - 1) * n + i] = intervals.data[k * n + i]
            at += max(int(intervals.data[k * n + i]), 1)
    return [npy.make((steps, 1, n), "f4", values) for values in (first, following)]


def write_encoding(folder, case):
    function = case.get("function")
    if function is None or "time" not in case:
        raise NotYet("an encoder without a name or a time")
    only(case, ["function", "time", "sparsity"], ["datum", "intervals"], ["out"])
    datum, out = load(folder, "datum"), load(folder, "out")
    steps, shape = out.shape[0], ", ".join(map(str, datum.shape))
    files = {"datum.npy": npy.make((1, *datum.shape), "f4", datum.data)}
    arguments, lines, block, exact = "", [], [], whole_values(out)
    if function == "poisson":
        if "intervals" not in case["given"]:
            raise NotYet("a Poisson encoder without the intervals that were drawn")
        model = "PoissonIntervals"
        files["first.npy"], files["next.npy"] = drawn_intervals(load(folder, "intervals"), steps, prod(datum.shape))
        lines = ['draws cells.first from "first.npy"', 'draws cells.next from "next.npy"']
        block = ["cells.rate = datum * 1 Hz"]
    elif function == "single":
        model, block = "Single", [f"cells.on = datum > quantile(datum, {number(1 - case['sparsity'])})"]
    elif function == "rank_order":
        model, arguments = "RankOrder", f"(last = {steps})"
        block = ["let turn = 0 if datum == 0 else 1 / (datum / max(datum))",
                 f"cells.order = ceil(turn * ({steps} / max(turn)))"]
    elif function == "repeat":
        model, block, exact = "Repeat", ["cells.value = datum"], None
    else:
        raise NotYet(f"the encoder {function}")
    lines = [f"dt = {number(case.get('dt', 1))} ms", 'data given = npy("datum.npy")',
             f"layer cells : {model}[{shape}]{arguments}", *lines, "experiment {", "    for datum in given {",
             *("        " + line for line in block), f"        run {number(case['time'])} ms", "    }", "}",
             "record cells.spikes"]
    expected = {"out": npy.make((steps, 1, *out.shape[1:]), out.dtype, out.data)}
    return Program("\n".join(lines) + "\n", files, [Check("out", "cells.spikes.npy", exact is not None, None)],
                   expected)


# ---- readouts -----------------------------------------------------------------------------------------------

READOUTS = {"all_activity": "all_activity", "proportion_weighting": "proportion", "ngram": "ngram"}
STATES = {"assignments": "labels", "proportions": "label_proportions", "rates": "label_rates"}


def write_evaluation(folder, case):
    only(case, ["n_labels", "alpha", "ngram_n"], ["spikes", "labels", "old_rates"], [*READOUTS, *STATES])
    spikes, labels = load(folder, "spikes"), load(folder, "labels")
    samples, steps, n = spikes.shape
    if not set(spikes.data) <= {0, 1}:
        raise NotYet("spikes that are counts")
    files = {
        "spikes.npy": npy.make((2 * samples * steps, 1, n), "u1", [int(x) for x in spikes.data] * 2),
        # one more, so that the data have all labels
        "labels.npy": npy.make((samples + 1,), "i8", [*labels.data, case["n_labels"] - 1]),
    }
    start = ""
    if "old_rates" in case["given"]:
        old = load(folder, "old_rates")
        files["old_rates.npy"] = npy.make(old.shape, "f4", old.data)
        start = ' from "old_rates.npy"'
    asked = [key for key in READOUTS if key in case["expected"]]
    names = [f"ngram({case['ngram_n']})" if key == "ngram" else READOUTS[key] for key in asked] or ["all_activity"]
    vote = "vote cells for label by " + ", ".join(names)
    learned = f" every {samples} keep {number(case.get('alpha', 1))}" + start
    lines = ["dt = 1 ms", 'data trials = npy("labels.npy")',
             f"layer cells : Input[{n}] {{ input file(\"spikes.npy\") }}", "experiment {"]
    for phase, more in (("assigning", learned), ("predicting", "")):
        lines += [f"    for label in trials[0 ..< {samples}] as {phase} {{", f"        run {steps} ms",
                  f"        {vote}{more}", "        reset", "    }"]
    checks, expected = [], {}
    for key, state in STATES.items():
        if key in case["expected"]:
            lines.append(f'    save cells.{state} to "{key}.npy"')
            expected[key] = load(folder, key)
            checks.append(Check(key, key + ".npy", False, None if key == "assignments" else ATOL))
    lines += ["}", "record cells.votes during predicting"]
    rows = [labels.data] + [load(folder, key).data for key in asked]
    expected["votes"] = npy.make((samples, 1, len(rows)), "i8", [int(row[k]) for k in range(samples) for row in rows])
    checks.append(Check("votes", "cells.votes.npy", False, None))
    return Program("\n".join(lines) + "\n", files, checks, expected)


KINDS = {"encoding": write_encoding, "evaluation": write_evaluation}
