"""cover.py: what random networks are drawn over, which of it each network is made for, and tables of what was compared.

A network marks what it has by keys (table, row, column); `wanted` says which there must be. Rules count only where the value that
they learn did change.
"""
import collections
from math import lcm

import patterns

NEVER = {("rule", "Rewiring", "conv"): "a kernel that is true or false belongs to many pairs"}
MODELS = ["own neuron", "own equations", "own feature", "own rule", "signal that follows"]
REDUCTIONS = ["mean", "sum", "max"]
NORMS = [f"per {per} each {each}{signed}" for per in ("post", "kernel", "connection") for each in ("run", "step") for signed in ("", " of signed sum")]
SIGNS = ["keep sign", "keep sign per pre", "keep sign positive", "keep sign negative"]
STORED = ["bf16", "f16"]
OTHER = [*(f"stored {form}" for form in STORED), *(f"reduce {how}" for how in REDUCTIONS), "average", "average each step", *(f"norm {norm}" for norm in NORMS), *SIGNS, "decay", "range", "range of each",
         "shared value", "port", "spikes with a value", "batch", "delay of each", "delay that learns", "layer by layer", "clamp", "silence", "inject", "zero",
         "reset", "freeze", "signal of item", "value from a file", "value by a formula", "value by vectors", "one rate of each"]

Wish = collections.namedtuple("Wish", "kind option rule feature learns neuron")


def rules_of(library):
    return sorted(name for name in library["rule"] if name != "NoOp")


def wish(library, n):
    """What network n is made for: within 300 come all classes of patterns with all rules and all features, within 3000 those of all
    rules on all features."""
    rules, features = rules_of(library), sorted(library["feature"])
    groups = list(patterns.CLASSES)
    turn = n // len(groups)
    kinds = patterns.CLASSES[groups[n % len(groups)]]
    kind = kinds[turn % len(kinds)]
    options = patterns.options_of(kind)
    option = options[turn // len(kinds) % len(options)] if options else None
    pair = turn + n % len(groups) * (len(rules) * len(features) // len(groups))          # each group begins elsewhere among all pairs
    feature = features[(pair + pair // lcm(len(rules), len(features))) % len(features)]
    neurons = sorted(library["neuron"])
    return Wish(kind, option, rules[pair % len(rules)], feature, "feature" if n % 4 else "weight", neurons[n % len(neurons)])


def wanted(library):
    """All keys, in the order of the tables."""
    keys = [(kind, name, "") for kind in ("neuron", "feature", "rule") for name in sorted(library[kind])]
    keys += [("model", name, "") for name in MODELS]
    keys += [("pattern", kind, option) for kind in patterns.KINDS for option in ("", *patterns.options_of(kind))]
    keys += [("feature by pattern", name, group) for name in sorted(library["feature"]) for group in patterns.CLASSES]
    keys += [("rule by pattern", name, group) for name in rules_of(library) for group in patterns.LEARNING if ("rule", name, group) not in NEVER]
    return keys + [("other", name, "") for name in OTHER]


def by_feature(library):
    """Rules on features: more pairs than a few hundred networks have."""
    time = {name for name, rule in library["rule"].items() if rule.learns_time}
    keys = []
    for rule in rules_of(library):
        for feature in sorted(library["feature"]):
            if library["rule"][rule].learns_bool == (feature == "mask") and (rule not in time or feature == "delay"):
                keys.append(("rule by feature", rule, feature))
    return keys


def show(keys, counts):
    """The tables as text, in how many networks each was."""
    tables = {}
    for table, row, column in keys:
        tables.setdefault(table, {}).setdefault(row, []).append(column)
    for table, rows in tables.items():
        columns = list(dict.fromkeys(c for row in rows.values() for c in row))
        print(f"\n{table}")
        if columns == [""]:
            print("    " + ", ".join(f"{row} {counts[table, row, '']}" for row in rows))
            continue
        wide = max(map(len, rows)) + 2
        print(" " * wide + " ".join(f"{c or 'all':>{max(len(c), 6)}}" for c in columns))
        for row, has in rows.items():
            print(f"{row:{wide}}" + " ".join(f"{counts[table, row, c] if c in has else '':>{max(len(c), 6)}}" for c in columns))
