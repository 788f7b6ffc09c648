"""compare.py: the results of a program beside the expected arrays, as the golden data asks.

Spikes and candidates are exact; floats are near if |a - b| <= atol + rtol |b|.
"""
from math import prod

import npy
from case import RTOL


def place(index, shape):
    """The index of a flat position: [12, 0, 3]."""
    out = []
    for extent in reversed(shape):
        index, at = divmod(index, extent)
        out.append(at)
    return out[::-1]


def spread(events, shape):
    """Spikes (t, b, i) as flags of the shape [steps, batch, ...neurons]; None and a text if one is outside."""
    steps, batch, neurons = shape[0], shape[1], prod(shape[2:])
    flags = bytearray(steps * batch * neurons)
    order = [events.fields.index(name) for name in ("t", "b", "i")]
    for row in events.rows:
        t, b, i = (row[at] for at in order)
        if not (0 <= t < steps and 0 <= b < batch and 0 <= i < neurons):
            return None, f"a spike at step {t}, item {b}, neuron {i}: outside {list(shape)}"
        flags[(t * batch + b) * neurons + i] = 1
    return flags, None


def difference(got, want, shape, atol):
    """None if all values agree, else a sentence with their number and the worst of them."""
    if len(got) != len(want):
        return f"{len(got)} values instead of {len(want)}"
    if atol is None:
        wrong = [k for k in range(len(want)) if got[k] != want[k]]
        if not wrong:
            return None
        at = wrong[0]
        return f"{len(wrong)} of {len(want)} differ, first at {place(at, shape)}: {got[at]} instead of {want[at]}"
    count, worst, where = 0, -1.0, 0
    for k, b in enumerate(want):
        a = got[k]
        if a == b:
            continue
        off = abs(a - b)
        if not off <= atol + RTOL * abs(b):          # also where one is not a number
            if a != a and b != b:
                continue
            count += 1
            if not off <= worst:
                worst, where = off if off == off else float("inf"), k
    if not count:
        return None
    return (f"{count} of {len(want)} differ, worst at {place(where, shape)}: "
            f"{got[where]:.9g} instead of {want[where]:.9g}")


def check_one(check, want, path):
    """None, or what is wrong with one result file."""
    try:
        got = npy.load(path)
    except FileNotFoundError:
        return f"{check.key}: no file {path.name}"
    except ValueError as error:
        return f"{check.key}: {error}"
    if check.events:
        if not isinstance(got, npy.Events):
            return f"{check.key}: {path.name} has no events"
        data, why = spread(got, want.shape)
    elif isinstance(got, npy.Events):
        return f"{check.key}: {path.name} has events"
    else:
        data, why = got.data, None
        if prod(got.shape) != prod(want.shape):
            why = f"shape {list(got.shape)} instead of {list(want.shape)}"
    why = why or difference(data, want.data, want.shape, check.atol)
    return f"{check.key}: {why}" if why else None


def check_all(program, folder):
    """What is wrong with a folder of results, one sentence per array."""
    complaints = (check_one(check, program.expected[check.key], folder / check.file) for check in program.checks)
    return [complaint for complaint in complaints if complaint]
