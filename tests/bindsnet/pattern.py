"""pattern.py: connections of golden cases that are no plain matrices, as `by …` (section 4 of the semantics).

* Convolutions and local connections of one to three dimensions keep their weights; a kernel plane (or row) is
  normalised by its signed sum (4.4, 4.7). The bias of a convolution is one number per output channel.
* LocalConnection comes as a matrix whose non-zero entries are the wiring (4.6): it is `by sparse` of that
  matrix, and only those entries are compared, after a look that all others stay zero. Its norm counts taps.
* MeanFieldConnection ignores its weight decay (Q28) and takes the mean over the batch as well (Q27).
"""
from collections import namedtuple
from math import prod

import npy

# What a connection is made of: the text behind `by`, options of the norm, fields of case.json that are understood.
Pattern = namedtuple("Pattern", "by norm known")

WINDOW = {"kernel_size": "kernel", "stride": "stride", "padding": "padding", "dilation": "dilation"}
DIMENSIONS = {"1d": 1, "2d": 2, "3d": 3}


def sizes(x):
    return "[" + ", ".join(str(int(v)) for v in x) + "]" if isinstance(x, list) else str(int(x))


def window(word, c, more=()):
    args = [f"{ours} = {sizes(c[field])}" for field, ours in WINDOW.items() if c.get(field) is not None]
    return f"{word}({', '.join(args + list(more))})"


def kernel_family(name):
    """"Conv2dConnection" -> ("conv", 2); (None, 0) for anything else."""
    lower = name.lower()
    for prefix, word in (("conv", "conv"), ("localconnection", "local"), ("maxpool", "max_pool"), ("maxpoo", "max_pool")):
        for text, rank in DIMENSIONS.items():
            if lower in (prefix + text + "connection", prefix + text):
                return word, rank
    return None, 0


def pattern_of(c):
    """The Pattern of a connection; None if its type is not one of these."""
    word, rank = kernel_family(c["type"])
    if word == "conv":
        return Pattern(window("conv", c), "per kernel each run of signed sum", set(WINDOW))
    if word == "local":
        more = [f"filters = {c['n_filters']}"] if "n_filters" in c else []
        return Pattern(window("local", c, more), "per kernel each run of signed sum", {*WINDOW, "n_filters"})
    if word == "max_pool":
        return Pattern(window("max_pool", c, [f"decay = {c['decay']!r}"]), None, {*WINDOW, "decay"})
    if c["type"] == "MeanFieldConnection":
        return Pattern("mean_field", "per connection each run of signed sum", {"weight_decay"})
    if c["type"] == "LocalConnection":
        return Pattern(f'sparse("{c["w"]}.npy")', "per post each run of signed sum",
                       {"kernel_size", "stride", "n_filters", "input_shape"})
    if c["type"] == "SparseConnection":
        return Pattern(f'sparse("{c["w"]}.npy")', "per post each run", set())
    return None


def taps_of(c):
    """By how much LocalConnection multiplies its norm (4.6)."""
    if c["type"] != "LocalConnection":
        return 1
    kernel = c["kernel_size"]
    return prod(kernel if isinstance(kernel, list) else [kernel, kernel])


def gathered(array, dense, states=False):
    """The entries of `array` [..., sources, targets] where `dense` is not zero; None if another one is not zero,
    which states of rules may be."""
    size = len(dense.data)
    at = [k for k in range(size) if dense.data[k]]
    absent = [k for k in range(size) if not dense.data[k]]
    turns = len(array.data) // size
    if not states and any(array.data[turn * size + k] for turn in range(turns) for k in absent):
        return None
    values = [array.data[turn * size + k] for turn in range(turns) for k in at]
    return npy.make([*array.shape[:-2], len(at)], "f4", values)
