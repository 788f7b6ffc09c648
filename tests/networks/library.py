"""library.py: which neurons, features and rules the library offers, read from its text, so that new ones are drawn too."""
import re
from pathlib import Path


class Model:
    """A model of the library: its parameters with their defaults as text, its states, and what it asks of others."""
    def __init__(self, kind, name, params, body):
        self.kind, self.name, self.body = kind, name, body
        self.params, self.of_post = dict(params), False
        self.states = set(re.findall(r"\bstate (\w+)", body))
        self.ports = re.findall(r"\breceive\s+(\w+)", body)
        self.closed = bool(self.ports) and not re.search(r"\breceive\s*\{", body)       # takes input at its ports alone
        learned = re.search(r"\blearns\s+(\w+)(\s*:\s*bool)?", body)
        self.learns_bool = bool(learned and learned[2])
        self.learns_time = bool(learned and re.search(rf"\b{learned[1]} = [\d.]+ ms\b", body))             # its tests say so
        self.asks_bounds = bool(learned and re.search(rf"\b{learned[1]}\.(low|high)\b", body))
        self.needs = re.findall(r"\bneeds\s+(\w+)", body)
        self.asks = {side: set(re.findall(rf"(?<![\w.]){side}\.(\w+)", body)) - {"spike"} for side in ("pre", "post")}

    def __repr__(self):
        return self.name


def split(text, at=","):
    """The parts of a text between commas that are in no brackets."""
    parts, depth, start = [], 0, 0
    for k, c in enumerate(text):
        depth += (c in "([{") - (c in ")]}")
        if c == at and depth == 0:
            parts.append(text[start:k])
            start = k + 1
    return [part.strip() for part in [*parts, text[start:]] if part.strip()]


def closing(text, start):
    """Behind the bracket that closes the one at `start`."""
    depth = 0
    for k in range(start, len(text)):
        depth += (text[k] in "([{") - (text[k] in ")]}")
        if depth == 0:
            return k + 1
    return len(text)


def parameters(text):
    for part in split(text):
        name, _, default = part.partition("=")
        name = name.strip()
        if default or not name.endswith("]"):
            yield re.split(r"\s*:\s*|\s+of\s+", name)[0], default.strip() or None
        else:
            yield name, None                         # a table


def models_in(text):
    text = re.sub(r"#.*", "", text)
    for found in re.finditer(r"^(neuron|feature|rule)\s+(\w+)\s*", text, re.MULTILINE):
        at, params = found.end(), ""
        if text[at:at + 1] == "(":
            end = closing(text, at)
            params, at = text[at + 1:end - 1], text.index("{", end)
        else:
            at = text.index("{", at)
        model = Model(found[1], found[2], parameters(params), text[at:closing(text, at)])
        model.of_post = bool(re.match(r"\s*\w+ of post", params))          # a feature with a value for each target
        yield model


def read(folder):
    """{kind: {name: Model}}"""
    out = {"neuron": {}, "feature": {}, "rule": {}}
    for path in sorted(Path(folder).rglob("*.snn")):
        for model in models_in(path.read_text(encoding="utf-8")):
            out[model.kind][model.name] = model
    return out
