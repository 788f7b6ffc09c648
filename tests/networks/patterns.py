"""patterns.py: patterns of connections drawn at random, each with shapes that fit it."""
from math import prod

from formulas import number

# Every pattern of the language; a connection without one is `dense`. What is behind a number has so many axes.
WINDOWS = [f"{kind}{axes}" for kind in ("conv", "local", "flat_local", "max_pool") for axes in (1, 2, 3)]
LISTED = ["sparse", "edges", "all_but_self"]
DRAWN = ["random", "fixed_indegree", "fixed_outdegree", "fixed_total"]
KINDS = ["dense", "one_to_one", *LISTED, *DRAWN, *WINDOWS, "mean_field"]
# What tells patterns apart for rules and features: where values live, and which pairs of neurons they join.
CLASSES = {"dense": ["dense"], "one_to_one": ["one_to_one"], "listed": LISTED, "drawn": DRAWN, "conv": [k for k in WINDOWS if k.startswith("conv")],
           "local": [k for k in WINDOWS if "local" in k], "pool": [k for k in WINDOWS if k.startswith("max_pool")], "mean": ["mean_field"]}
CLASS = {kind: name for name, kinds in CLASSES.items() for kind in kinds}
LEARNING = [name for name in CLASSES if name not in ("pool", "mean")]           # values of the others belong to no pair
# Options of patterns, by the start of their names.
OPTIONS = {"conv": ["stride", "padding", "dilation"], "max_pool": ["stride", "padding", "dilation"], "local": ["stride"], "flat_local": ["stride"],
           "random": ["autapses"], "fixed_": ["autapses", "multapses"], "mean_field": ["per_item"]}


def options_of(kind):
    return next((options for start, options in OPTIONS.items() if kind.startswith(start)), [])


class Pattern:
    """text: what stands behind `by`, or nothing; target: the shape it must have, or None; values: the shape of its values, or None
    where a file cannot say it; of_pair: a value belongs to one pair of neurons; known: also before the run."""
    def __init__(self, kind, text="", target=None, values=None):
        self.kind, self.text, self.target, self.values = kind, text, target, values
        self.group = CLASS[kind]
        self.options = set()
        self.of_pair = self.group not in ("conv", "pool", "mean")
        self.known = self.of_pair and kind not in (*DRAWN, "all_but_self")
        self.learns = self.group in LEARNING


def source_shape(rng, kind):
    """A shape of a source that the pattern can be laid over, or None: any."""
    if kind not in WINDOWS:
        return None
    axes = int(kind[-1])
    shape = [rng.randint(1, 2), *(rng.randint(2, {1: 9, 2: 5, 3: 3}[axes]) for _ in range(axes))]
    return shape


def windows(rng, kind, shape, wished):
    """A pattern of windows over [channels, extents …], or None where none fits."""
    pool, local, extents = kind.startswith("max_pool"), "local" in kind, shape[1:]
    axes = range(len(extents))
    kernel = [rng.randint(1, max(1, min(e, 3))) for e in extents]
    stride = [rng.randint(1, 2) for _ in axes]
    padding = [rng.randint(0, 1) if k > 1 and not local else 0 for k in kernel]
    dilation = [rng.choice([1, 1, 2]) if k > 1 and not local else 1 for k in kernel]
    one = rng.choice(axes)
    if wished in ("padding", "dilation"):
        kernel[one] = max(kernel[one], 2)
    for name, sizes, at_least in (("stride", stride, 2), ("padding", padding, 1), ("dilation", dilation, 2)):
        sizes[one] = at_least if name == wished else sizes[one]
    out = [(e - (d * (k - 1) + 1) + 2 * p) // s + 1 if e + 2 * p >= d * (k - 1) + 1 else 0 for e, k, s, p, d in zip(extents, kernel, stride, padding, dilation)]
    filters = shape[0] if pool else rng.randint(1, 3)
    if min(out) < 1 or not 2 <= prod(out) * filters <= 24:
        return None
    sizes = [("kernel", kernel, 0), ("stride", stride, 1)] + [("padding", padding, 0), ("dilation", dilation, 1)] * (not local)
    args = [f"{name} = {s[0] if len(set(s)) == 1 and rng.random() < 0.5 else s}" for name, s, usual in sizes if set(s) != {usual}]
    args += [f"decay = {number(rng, 0.05, 0.4)}"] if pool else [f"filters = {filters}"] if local or rng.random() < 0.3 else []
    args += [f"input = {extents}"] if kind.startswith("flat") else []
    targets, taps = filters * prod(out), prod(kernel)
    values = [targets] if pool else [shape[0], targets, taps] if local else [filters, shape[0], *kernel]
    pattern = Pattern(kind, f"{kind.removeprefix('flat_')[:-1]}({', '.join(args)})", [targets] if kind.startswith("flat") else [filters, *out], values)
    pattern.options = {name for name, s, usual in sizes[1:] if any(x > usual for x in s)}
    return pattern


def draw(rng, kind, shape, wished=None, itself=False):
    """A pattern of a kind over a source of this shape, or None where it does not fit. itself: the target is the source."""
    n = prod(shape)
    if kind in WINDOWS:
        return windows(rng, kind, shape, wished) if len(shape) == int(kind[-1]) + 1 else None
    if kind == "dense":
        return Pattern(kind)
    if kind == "one_to_one":
        return Pattern(kind, kind, list(shape), [n])
    if kind == "mean_field":
        alone = wished == "per_item" or rng.random() < 0.3
        pattern = Pattern(kind, kind + ("(per_item = true)" if alone else ""))
        pattern.options = {"per_item"} if alone else set()
        return pattern
    if kind in DRAWN:
        alone, once = itself and (wished == "autapses" or rng.random() < 0.5), kind != "random" and (wished == "multapses" or rng.random() < 0.5)
        size = f"p = {number(rng, 0.3, 0.9)}" if kind == "random" else str(rng.randint(1, 3 if not once else 1) if kind != "fixed_total" else rng.randint(2, 6 if not once else 2))
        pattern = Pattern(kind, f"{kind}({size}{', autapses = false' if alone else ''}{', multapses = false' if once else ''})")
        pattern.options = {name for name, given in (("autapses", alone), ("multapses", once)) if given}
        return pattern
    return Pattern(kind, kind)                       # from a file, or all but self
