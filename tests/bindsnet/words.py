"""words.py: numbers and lists as the language writes them."""
from math import prod


class NotYet(Exception):
    """The case asks for something that the library or this harness cannot express yet."""


def number(x):
    """The shortest decimal that reads back as the same double: 5, 0.05, 1e-05."""
    if isinstance(x, bool):
        return "true" if x else "false"
    if isinstance(x, (int, float)):
        if x in (float("inf"), float("-inf")):
            return "inf" if x > 0 else "-inf"
        return str(int(x)) if x == int(x) and abs(x) < 1e15 else repr(float(x))
    raise NotYet(f"a value of {x!r}")


def flat(x):
    return [y for row in x for y in flat(row)] if isinstance(x, list) else [x]


def extents(x):
    """The shape of nested lists, which must be of one length at each depth."""
    if not isinstance(x, list):
        return ()
    inner = {extents(y) for y in x}
    if len(inner) != 1:
        raise NotYet(f"lists of different lengths: {x!r}")
    return (len(x), *inner.pop())


def spread(values, have, want, what):
    """The values of an array of the shape `have`, repeated as NumPy would to fill the shape `want`."""
    if len(values) == prod(want):
        return values
    have = (1,) * (len(want) - len(have)) + tuple(have)
    if len(have) != len(want) or any(h not in (1, w) for h, w in zip(have, want)):
        raise NotYet(f"{what}: {len(values)} values for {prod(want)}")
    out = []
    for place in range(prod(want)):
        at, stride = 0, 1
        for h, w in zip(reversed(have), reversed(want)):
            place, index = divmod(place, w)
            at, stride = at + stride * (index if h > 1 else 0), stride * h
        out.append(values[at])
    return out


def value(x, unit, shape, what):
    """A scalar, or a list with one value per neuron, with its unit."""
    if isinstance(x, list):
        return "[" + ", ".join(number(v) + unit for v in spread(flat(x), extents(x), shape, what)) + "]"
    return number(x) + unit


def refuse_unknown(fields, known, where):
    """Fields that are not understood are fine only where they say nothing."""
    for key, x in fields.items():
        if key not in known and x not in (None, False, 0, [], {}):
            raise NotYet(f"`{key}` of {where}")


def is_scalar(x):
    return isinstance(x, (int, float)) and not isinstance(x, bool)
