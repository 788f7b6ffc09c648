"""words.py: numbers and lists as the language writes them."""


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


def value(x, unit, n, what):
    """A scalar, or a list with one value per neuron, with its unit."""
    if isinstance(x, list):
        values = flat(x)
        if len(values) != n:
            raise NotYet(f"{what}: {len(values)} values for {n} neurons")
        return "[" + ", ".join(number(v) + unit for v in values) + "]"
    return number(x) + unit


def refuse_unknown(fields, known, where):
    """Fields that are not understood are fine only where they say nothing."""
    for key, x in fields.items():
        if key not in known and x not in (None, False, 0, [], {}):
            raise NotYet(f"`{key}` of {where}")


def is_scalar(x):
    return isinstance(x, (int, float)) and not isinstance(x, bool)
